"""From what Radarr and Sonarr send to what we keep."""

import json
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.sonarr import DemoSonarr
from revenge.infra.http.errors import Nonsense, Unavailable
from revenge.integration.arr.facts import FilmFacts, Picture, Score
from revenge.integration.arr.languages import language_code, split_languages
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.reading import duration_s
from revenge.integration.arr.spool import ArraySplitter, Spool
from revenge.integration.radarr.mapping import film_facts
from revenge.integration.radarr.wire import Movie
from revenge.integration.sonarr.mapping import show_facts
from revenge.integration.sonarr.wire import Episode, EpisodeFile, Series
from tests.fakes.arr import KEY

SAME = PathMapper()


def film(**changes: Any) -> FilmFacts:
    return film_facts(Movie.model_validate(DemoRadarr(api_key=KEY).add(1, "First", **changes)), SAME)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("English", "en"),
        ("Portuguese (Brazil)", "pt"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("en-US", "en"),
        ("kok", "kok"),
        ("Unknown", None),
        ("Original", None),
        ("und", None),
        ("Klingon of the North", None),
        ("", None),
        (None, None),
    ],
)
def test_languages_are_iso_codes(said: str | None, code: str | None) -> None:  # W37
    assert language_code(said) == code


def test_lists_of_languages_are_lists() -> None:  # W37
    assert split_languages("eng/ger/eng") == ("en", "de")
    assert split_languages("English / German") == ("en", "de")
    assert split_languages(None) == ()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("1:45:12", 6312.0),
        ("45:12", 2712.0),
        ("01:02:03.4560000", 3723.0),
        ("105:00", 6300.0),
        ("0:00", None),
        ("1h45m", None),
        ("9" * 400 + ":00:00", None),
        ("", None),
        (None, None),
    ],
)
def test_runtimes_are_hours_minutes_and_seconds(said: str | None, seconds: float | None) -> None:  # W37
    assert duration_s(said) == seconds


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("/movies/A (1999)/a.mkv", b"/srv/films/A (1999)/a.mkv"),
        ("/movies", b"/srv/films"),
        ("/movies/4k/B", b"/big/B"),
        ("/moviesque/C", b"/moviesque/C"),
        ("/movies//D/", b"/srv/films/D"),
        ("/movies/../etc/passwd", b"/etc/passwd"),
        ("D:\\Films\\E\\e.mkv", b"/win/E/e.mkv"),
        ("d:\\films\\E", b"/win/E"),
        ("E:\\Other\\F", None),
        ("\\\\nas\\share\\G", b"/nas/G"),
        ("relative/H", None),
        ("/movies/\u00e9\udcff", "/srv/films/\u00e9".encode() + b"\xff"),
        ("/movies/a\0b", None),
        ("", None),
        (None, None),
    ],
)
def test_paths_are_those_of_this_machine(theirs: str | None, ours: bytes | None) -> None:  # W41
    mapper = PathMapper(
        {"/movies/": "/srv/films/", "/movies/4k": "/big", "D:\\Films": "/win", "\\\\nas\\share": "/nas"}
    )
    assert mapper.ours(theirs) == ours


def test_a_film_is_what_radarr_says_of_it() -> None:  # W37
    facts = film(collection="Both Films", language="German")
    assert facts.ids == {"tmdb": "500001", "imdb": "tt9000001"}
    assert (facts.original_language, facts.year, facts.runtime_min) == ("de", 2020, 105)
    assert facts.release_date == date(2020, 6, 1)
    assert facts.genres == ("Drama", "Science Fiction")
    assert facts.scores == (
        Score(source="tmdb", value=6.8, votes=300),
        Score(source="imdb", value=7.1, votes=1200),
        Score(source="metacritic", value=64.0),
        Score(source="rottentomatoes", value=81.0),
    )
    assert facts.collection == "Both Films"
    assert facts.trailer_url == "https://www.youtube.com/watch?v=trailer-1"
    assert facts.pictures[0] == Picture(type="poster", url="https://image.tmdb.org/t/p/original/p1.jpg")
    (file,) = facts.files
    assert (file.name, file.languages, file.subtitles) == ("First (2020) Bluray-1080p.mkv", ("en",), ("en", "de"))
    assert (file.resolution, file.duration_s, file.edition) == ("1080p", 6312.0, "Director's Cut")


def test_a_collection_has_its_name_by_either_field() -> None:
    by_title = film(collection="Same")
    by_name = film_facts(
        Movie.model_validate(DemoRadarr(api_key=KEY).add(1, "F") | {"collection": {"name": "Same", "tmdbId": 5}}), SAME
    )
    assert by_title.collection == by_name.collection == "Same"


def test_a_picture_that_only_radarr_can_show_is_none_of_ours() -> None:
    images = [
        {"coverType": "poster", "url": "/MediaCover/1/poster.jpg"},
        {"coverType": "headshot", "remoteUrl": "https://x/y"},
    ]
    assert film(images=images).pictures == ()


def test_a_film_without_anything_is_one_too() -> None:
    facts = film_facts(Movie.model_validate({"id": 1, "title": "Bare", "something": {"new": [1]}}), SAME)
    assert (facts.title, facts.ids, facts.files, facts.exists) == ("Bare", {}, (), False)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": 0, "title": "A"},
        {"id": 1},
        {"id": 1, "title": ""},
        {"id": "x", "title": "A"},
        {"id": 1, "title": "A", "year": 2**31},
        {"id": 1, "title": "A", "ratings": {"tmdb": {"votes": 2**40, "value": 5}}},
    ],
)
def test_a_film_needs_an_id_and_a_title_and_numbers_that_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Movie.model_validate(wrong)


def test_no_number_is_infinite() -> None:
    with pytest.raises(ValidationError):
        Movie.model_validate_json(b'{"id": 1, "title": "A", "popularity": 1e999}')


