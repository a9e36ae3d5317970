"""From a folder of films to films that are known, found and told of: each step sets going the next, in its transaction."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.app.enqueue import MovieQueue, PersonQueue, ScanQueue
from revenge.app.events.library import LibraryFanOut
from revenge.app.events.movies import MovieFanOut, MovieFiles
from revenge.app.events.people import PersonFanOut
from revenge.app.events.sinks import Done, Happened
from revenge.content.library.models import Library, LibraryFields, LibraryType, ScanStatus
from revenge.content.library.ports import Connection
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanConfig, ScanService
from revenge.content.library.service import LibraryService
from revenge.content.metadata.enriching import Enrichment
from revenge.content.metadata.jobs import (
    MetadataEnrichContentArgs,
    MetadataEnrichContentWorker,
    MetadataRefreshPersonArgs,
    MetadataRefreshPersonWorker,
    MetadataRefreshStaleArgs,
    MetadataRefreshStaleWorker,
)
from revenge.content.metadata.models import Credit, CreditType, IdProvider, MovieDetails, PersonDetails, PersonRef
from revenge.content.metadata.people import People, PeopleConfig
from revenge.content.movie.jobs import MovieLibraryScanWorker
from revenge.content.movie.match_jobs import MovieFileMatchArgs, MovieFileMatchWorker
from revenge.content.movie.matcher import MovieMatcher
from revenge.content.movie.matching_runs import MatchRuns
from revenge.content.movie.refresh_jobs import MetadataRefreshMovieWorker
from revenge.content.movie.refreshing import MovieEnricher, MovieRefresher
from revenge.content.movie.service import MovieService
from revenge.infra.jobs import Client, ClientConfig, JobState, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import drain
from tests.fakes.metadata_source import FakeSource


class Sinks:
    """Search, notifications, the log and pictures, which remember what they were told."""

    def __init__(self) -> None:
        self.touched: set[UUID] = set()
        self.people: set[UUID] = set()
        self.happened: list[Happened] = []
        self.done: list[Done] = []
        self.pictures: set[UUID] = set()

    async def touch(
        self,
        conn: Connection,
        *,
        movies: Collection[UUID] = (),
        series: Collection[UUID] = (),
        people: Collection[UUID] = (),
    ) -> None:
        self.touched |= set(movies)
        self.people |= set(people)

    async def raise_event(self, conn: Connection, happened: Happened) -> None:
        self.happened.append(happened)

    async def raise_events(self, conn: Connection, happened: Sequence[Happened]) -> None:
        self.happened += happened

    async def log(self, conn: Connection, done: Done) -> None:
        self.done.append(done)

    async def fetch(self, conn: Connection, entity_ids: Sequence[UUID]) -> None:
        self.pictures |= set(entity_ids)

    def types(self) -> list[str]:
        return [event.type for event in self.happened]


class House:
    """All that films are made of, on one queue that a test empties."""

    def __init__(self, pool: asyncpg.Pool, root: Path, source: FakeSource) -> None:
        self.pool, self.root, self.source, self.sinks = pool, root, source, Sinks()
        inserts, clock = Client(pool), SystemClock()
        self.queue = MovieQueue(inserts)
        events = MovieFanOut(
            jobs=self.queue,
            source=source,
            search=self.sinks,
            notifications=self.sinks,
            activity=self.sinks,
            pictures=self.sinks,
        )
        library_events = LibraryFanOut(
            [MovieFiles(jobs=self.queue, search=self.sinks)], notifications=self.sinks, activity=self.sinks
        )
        jobs, config = ScanQueue(inserts), ScanConfig(chunk_size=3)
        self.libraries = LibraryService(pool, jobs=jobs, events=library_events, config=config)
        scans = ScanService(pool, jobs=jobs, prober=None, events=library_events, config=config)
        matcher = MovieMatcher(pool, source=source, events=events)
        self.refresher = MovieRefresher(pool, source=source, events=events, jobs=self.queue, clock=clock)
        self.service = MovieService(pool, jobs=self.queue, events=events)
        people = People(
            pool,
            source=source,
            events=PersonFanOut(search=self.sinks, pictures=self.sinks),
            jobs=PersonQueue(inserts),
            clock=clock,
            config=PeopleConfig(batch=2),
        )
        self.client = Client(
            pool,
            config=ClientConfig(queues={"default": 2, "bulk": 1, "low": 1}),
            workers=Workers(
                [
                    MovieLibraryScanWorker(scans),
                    MovieFileMatchWorker(MatchRuns(pool, matcher=matcher, libraries=LibraryRepository(pool))),
                    MetadataRefreshMovieWorker(self.refresher),
                    MetadataRefreshPersonWorker(people),
                    MetadataEnrichContentWorker(Enrichment({"movie": MovieEnricher(self.refresher)})),
                    MetadataRefreshStaleWorker({"movies": self.refresher, "people": people}),
                ]
            ),
        )

    def put(self, *names: str) -> None:
        for name in names:
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"x" * 100)

    async def library(self) -> Library:
        return await self.libraries.create(
            LibraryFields(name="Films", type=LibraryType.MOVIE, paths=[str(self.root)], preferred_language="de")
        )

    async def run(self, **options: Any) -> list[str]:
        """Work all that is due, and return the kinds in their order."""
        return [attempt.job.kind for attempt in (await drain(self.client, **options)).attempts]

    async def films(self) -> dict[str, UUID]:
        rows = await self.pool.fetch("SELECT id, title FROM revenge.movie ORDER BY title")
        return {row["title"]: row["id"] for row in rows}


def film(number: int, title: str, year: int, **fields: Any) -> MovieDetails:
    return MovieDetails(provider="tmdb", ids={IdProvider.TMDB: str(number)}, title=title, year=year, **fields)


@pytest.fixture
def source() -> FakeSource:
    pacino = Credit(person=PersonRef(name="Al Pacino", ids={IdProvider.TMDB: "1158"}), type=CreditType.CAST)
    return FakeSource(
        film(949, "Heat", 1995, overview="Cops and robbers.", credits=(pacino,)),
        film(603, "The Matrix", 1999),
        people=[
            PersonDetails(
                provider="tmdb", ids={IdProvider.TMDB: "1158"}, name="Al Pacino", biography="An actor.", birthplace="NY"
            )
        ],
    )


@pytest.fixture
def house(pool: asyncpg.Pool, tmp_path: Path, source: FakeSource) -> House:
    root = tmp_path / "films"
    root.mkdir()
    return House(pool, root, source)


async def test_a_scan_leads_to_films_that_are_known_found_and_told_of(
    house: House, source: FakeSource
) -> None:  # W34, W44
    house.put("Heat (1995)/Heat (1995).mkv", "The Matrix (1999).mkv", "Holiday at the lake.mkv")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    kinds = await house.run()
    assert kinds == ["movie_library_scan", "movie_file_match", "metadata_refresh_movie", "metadata_refresh_movie"]
    films = await house.films()
    assert list(films) == ["Heat", "The Matrix"]
    assert await house.pool.fetchval("SELECT overview FROM revenge.movie WHERE title = 'Heat'") == "Cops and robbers."
    assert set(films.values()) <= house.sinks.touched & house.sinks.pictures
    assert len(house.sinks.people) == 1
    assert sorted(house.sinks.types()) == [
        "library.created", "library.scan_done", "library.scan_started", "movie.added", "movie.added",
    ]  # fmt: skip
    done = next(event for event in house.sinks.happened if event.type == "library.scan_done")
    assert (done.data["added"], done.data["library_name"], done.data["library_type"]) == (3, "Films", "movie")
    assert [(each.action, each.success) for each in house.sinks.done[1:]] == [("library.scan", True)]
    assert ("movie", {IdProvider.TMDB: "949"}, ("de",), False, ()) in source.asked  # W20: the library's language
    waiting = await house.service.items(library.id)
    assert [item.title for item in waiting.items] == ["Holiday at the lake"]


async def test_a_second_scan_asks_nobody_again(house: House, source: FakeSource) -> None:  # W17, W42
    house.put("Heat (1995).mkv")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    source.asked.clear()
    house.sinks.touched.clear()
    house.put("extra version/Heat (1995).mkv")
    await house.libraries.trigger_scan(library.id)
    assert await house.run() == ["movie_library_scan"]
    assert source.asked == []
    versions = await house.service.versions((await house.films())["Heat"])
    assert len(versions) == 2
    assert house.sinks.touched == set((await house.films()).values())


async def test_many_new_films_are_one_piece_of_news(house: House, source: FakeSource) -> None:
    house.put(*(f"Film {number} (2000) [tmdbid-{number}].mkv" for number in range(1, 31)))
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    source.enabled = False
    await house.run()
    added = [event for event in house.sinks.happened if event.type == "movie.added"]
    assert [(event.data["count"], len(event.data["titles"])) for event in added] == [(30, 20)]


async def test_a_scan_that_fails_is_told(house: House) -> None:
    library = await house.library()
    house.root.rmdir()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    failed = next(event for event in house.sinks.happened if event.type == "library.scan_failed")
    assert failed.data["error"]
    assert [(each.action, each.success) for each in house.sinks.done[1:]] == [("library.scan", False)]
    assert (await house.libraries.scans(library.id)).scans[0].status is ScanStatus.FAILED


async def test_a_film_whose_files_vanish_is_indexed_anew(house: House) -> None:  # W34
    house.put("Heat (1995).mkv", "The Matrix (1999).mkv")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    house.sinks.touched.clear()
    (house.root / "Heat (1995).mkv").unlink()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    assert house.sinks.touched == {(await house.films())["Heat"]}


async def test_a_hidden_library_and_a_restored_one_are_indexed_anew(house: House) -> None:  # W20
    house.put("Heat (1995).mkv")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    for change in (house.libraries.delete, house.libraries.restore):
        house.sinks.touched.clear()
        await change(library.id)
        assert house.sinks.touched == set((await house.films()).values())
    assert house.sinks.types()[-2:] == ["library.deleted", "library.restored"]


async def test_deleting_and_merging_reach_search_and_the_log(house: House) -> None:  # W34
    house.put("Heat (1995).mkv", "The Matrix (1999).mkv")
    await house.libraries.trigger_scan((await house.library()).id)
    await house.run()
    films = await house.films()
    house.sinks.touched.clear()
    await house.service.merge(films["Heat"], [films["The Matrix"]])
    assert house.sinks.touched == set(films.values())
    await house.service.delete(films["Heat"])
    assert house.sinks.types()[-1] == "movie.deleted"
    assert [each.action for each in house.sinks.done[-2:]] == ["movie.merge", "movie.delete"]


async def test_a_refresh_by_hand_is_a_job_that_is_there_once(house: House) -> None:  # W07
    house.put("Heat (1995).mkv")
    await house.libraries.trigger_scan((await house.library()).id)
    await house.run()
    film_id = (await house.films())["Heat"]
    first = await house.service.refresh(film_id)
    assert await house.service.refresh(film_id) == first
    assert await house.run() == ["metadata_refresh_movie"]
    assert await house.service.refresh(film_id) != first


async def test_a_person_is_refreshed_by_a_job(house: House) -> None:  # W31
    house.put("Heat (1995).mkv")
    await house.libraries.trigger_scan((await house.library()).id)
    await house.run()
    person_id = await house.pool.fetchval("SELECT id FROM revenge.person")
    house.sinks.people.clear()
    result = await house.client.insert(MetadataRefreshPersonArgs(person_id=person_id, provider_id="1158"))
    await house.run()
    assert await house.pool.fetchval("SELECT biography FROM revenge.person") == "An actor."
    assert (await house.client.get(result.job.id)).metadata["output"]["status"] == "refreshed"
    assert house.sinks.people == {person_id}


async def test_enrichment_asks_the_providers_that_were_named(house: House, source: FakeSource) -> None:  # W31
    house.put("Heat (1995).mkv")
    await house.libraries.trigger_scan((await house.library()).id)
    await house.run()
    film_id = (await house.films())["Heat"]
    args = MetadataEnrichContentArgs(content_type="movie", content_id=film_id, providers=("omdb",))
    await house.client.insert(args)
    unknown = await house.client.insert(MetadataEnrichContentArgs(content_type="song", content_id=film_id))
    await house.run()
    assert source.asked[-1] == ("movie", {IdProvider.TMDB: "949"}, ("de",), True, ("omdb",))
    assert (await house.client.get(unknown.job.id)).state is JobState.CANCELLED


async def test_what_is_old_is_refreshed_by_itself(house: House) -> None:  # W30
    house.put("Heat (1995).mkv")
    await house.libraries.trigger_scan((await house.library()).id)
    await house.run()
    await house.client.insert(MetadataRefreshStaleArgs())
    assert "metadata_refresh_movie" not in await house.run()
    await house.pool.execute("UPDATE revenge.movie SET metadata_updated_at = now() - interval '40 days'")
    await house.client.insert(MetadataRefreshStaleArgs())
    assert await house.run() == ["metadata_refresh_stale", "metadata_refresh_movie"]


async def test_people_who_are_old_news_are_asked_about_by_themselves_a_batch_at_a_time(
    house: House, source: FakeSource
) -> None:  # W30
    unknown = [Credit(person=PersonRef(name=f"Extra {each}"), type=CreditType.CAST) for each in "ab"]
    cast = [
        Credit(person=PersonRef(name=f"Star {n}", ids={IdProvider.TMDB: str(n)}), type=CreditType.CAST)
        for n in (1, 2, 3)
    ]
    source.movies["949"] = film(949, "Heat", 1995, credits=(*unknown, *cast))
    house.put("Heat (1995).mkv")
    await house.libraries.trigger_scan((await house.library()).id)
    await house.run()
    rounds = []
    for _ in range(3):
        await house.client.insert(MetadataRefreshStaleArgs())
        rounds.append((await house.run())[1:])
    assert rounds == [["metadata_refresh_person"] * 2, ["metadata_refresh_person"], []]
    asked = [ids[IdProvider.TMDB] for kind, ids, *_ in source.asked if kind == "person"]
    assert sorted(asked) == ["1", "2", "3"]
    await house.pool.execute(
        "UPDATE revenge.person SET metadata_updated_at = now() - interval '40 days' WHERE name = 'Star 2'"
    )
    await house.client.insert(MetadataRefreshStaleArgs())
    assert await house.run() == ["metadata_refresh_stale", "metadata_refresh_person"]


async def test_a_match_that_a_scan_may_still_feed_comes_back(house: House, source: FakeSource) -> None:
    house.put("Heat (1995).mkv")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    await house.pool.execute(
        "INSERT INTO revenge.library_scan (id, library_id, scan_type, status, started_at)"
        " VALUES (gen_random_uuid(), $1, 'full', 'running', now())",
        library.id,
    )
    result = await house.client.insert(MovieFileMatchArgs(library_id=library.id))
    await house.run()
    assert (await house.client.get(result.job.id)).state in {JobState.AVAILABLE, JobState.SCHEDULED}


async def test_an_nfo_file_that_changes_is_read_again_where_nobody_can_be_asked(
    house: House, source: FakeSource
) -> None:
    source.enabled = False
    house.put("Holiday (2015).mkv")
    nfo = house.root / "Holiday (2015).nfo"
    nfo.write_text("<movie><title>Holiday</title><year>2015</year><plot>Rain.</plot></movie>")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    nfo.write_text("<movie><title>Holiday</title><year>2015</year><plot>Sun, and a lake.</plot></movie>")
    await house.libraries.trigger_scan(library.id)
    assert await house.run() == ["movie_library_scan", "metadata_refresh_movie"]
    assert await house.pool.fetchval("SELECT overview FROM revenge.movie") == "Sun, and a lake."
    assert await house.pool.fetchval("SELECT local_key FROM revenge.movie") is not None


async def test_a_film_that_names_alone_knew_stays_itself_when_its_files_tell_an_id(
    house: House, source: FakeSource
) -> None:
    source.enabled = False
    house.put("Heat (1995)/Heat (1995).mkv", "Sunrise (1927)/Sunrise (1927).mkv")
    library = await house.library()
    await house.libraries.trigger_scan(library.id)
    await house.run()
    before = await house.films()
    (house.root / "Heat (1995)").rename(house.root / "Heat (1995) [imdbid-tt0113277]")
    (house.root / "Sunrise (1927)/Sunrise (1927).nfo").write_text(
        "<movie><title>Sunrise</title><year>1927</year><uniqueid type='imdb'>tt0018455</uniqueid></movie>"
    )
    house.put("Heat (1995) remade/Heat (1995) [imdbid-tt9999999].mkv")
    await house.libraries.trigger_scan(library.id)
    await house.run()
    rows = await house.pool.fetch(
        "SELECT movie.id, title, value FROM revenge.movie JOIN revenge.external_id ON entity_id = movie.id"
    )
    by_id = {row["value"]: (row["title"], row["id"]) for row in rows}
    assert by_id.keys() == {"tt0113277", "tt0018455", "tt9999999"}
    assert by_id["tt0018455"] == ("Sunrise", before["Sunrise"])
    # Two films have the name by now: one of them is the one that was known, and nothing is left of it but that.
    assert before["Heat"] in {by_id["tt0113277"][1], by_id["tt9999999"][1]}
    assert await house.pool.fetchval("SELECT count(*) FROM revenge.movie") == 3
