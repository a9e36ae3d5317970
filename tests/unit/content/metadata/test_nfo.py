"""What a scan kept of an NFO file, as details: without a key, without a network."""

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter

from revenge.content.library.nfo import Nfo
from revenge.content.library.nfo.document import from_xml
from revenge.content.metadata.models import CreditType, IdProvider
from revenge.content.metadata.nfo import episodes_from_nfo, movie_from_nfo, series_from_nfo

MOVIE = """<movie><title>Nosferatu</title><originaltitle>Nosferatu, eine Symphonie des Grauens</originaltitle>
<year>1922</year><plot>A shadow climbs the stairs.</plot><tagline>Do not say the name.</tagline><runtime>94</runtime>
<mpaa>US:PG-13</mpaa><set><name>Vampires</name></set><genre>Horror</genre><genre>Fantasy</genre>
<director>F. W. Murnau</director><credits>Henrik Galeen</credits><premiered>1922-03-04</premiered>
<actor><name>Max Schreck</name><role>Graf Orlok</role></actor>
<ratings><rating name="imdb" max="10"><value>7.9</value><votes>100</votes></rating>
<rating name="tomatometerallcritics" max="100"><value>97</value></rating>
<rating name="nobody" max="10"><value>3</value></rating></ratings>
<uniqueid type="tmdb">653</uniqueid><uniqueid type="imdb">tt0013442</uniqueid></movie>"""
EPISODES = """<episodedetails><title>One</title><showtitle>The Tram Depot</showtitle><season>1</season><episode>1</episode>
<aired>2019-03-01</aired><actor><name>A Guest</name><role>Herself</role></actor></episodedetails>
<episodedetails><title>Two</title><showtitle>The Tram Depot</showtitle><season>1</season><episode>2</episode></episodedetails>"""


def kept(text: str) -> dict[str, Any]:
    """Return what the scan would keep of it."""
    found: dict[str, Any] = TypeAdapter(Nfo).dump_python(from_xml(text), mode="json", exclude_defaults=True)
    return found


def test_a_film_is_told_in_full() -> None:
    film = movie_from_nfo(kept(MOVIE))
    assert film is not None
    assert (film.provider, film.title, film.year, film.runtime_min) == ("nfo", "Nosferatu", 1922, 94)
    assert film.ids == {IdProvider.TMDB: "653", IdProvider.IMDB: "tt0013442"}
    assert film.release_date == date(1922, 3, 4)
    assert film.genres == ("Horror", "Fantasy")
    assert film.certifications == {"US": "PG-13"}
    assert film.collection is not None
    assert film.collection.name == "Vampires"
    assert [(one.person.name, one.type, one.character, one.job) for one in film.credits] == [
        ("Max Schreck", CreditType.CAST, "Graf Orlok", ""),
        ("F. W. Murnau", CreditType.CREW, "", "Director"),
        ("Henrik Galeen", CreditType.CREW, "", "Writer"),
    ]
    assert [(one.source, one.value, one.votes) for one in film.ratings] == [
        ("imdb", 7.9, 100),
        ("rottentomatoes", 97.0, None),
    ]


@pytest.mark.parametrize(
    ("mpaa", "said"), [("Rated R", {"US": "R"}), ("DE:FSK 12", {"DE": "FSK 12"}), ("PG", {"US": "PG"})]
)
def test_each_habit_of_writing_a_certification_is_read(mpaa: str, said: dict[str, str]) -> None:
    film = movie_from_nfo({"kind": "movie", "title": "X", "mpaa": mpaa})
    assert film is not None
    assert film.certifications == said


def test_a_series_is_told_by_its_own_file_and_named_by_an_episode_s() -> None:
    series = series_from_nfo(
        kept("<tvshow><title>The Tram Depot</title><year>2019</year><studio>Demo One</studio></tvshow>")
    )
    assert series is not None
    assert (series.title, series.year, [one.name for one in series.networks]) == ("The Tram Depot", 2019, ["Demo One"])
    named = series_from_nfo(kept(EPISODES))
    assert named is not None
    assert (named.title, named.ids) == ("The Tram Depot", {})


def test_a_file_with_several_episodes_tells_each() -> None:
    found = episodes_from_nfo(kept(EPISODES))
    assert [(one.season, one.number, one.title) for one in found] == [(1, 1, "One"), (1, 2, "Two")]
    assert found[0].air_date == date(2019, 3, 1)
    assert [one.type for one in found[0].credits] == [CreditType.GUEST_STAR]


def test_what_tells_of_something_else_tells_nothing() -> None:
    assert movie_from_nfo(kept(EPISODES)) is None
    assert series_from_nfo(kept(MOVIE)) is None
    assert episodes_from_nfo(kept(MOVIE)) == []
    assert movie_from_nfo({"kind": "movie"}) is None
    assert movie_from_nfo({"tmdb_id": 653}) is None
