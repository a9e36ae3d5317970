"""The demo's servers know every title that the demo's library has."""

import pytest

from revenge.app.demo.titles import Titles
from revenge.content.library.demo import catalogue

TITLES = Titles()
FILMS = [value for value in vars(catalogue).values() if isinstance(value, catalogue.Film)]


@pytest.mark.parametrize("film", [*FILMS, *catalogue.CLASSICS, *catalogue.INVENTED], ids=lambda film: film.title)
def test_each_film_is_found_by_its_name_and_year(film: catalogue.Film) -> None:
    found = list(TITLES.find(list(TITLES.movies.values()), film.file_title, film.year))
    assert found
    assert (found[0].title, found[0].year) == (film.title, film.year)


@pytest.mark.parametrize("show", catalogue.SHOWS, ids=lambda show: show.title)
def test_each_show_has_its_seasons(show: catalogue.Show) -> None:
    (found,) = (series for series in TITLES.series.values() if series.title == show.title)
    assert tuple(len(found.seasons[number]) for number in range(1, len(show.episodes) + 1)) == show.episodes


def test_ids_are_each_one_s_own() -> None:
    titles = [*TITLES.movies.values(), *TITLES.series.values()]
    assert len({title.imdb_id for title in titles}) == len(titles)
    episodes = [one.id for series in TITLES.series.values() for season in series.seasons.values() for one in season]
    assert len(set(episodes)) == len(episodes)
