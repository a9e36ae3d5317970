"""TMDb's answers as ours, odd ones too."""

from typing import Any

import pytest

from revenge.content.metadata.models import CreditType, ImageType
from revenge.content.metadata.providers import tmdb_mapping as mapping
from revenge.content.metadata.providers import tmdb_shapes as shapes

BARE: dict[str, Any] = {"id": 1, "title": "X"}


def movie(**changes: Any) -> Any:
    return mapping.movie(shapes.Movie.model_validate({**BARE, **changes}), ["de", "fr"])


def test_what_tmdb_does_not_know_is_none_and_not_zero_or_empty() -> None:
    film = movie(
        release_date="", overview="", tagline="", homepage="", runtime=0, budget=0, revenue=0, vote_average=0.0,
        vote_count=0, original_language="xx", poster_path=None,
    )  # fmt: skip
    unknown = (film.release_date, film.year, film.overview, film.tagline, film.homepage, film.runtime_min, film.budget)
    assert set(unknown) == {None}
    assert (film.vote_average, film.original_language, film.images, film.ratings) == (None, None, (), ())


def test_only_wanted_languages_come_each_once_and_none_that_says_nothing() -> None:
    told = [
        {"iso_639_1": "de", "iso_3166_1": "AT", "data": {"title": "", "overview": ""}},
        {"iso_639_1": "de", "iso_3166_1": "DE", "data": {"title": "Das X", "overview": "Text"}},
        {"iso_639_1": "de", "iso_3166_1": "CH", "data": {"title": "S X"}},
        {"iso_639_1": "nl", "iso_3166_1": "NL", "data": {"title": "De X"}},
    ]
    film = movie(translations={"translations": told})
    assert [(one.language, one.title, one.overview) for one in film.translations] == [("de", "Das X", "Text")]


def test_the_picture_that_tmdb_shows_comes_first_and_no_more_than_are_kept() -> None:
    posters = [{"file_path": f"/{number}.jpg", "iso_639_1": "en"} for number in range(30)]
    film = movie(poster_path="/7.jpg", images={"posters": posters, "logos": [{"file_path": "/l.svg"}]})
    shown = [one for one in film.images if one.type is ImageType.POSTER]
    assert (shown[0].source, shown[0].language, len(shown)) == ("/7.jpg", "en", mapping.MOST_IMAGES)


def test_a_crowd_is_cut_to_those_who_matter() -> None:
    crew = [{"id": number, "name": f"P{number}", "job": "Runner"} for number in range(500)]
    crew.append({"id": 999, "name": "Who Made It", "job": "Director", "department": "Directing"})
    cast = [{"id": number, "name": f"A{number}", "order": 500 - number} for number in range(500)]
    film = movie(credits={"cast": cast, "crew": crew})
    kinds = [one.type for one in film.credits]
    assert kinds.count(CreditType.CAST) == kinds.count(CreditType.CREW) == mapping.MOST_CREDITS
    assert film.credits[0].person.name == "A499"
    assert next(one for one in film.credits if one.type is CreditType.CREW).person.name == "Who Made It"


def test_certifications_are_the_first_that_each_country_gives() -> None:
    results = [
        {"iso_3166_1": "US", "release_dates": [{"certification": ""}, {"certification": "R"}, {"certification": "PG"}]},
        {"iso_3166_1": "FR", "release_dates": [{"certification": ""}]},
    ]
    assert movie(release_dates={"results": results}).certifications == {"US": "R"}


def test_only_a_trailer_on_youtube_is_a_trailer() -> None:
    videos = [
        {"key": "a", "site": "Vimeo", "type": "Trailer"},
        {"key": "b", "site": "YouTube", "type": "Clip"},
        {"key": "c", "site": "YouTube", "type": "Trailer"},
    ]
    assert movie(videos={"results": videos}).trailer_url == "https://www.youtube.com/watch?v=c"


@pytest.mark.parametrize("wrong", [{"id": "x"}, {"title": None}, {"release_date": "soon"}, {"genres": "Drama"}])
def test_an_answer_of_another_shape_is_not_taken(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        shapes.Movie.model_validate({**BARE, **wrong})
