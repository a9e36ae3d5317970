"""Items become films: by choices, by ids, by titles and years; in doubt a person is asked, and nothing is lost."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import pytest

from revenge.content.library.errors import WrongLibraryType
from revenge.content.metadata.errors import SourceBusy, SourceDown, SourceRefused
from revenge.content.metadata.models import IdProvider, MovieDetails
from revenge.content.metadata.source import Sources
from revenge.content.movie.errors import FileNamesNothing, FileNotKnown, ItemNotFound
from revenge.content.movie.matcher import CHUNK, MovieMatcher
from revenge.content.movie.matching_runs import MatchPaused
from tests.fakes.metadata_source import FakeSource
from tests.integration.content.movie.conftest import make_library

if TYPE_CHECKING:
    from tests.integration.content.movie.conftest import Films


def film(number: int, title: str, year: int | None, **fields: Any) -> MovieDetails:
    return MovieDetails(provider="tmdb", ids={IdProvider.TMDB: str(number)}, title=title, year=year, **fields)


def know(source: FakeSource, *movies: MovieDetails) -> None:
    source.movies |= {details.ids[IdProvider.TMDB]: details for details in movies}


async def test_a_film_is_found_by_title_and_year_and_the_evidence_is_kept(films: "Films", source: FakeSource) -> None:
    know(source, film(949, "Heat", 1995), film(2, "Heat", 2013))
    item_id = await films.add("Heat", 1995)
    await films.match_all()
    item, movie = await films.item(item_id), await films.film_of(item_id)
    assert (item["match_state"], item["match_confidence"]) == ("matched", 1.0)
    assert orjson.loads(item["match_evidence"])["year"] == {"wanted": 1995, "found": 1995, "closeness": 1.0}
    assert (movie["title"], movie["year"], movie["local_key"]) == ("Heat", 1995, None)
    assert films.told.matches[0].created == [movie["id"]]


async def test_what_is_not_sure_waits_with_its_candidates(films: "Films", source: FakeSource) -> None:  # W22
    know(source, film(1, "The Thing", 1982), film(2, "The Thing", 2011))
    item_id = await films.add("The Thing")
    await films.match_all()
    page = await films.service.items(films.library_id)
    assert [(item.id, item.state) for item in page.items] == [(item_id, "unmatched")]
    assert [(each.position, each.provider, each.provider_id) for each in page.items[0].candidates] == [
        (1, "tmdb", "1"), (2, "tmdb", "2"),
    ]  # fmt: skip
    assert page.items[0].paths
    assert await films.count() == 0
    assert films.told.matches[0].unmatched == 1


async def test_ids_decide_alone_and_ask_nobody(films: "Films", source: FakeSource) -> None:  # W21
    item_id = await films.add("Whatever it is called", 1901, tmdb_id=603, imdb_id="tt0133093")
    await films.match_all()
    item = await films.item(item_id)
    assert source.asked == []
    assert orjson.loads(item["match_evidence"]) == {"by": "id", "tmdb": "603", "imdb": "tt0133093"}
    found = await films.pool.fetch("SELECT provider, value FROM revenge.external_id ORDER BY provider")
    assert [tuple(row) for row in found] == [("imdb", "tt0133093"), ("tmdb", "603")]


async def test_an_id_that_exists_links_instead_of_failing(films: "Films", source: FakeSource) -> None:
    know(source, film(603, "Matrix", 1999, original_title="The Matrix"))
    by_id = await films.add("x", tmdb_id=603)
    await films.match_all()
    by_title = await films.add("The Matrix", 1999)
    await films.match_all()
    assert await films.film_of(by_id) == await films.film_of(by_title)
    assert await films.count() == 1


async def test_a_known_film_of_the_same_title_and_year_is_taken_without_asking(
    films: "Films", source: FakeSource
) -> None:
    know(source, film(949, "Heat", 1995))
    await films.add("Heat", 1995)
    await films.match_all()
    source.asked.clear()
    other = await make_library(films.pool, "more")
    again = await films.add("HEAT", 1995, library_id=other)
    await films.match(again)
    assert source.asked == []
    assert (await films.item(again))["match_state"] == "matched"
    assert films.told.matches[-1].linked == [(await films.film_of(again))["id"]]
    assert await films.count() == 1


async def test_without_a_year_a_known_film_is_not_taken_before_others_are_looked_at(
    films: "Films", source: FakeSource
) -> None:
    know(source, film(1, "The Thing", 1982), film(2, "The Thing", 2011))
    await films.add("The Thing", 1982)
    await films.match_all()
    item_id = await films.add("The Thing")
    await films.match_all()
    assert (await films.item(item_id))["match_state"] == "unmatched"
    assert len((await films.service.items(films.library_id)).items[0].candidates) == 2


async def test_without_anybody_to_ask_names_and_nfo_files_make_films(films: "Films") -> None:
    films.use(Sources(()))
    nfo = {
        "kind": "movie", "title": "Heat", "plot": "Cops and robbers.", "original_title": "Heat (orig)", "runtime_min": 170, "genres": ["Crime"],
        "actors": [{"name": "Al Pacino", "role": "Vincent"}], "directors": ["Michael Mann"], "mpaa": "Rated R",
        "ratings": [{"value": 8.3, "source": "imdb", "votes": 700000}, {"value": 76, "source": "metacritic", "highest": 100}],
        "premiered": "1995-12-15", "collection": "Heats",
    }  # fmt: skip
    item_id, plain = await films.add("Heat", 1995, nfo=nfo), await films.add("Holiday 2015")
    await films.match_all()
    movie = await films.film_of(item_id)
    assert (movie["title"], movie["overview"], movie["runtime_min"], movie["local_key"]) == (
        "Heat", "Cops and robbers.", 170, "heat:1995",
    )  # fmt: skip
    assert movie["metadata_provider"] == "nfo"
    assert movie["collection_id"] is not None
    assert {row["name"] for row in await films.pool.fetch("SELECT name FROM revenge.person")} == {
        "Al Pacino",
        "Michael Mann",
    }
    ratings = await films.pool.fetch("SELECT source, value::float8 FROM revenge.rating ORDER BY source")
    assert [tuple(row) for row in ratings] == [("imdb", 8.3), ("metacritic", 76.0)]
    assert (await films.item(plain))["match_state"] == "matched"
    assert orjson.loads((await films.item(plain))["match_evidence"]) == {"by": "name"}


async def test_a_wrong_key_does_not_keep_films_out(films: "Films", source: FakeSource) -> None:
    source.trouble["Heat"] = SourceRefused("tmdb: the key is refused")
    item_id = await films.add("Heat", 1995)
    await films.match_all()
    item = await films.item(item_id)
    assert (item["match_state"], item["match_error"]) == ("matched", "tmdb: the key is refused")


@pytest.mark.parametrize(
    "trouble", [SourceDown("no answer"), SourceBusy("429", retry_after=timedelta(minutes=1))], ids=["down", "busy"]
)
async def test_no_answer_is_never_called_unmatched(films: "Films", source: FakeSource, trouble: Exception) -> None:
    know(source, film(949, "Heat", 1995), film(603, "The Matrix", 1999))
    heat, matrix = await films.add("Heat", 1995), await films.add("The Matrix", 1999)
    source.trouble["The Matrix"] = trouble
    with pytest.raises(type(trouble)):
        await films.match_all()
    assert (await films.item(heat))["match_state"] == "matched"
    assert (await films.item(matrix))["match_state"] == "pending"
    source.trouble.clear()
    source.asked.clear()
    await films.match_all()
    assert source.asked == [("search", "The Matrix", 1999, "en")]
    assert (await films.item(matrix))["match_state"] == "matched"


async def test_a_batch_that_was_cut_off_goes_on_where_it_was(films: "Films", source: FakeSource) -> None:  # W12, W17
    know(source, *(film(number, f"Film {number}", 2000) for number in range(1, CHUNK + 31)))
    for number in range(1, CHUNK + 31):
        await films.add(f"Film {number}", 2000)
    batch = films.matcher.match_pending(films.library_id, language="en")
    await anext(batch)
    await batch.aclose()  # type: ignore[attr-defined]  # it is a generator
    assert len(source.asked) == CHUNK
    await films.match_all()
    assert len(source.asked) == CHUNK + 30
    assert await films.count() == CHUNK + 30


async def test_two_matches_of_one_film_at_once_make_one_film(films: "Films", source: FakeSource) -> None:
    know(source, film(949, "Heat", 1995))
    libraries = [films.library_id, *[await make_library(films.pool, f"l{number}") for number in range(4)]]
    items = [await films.add("Heat", 1995, library_id=library_id) for library_id in libraries]
    await asyncio.gather(*(films.match(item_id) for item_id in items))
    assert await films.count() == 1


async def test_statements_do_not_grow_with_items(films: "Films", source: FakeSource) -> None:  # W25
    know(source, *(film(number, f"Film {number}", 2000) for number in range(1, 41)))
    asked: list[str] = []

    async def statements_for(count: int, first: int) -> int:
        for number in range(first, first + count):
            await films.add(f"Film {number}", 2000)
        asked.clear()
        await films.match_all()
        return len(asked)

    counted = CountingPool(films.pool, asked)
    films.matcher = MovieMatcher(counted, source=source, events=films.told)  # type: ignore[arg-type]  # counts, and passes on
    assert await statements_for(1, 1) == await statements_for(39, 2) <= 32


async def test_one_item_that_the_tables_refuse_does_not_hold_up_the_others(films: "Films", source: FakeSource) -> None:
    know(source, film(949, "Heat", 1995), film(603, "The Matrix", 1999))
    await films.pool.execute("ALTER TABLE revenge.movie ADD CONSTRAINT no_heat CHECK (title <> 'Heat')")
    heat, matrix = await films.add("Heat", 1995), await films.add("The Matrix", 1999)
    states = await films.runs.match_library(films.library_id, report=lambda *_: None, run_for=timedelta(minutes=1))
    assert states == {"pending": 0, "matched": 1, "unmatched": 1, "manual": 0, "ignored": 0}
    assert "no_heat" in (await films.item(heat))["match_error"]
    assert (await films.item(matrix))["match_state"] == "matched"


async def test_a_file_is_matched_by_its_path(films: "Films", source: FakeSource) -> None:
    know(source, film(949, "Heat", 1995))
    await films.add("Heat", 1995, path=b"/films/heat\xff.mkv")
    match = await films.runs.match_file(b"/films/heat\xff.mkv", force=False)
    assert match.state == "matched"
    source.asked.clear()
    assert (await films.runs.match_file(b"/films/heat\xff.mkv", force=False)).movie_id == match.movie_id
    assert source.asked == []


async def known_by_name(films: "Films") -> tuple[UUID, UUID]:
    """Match an item with nobody to ask, and return it and the film that its name alone made."""
    films.use(Sources(()))
    item_id = await films.add("Heat", 1995)
    await films.match_all()
    return item_id, (await films.film_of(item_id))["id"]


async def test_a_film_that_names_alone_knew_is_the_one_that_an_id_leads_to_later(
    films: "Films", source: FakeSource
) -> None:
    item_id, local = await known_by_name(films)
    know(source, film(949, "Heat", 1995), film(3, "Heat", 1995))
    films.use(source)
    await films.pool.execute("UPDATE revenge.library_item SET tmdb_id = 949 WHERE id = $1", item_id)
    match = await films.match(item_id)
    assert match.movie_id == local
    assert await films.count() == 1
    assert await films.pool.fetchval("SELECT entity_id FROM revenge.external_id WHERE value = '949'") == local


async def test_a_forced_rematch_links_anew_and_takes_over_what_a_local_film_had(
    films: "Films", source: FakeSource
) -> None:
    item_id, local = await known_by_name(films)
    know(source, film(949, "Hot", 1995))
    films.use(source)
    await films.pool.execute("UPDATE revenge.library_item SET tmdb_id = 949, title = 'Hot' WHERE id = $1", item_id)
    match = await films.match(item_id)
    assert match.movie_id != local
    assert await films.count() == 1


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (b"/films/none.mkv", FileNotKnown),
        (b"/films/unnamed.mkv", FileNamesNothing),
        (b"/films/show.mkv", FileNamesNothing),
    ],
)
async def test_a_file_that_cannot_be_matched_says_why(films: "Films", path: bytes, error: type[Exception]) -> None:
    await films.add_file(None, path=b"/films/unnamed.mkv")
    await films.add("Show", kind="episode", path=b"/films/show.mkv")
    with pytest.raises(error):
        await films.runs.match_file(path, force=False)


async def test_an_item_that_is_not_there_says_so(films: "Films") -> None:
    with pytest.raises(ItemNotFound):
        await films.match(UUID(int=1))


async def test_a_match_waits_for_what_a_scan_may_still_bring(films: "Films", source: FakeSource) -> None:
    know(source, film(949, "Heat", 1995))
    await films.add("Heat", 1995)
    await films.pool.execute(
        "INSERT INTO revenge.library_scan (id, library_id, scan_type, status, started_at)"
        " VALUES (gen_random_uuid(), $1, 'full', 'running', now())",
        films.library_id,
    )
    reports: list[tuple[int, int]] = []
    outcome = await films.runs.match_library(
        films.library_id, report=lambda *report: reports.append(report), run_for=timedelta(minutes=1)
    )
    assert outcome == MatchPaused(is_scanned=True)
    assert reports == [(0, 1), (1, 1)]
    await films.pool.execute("UPDATE revenge.library_scan SET status = 'cancelled', completed_at = now()")
    reports.clear()
    states = await films.runs.match_library(
        films.library_id, report=lambda *report: reports.append(report), run_for=timedelta(minutes=1)
    )
    assert (isinstance(states, dict), reports) == (True, [(1, 1)])


async def test_a_match_pauses_when_its_time_is_over(films: "Films", source: FakeSource) -> None:
    for number in range(CHUNK + 1):
        await films.add(f"Film {number}", 2000, tmdb_id=number + 1)
    outcome = await films.runs.match_library(films.library_id, report=lambda *_: None, run_for=timedelta(0))
    assert outcome == MatchPaused(is_scanned=False)
    assert await films.count() == CHUNK


class CountingPool:
    """Writes down each statement."""

    def __init__(self, pool: Any, asked: list[str]) -> None:
        self._pool = pool
        self._asked = asked

    def acquire(self) -> Any:
        return Acquired(self._pool, self._asked)

    async def fetch(self, query: str, *args: Any) -> Any:
        self._asked.append(query)
        return await self._pool.fetch(query, *args)


class Acquired:
    """A connection that writes down each statement."""

    def __init__(self, pool: Any, asked: list[str]) -> None:
        self._context = pool.acquire()
        self._asked = asked

    async def __aenter__(self) -> Any:
        conn = await self._context.__aenter__()
        conn.add_query_logger(self._log)
        self._conn = conn
        return conn

    async def __aexit__(self, *failure: Any) -> None:
        self._conn.remove_query_logger(self._log)
        await self._context.__aexit__(*failure)

    def _log(self, record: Any) -> None:
        if "revenge" in record.query:
            self._asked.append(record.query)


class Dies(Exception):
    """The process ends here."""


async def test_a_match_that_dies_within_a_transaction_leaves_nothing_of_it_and_another_ends_where_it_would_have(
    films: "Films", source: FakeSource
) -> None:  # W12, W17, W35
    know(source, *(film(number, f"Film {number}", 2000) for number in range(1, CHUNK + 11)))
    for number in range(1, CHUNK + 11):
        await films.add(f"Film {number}", 2000)
    tell, deaths = films.told.matched, iter([False, True, False])

    async def matched(conn: Any, done: Any) -> None:
        await tell(conn, done)
        if next(deaths, False):
            raise Dies

    films.told.matched = matched  # type: ignore[method-assign]  # it tells, and dies
    with pytest.raises(Dies):
        await films.match_all()
    assert await films.count() == await films.count("external_id") == CHUNK
    assert await films.pool.fetchval("SELECT count(*) FROM revenge.library_item WHERE match_state = 'pending'") == 10
    await films.match_all()
    assert await films.count() == await films.count("external_id") == CHUNK + 10
    assert (
        await films.pool.fetchval("SELECT count(*) FROM revenge.library_item WHERE match_state = 'matched'")
        == CHUNK + 10
    )


async def test_library_that_holds_no_films_is_not_matched_for_any(films: "Films") -> None:
    await films.pool.execute("UPDATE revenge.library SET type = 'tvshow' WHERE id = $1", films.library_id)
    with pytest.raises(WrongLibraryType, match="is of type tvshow"):
        await films.runs.match_library(films.library_id, report=lambda *_: None, run_for=timedelta(minutes=1))