def test_a_file_without_a_path_lies_in_the_film_s_folder() -> None:
    facts = film()
    movie = DemoRadarr(api_key=KEY).add(1, "First")
    del movie["movieFile"]["path"]
    assert film_facts(Movie.model_validate(movie), SAME).files == facts.files


def test_what_changes_every_day_changes_no_digest() -> None:
    facts = film()
    moved = replace(facts, popularity=99.0, vote_count=301, vote_average=6.81)
    assert moved.digest() == facts.digest()
    assert replace(facts, title="Second").digest() != facts.digest()
    assert replace(facts, files=()).digest() != facts.digest()


def series(demo: DemoSonarr) -> tuple[Series, list[Episode]]:
    raw = demo.all_series[1]
    return Series.model_validate(raw), [Episode.model_validate(each) for each in demo.episodes[1]]


def test_a_series_has_its_episodes_with_and_without_files() -> None:  # W38
    demo = DemoSonarr(api_key=KEY)
    demo.add(1, "Series", seasons=2, episodes=2, type="anime")
    del demo.episodes[1][3]["episodeFile"]
    demo.episodes[1][3]["episodeFileId"] = 0
    facts = show_facts(*series(demo), [], SAME)
    assert facts.ids == {"tmdb": "60001", "imdb": "tt8000001", "tvdb": "300001", "tvmaze": "20001"}
    assert (facts.type, facts.network, facts.genres) == ("anime", "A Network", ("Drama", "Comedy"))
    assert facts.scores == (Score(source="tvdb", value=8.2, votes=500),)
    assert [(each.season, each.number) for each in facts.episodes] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [each.file_id is not None for each in facts.episodes] == [True, True, True, False]
    assert len(facts.files) == 3
    assert facts.seasons == (0, 1, 2)


def test_files_that_come_apart_from_episodes_count_too() -> None:  # W38
    demo = DemoSonarr(api_key=KEY)
    demo.add(1, "Series")
    files = [EpisodeFile.model_validate(each["episodeFile"]) for each in demo.episodes[1]]
    for each in demo.episodes[1]:
        del each["episodeFile"]
    assert len(show_facts(*series(demo), files, SAME).files) == 3


def test_one_file_may_hold_two_episodes() -> None:
    demo = DemoSonarr(api_key=KEY)
    demo.add(1, "Series", episodes=2)
    demo.episodes[1][1]["episodeFile"] = demo.episodes[1][0]["episodeFile"]
    facts = show_facts(*series(demo), [], SAME)
    assert len(facts.files) == 1
    assert {each.file_id for each in facts.episodes} == {facts.files[0].id}


def elements(text: bytes, size: int) -> list[Any]:
    splitter = ArraySplitter()
    found: list[Any] = []
    for start in range(0, len(text), size):
        found += [value for _, value in splitter.feed(text[start : start + size])]
    return [*found, *(value for _, value in splitter.finish())]


Value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(st.dictionaries(st.text(), Value, max_size=4), max_size=5), st.integers(1, 40), st.sampled_from([None, 2])
)
def test_a_list_is_split_wherever_the_network_cuts_it(titles: list[Any], size: int, indent: int | None) -> None:
    text = json.dumps(titles, ensure_ascii=False, indent=indent).encode("utf-8", "replace")
    assert elements(text, size) == json.loads(text)


@pytest.mark.parametrize(
    "text", [b"{}", b"[1]", b"[{}{}]", b"[{},]", b"[,{}]", b"[] []", b'[{"a": NaN}]', b"[{\xff}]", b"<html>"]
)
def test_what_is_no_list_of_objects_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        elements(text, 3)


@pytest.mark.parametrize("text", [b"", b"[", b"[{}", b'[{"a": 1}, ', b'[{"a": "', b"[{}, {"])
def test_what_breaks_off_is_noticed(text: bytes) -> None:
    with pytest.raises(EOFError):
        elements(text, 2)


async def pieces(text: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


async def test_titles_come_back_in_the_order_of_their_ids() -> None:
    spool = Spool()
    titles = [{"id": number, "title": f"Film {number}"} for number in (5, 3, 9, 1)]
    await spool.fill("radarr", pieces(json.dumps([*titles, {"title": "no id"}, {"id": -1}]).encode()))
    found = [
        [(arr_id, json.loads(text)["title"]) for arr_id, text in batch] async for batch in spool.batches(2, after=1)
    ]
    assert found == [[(3, "Film 3"), (5, "Film 5")], [(9, "Film 9")]]
    assert (spool.total, spool.unreadable) == (4, 2)
    assert spool.missing_of({1, 2, 3}) == {2}
    spool.close()


@pytest.mark.parametrize(
    ("text", "error"),
    [(b'[{"id": 1}', Unavailable), (b"<html>", Nonsense), (b"[" + b'{"a":' * 100_000, Nonsense)],
    ids=["half", "garbage", "deep"],
)
async def test_a_list_that_is_none_says_what_to_do(text: bytes, error: type[Exception]) -> None:
    spool = Spool()
    with pytest.raises(error):
        await spool.fill("radarr", pieces(text))
    spool.close()


async def test_memory_does_not_grow_with_what_titles_hold() -> None:  # W41

    async def many() -> AsyncIterator[bytes]:
        yield b"["
        for number in range(1, 20_001):
            yield (b"," if number > 1 else b"") + json.dumps({"id": number, "overview": "x" * 2000}).encode()

        yield b"]"

    spool = Spool()
    tracemalloc.start()
    try:
        await spool.fill("radarr", many())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        spool.close()
    # 40 MB went by; a tenth of it is what ids, places and a piece that waits to be written take.
    assert peak < 8_000_000
