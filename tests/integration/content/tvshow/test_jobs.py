"""The six jobs through the engine: Go's arguments in, results out, several nodes, nodes that die."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import pytest

from revenge.content.metadata.errors import SourceBusy, SourceDown, SourceRefused, UnknownTitle
from revenge.content.metadata.models import IdProvider
from revenge.content.tvshow.match_jobs import TvShowFileMatchArgs, TvShowFileMatchWorker
from revenge.content.tvshow.refresh_jobs import (
    MetadataRefreshEpisodeArgs,
    MetadataRefreshEpisodeWorker,
    MetadataRefreshSeasonArgs,
    MetadataRefreshSeasonWorker,
    MetadataRefreshTvShowArgs,
    MetadataRefreshTvShowWorker,
    TvShowMetadataRefreshArgs,
    TvShowMetadataRefreshWorker,
    TvShowSeriesRefreshArgs,
    TvShowSeriesRefreshWorker,
)
from revenge.infra.jobs import Client, ClientConfig, JobArgs, JobRow, JobState, Queue, Workers
from tests.fakes.engine import eventually

if TYPE_CHECKING:
    from tests.integration.content.tvshow.conftest import World

GO: list[tuple[type[JobArgs], dict[str, Any]]] = [
    (
        MetadataRefreshTvShowArgs,
        {
            "series_id": "x",
            "force": False,
            "languages": ["en", "de"],
            "include_seasons": True,
            "include_episodes": False,
        },
    ),
    (
        MetadataRefreshSeasonArgs,
        {"series_id": "x", "season_id": "x", "season_number": 1, "force": False, "include_episodes": True},
    ),
    (
        MetadataRefreshEpisodeArgs,
        {
            "series_id": "x",
            "season_id": "x",
            "episode_id": "x",
            "season_number": 1,
            "episode_number": 2,
            "force": False,
        },
    ),
    (TvShowMetadataRefreshArgs, {"series_id": "x", "force": False, "refresh_images": False}),
    (TvShowFileMatchArgs, {"file_path": "/m/x", "episode_id": "x", "force_rematch": False, "auto_create": True}),
    (
        TvShowSeriesRefreshArgs,
        {"series_id": "x", "tmdb_id": 1396, "refresh_seasons": True, "refresh_episodes": False, "languages": ["en"]},
    ),
]


class Finder:
    """Finds series by their ids."""

    def __init__(self, world: "World") -> None:
        self.world = world

    async def find(self, provider: IdProvider, value: str) -> UUID | None:
        async with self.world.pool.acquire() as conn:
            return await self.world.writer.find(conn, {provider: value})


def node(world: "World", database: str, name: str = "node") -> Client:
    refresher = world.refresher()
    return Client(
        world.pool,
        config=ClientConfig(client_id=name, queues={Queue.DEFAULT: 4}),
        listen=lambda: asyncpg.connect(database),
        workers=Workers(
            [
                TvShowFileMatchWorker(world.matching(), world.pool),
                MetadataRefreshTvShowWorker(refresher),
                MetadataRefreshSeasonWorker(refresher),
                MetadataRefreshEpisodeWorker(refresher),
                TvShowMetadataRefreshWorker(refresher),
                TvShowSeriesRefreshWorker(refresher, Finder(world)),
            ]
        ),
    )


@asynccontextmanager
async def working(*nodes: Client) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        for each in nodes:
            await each.start()
            stack.push_async_callback(each.stop)
        yield nodes[0]


async def work(world: "World", database: str, args: JobArgs) -> JobRow:
    async with working(node(world, database)) as client:
        return await client.wait((await client.insert(args)).job.id)


@pytest.fixture
async def office(world: "World") -> UUID:
    world.put("The Office (2005)/Season 01/The Office - S01E01.mkv")
    await world.scan()
    await world.match()
    world.source.asked.clear()
    return await world.series_id("The Office", 2005)


@pytest.mark.parametrize(("type_", "example"), GO, ids=lambda value: getattr(value, "kind", ""))
def test_json_is_that_of_the_go_server(type_: type[JobArgs], example: dict[str, Any]) -> None:
    given = {name: "0196f7ca-0000-7000-8000-000000000001" if value == "x" else value for name, value in example.items()}
    args = type_.model_validate({**given, "invented_later": 1})
    assert json.loads(args.wire_text()) == given


def test_what_go_leaves_out_is_left_out() -> None:
    nobody = "00000000-0000-0000-0000-000000000000"
    all_series = TvShowMetadataRefreshArgs.model_validate({"series_id": nobody, "season_id": nobody, "batch_size": 0})
    assert json.loads(all_series.wire_text()) == {"force": False, "refresh_images": False}
    kinds = {type_.insert_opts.max_attempts for type_, _ in GO if type_ is not TvShowFileMatchArgs}
    assert (kinds, TvShowFileMatchArgs.insert_opts.max_attempts) == ({5}, 3)


async def test_library_is_matched_by_one_job_and_the_next_does_nothing(world: "World", database: str) -> None:
    world.put("Firefly/Season 01/Firefly - S01E01.mkv", "One Piece/Season 01/One Piece - S01E01.mkv")
    await world.scan()
    first = await work(world, database, TvShowFileMatchArgs(library_id=world.library_id))
    again = await work(world, database, TvShowFileMatchArgs(library_id=world.library_id))
    assert (first.state, first.output["series"], first.output["matched"]) == (JobState.COMPLETED, 2, 2)
    assert (again.output["series"], world.source.count("search")) == (0, 2)


async def test_what_is_added_while_the_job_completes_is_matched_too(world: "World", database: str) -> None:  # W07
    world.put("Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    added = asyncio.Event()

    class Late(TvShowFileMatchWorker):
        async def _match_library(self, job: Any, library_id: UUID) -> Any:
            complete = job.complete

            class Slow:
                def __getattr__(self, name: str) -> Any:
                    return getattr(job, name)

                async def complete(self, **given: Any) -> None:
                    if not added.is_set():
                        world.put("One Piece/Season 01/One Piece - S01E01.mkv")
                        await world.scan()
                        added.set()
                    await complete(**given)

            return await super()._match_library(Slow(), library_id)  # type: ignore[arg-type]  # all that is asked of a job

    client = Client(
        world.pool,
        config=ClientConfig(queues={Queue.DEFAULT: 1}),
        listen=lambda: asyncpg.connect(database),
        workers=Workers([Late(world.matching(), world.pool)]),
    )
    async with working(client):
        job = await client.wait((await client.insert(TvShowFileMatchArgs(library_id=world.library_id))).job.id)
    assert (job.state, job.output["matched"]) == (JobState.COMPLETED, 2)
    assert await world.states() == {"matched": 2}


async def test_two_nodes_that_match_at_once_do_it_once(world: "World", database: str) -> None:  # W23
    world.put(*(f"Firefly/Season 01/Firefly - S01E{number:02}.mkv" for number in range(1, 13)))
    await world.scan()
    paths = sorted(str(path) for path in world.root.rglob("*.mkv"))
    first, second = node(world, database, "one"), node(world, database, "two")
    async with working(first, second) as client:
        jobs = [(await client.insert(TvShowFileMatchArgs(file_path=path))).job.id for path in paths]
        ended = [await client.wait(job) for job in jobs]
    assert {job.state for job in ended} == {JobState.COMPLETED}
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.entity WHERE kind = 'series'") == 1
    assert len(await world.matched()) == 12


async def test_file_nobody_knows_cancels_and_says_what_to_do(world: "World", database: str) -> None:  # W05
    job = await work(world, database, TvShowFileMatchArgs(file_path="/nowhere/x.mkv"))
    assert job.state is JobState.CANCELLED
    assert "scan the library" in job.errors[-1].error


async def test_episode_that_was_named_is_chosen_for_the_file(world: "World", database: str, office: UUID) -> None:
    world.put("The Office (2005)/Season 01/The Office - S01E02.mkv")
    await world.scan()
    episode = await world.pool.fetchval("SELECT id FROM revenge.episode WHERE series_id = $1", office)
    path = str(world.root / "The Office (2005)/Season 01/The Office - S01E02.mkv")
    await work(world, database, TvShowFileMatchArgs(file_path=path, episode_id=episode))
    assert (await world.matched())["The Office - S01E02.mkv"] == ("The Office", 2005, "1x1")
    await work(world, database, TvShowFileMatchArgs(file_path=path, force_rematch=True))
    assert (await world.matched())["The Office - S01E02.mkv"] == ("The Office", 2005, "1x1")


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UnknownTitle("404"), JobState.CANCELLED),
        (SourceRefused("401"), JobState.CANCELLED),
        (SourceBusy("429", retry_after=timedelta(minutes=1)), JobState.SCHEDULED),
        (SourceDown("500"), JobState.RETRYABLE),
    ],
)
async def test_each_kind_of_failure_leads_to_its_own_end(
    world: "World", database: str, office: UUID, error: Exception, state: JobState
) -> None:  # W05, W06, W32
    world.source.fails["series"] = error
    world.source.fails["season"] = error
    world.source.fails["episode"] = error
    season = await world.refresher().season_of(office, 1)
    episode = await world.pool.fetchval("SELECT id FROM revenge.episode WHERE series_id = $1", office)
    client = node(world, database)
    async with working(client):
        for args in (
            MetadataRefreshTvShowArgs(series_id=office, force=True),
            TvShowSeriesRefreshArgs(series_id=office),
            TvShowMetadataRefreshArgs(series_id=office, force=True),
            MetadataRefreshSeasonArgs(season_id=season, force=True),
            MetadataRefreshEpisodeArgs(episode_id=episode, force=True),
        ):
            job_id = (await client.insert(args)).job.id
            row = await eventually(partial(worked, client, job_id))
            assert row.state is state, args.kind
            if state is JobState.SCHEDULED:
                assert row.attempt == 0  # W06: no attempt is lost


async def worked(client: Client, job_id: int) -> JobRow | None:
    """Return the job once it has been worked and written."""
    row = await client.get(job_id)
    return None if row.state in (JobState.AVAILABLE, JobState.RUNNING) else row


async def test_series_is_renewed_by_tmdbs_id_season_by_season(world: "World", database: str, office: UUID) -> None:
    # W31
    args = TvShowSeriesRefreshArgs(tmdb_id=1, refresh_seasons=True, refresh_episodes=True, languages=("de",))
    job = await work(world, database, args)
    assert (job.output["series"], job.output["seasons"], job.output["episodes"]) == (1, 2, 28)
    assert world.source.languages == {("en",), ("de",)}
    stranger = await work(world, database, TvShowSeriesRefreshArgs(tmdb_id=77))
    assert stranger.state is JobState.CANCELLED


async def test_most_specific_id_wins(world: "World", database: str, office: UUID) -> None:
    season = await world.refresher().season_of(office, 1)
    episode = await world.pool.fetchval("SELECT id FROM revenge.episode WHERE series_id = $1", office)
    await work(
        world, database, TvShowMetadataRefreshArgs(series_id=office, season_id=season, episode_id=episode, force=True)
    )
    assert world.source.asked == [("episode", "1", 1, 1)]
    world.source.asked.clear()
    await work(world, database, TvShowMetadataRefreshArgs(series_id=office, season_id=season, force=True))
    assert world.source.asked == [("season", "1", 1)]
    world.source.asked.clear()
    everything = await work(world, database, TvShowMetadataRefreshArgs(force=True, batch_size=1))
    assert everything.output["series"] == 1


async def test_pictures_are_fetched_again_where_that_is_asked_for(world: "World", database: str, office: UUID) -> None:
    # W31
    image_hash = "0" * 64
    await world.pool.execute(
        "INSERT INTO revenge.image_blob (hash, mime, width, height, size_bytes) VALUES ($1, 'image/png', 1, 1, 1)",
        image_hash,
    )
    await world.pool.execute("UPDATE revenge.image SET hash = $1, fetched_at = now()", image_hash)
    held = "SELECT count(*) FROM revenge.image WHERE hash IS NOT NULL AND entity_id = $1"
    await work(world, database, TvShowMetadataRefreshArgs(series_id=office, force=True))
    assert await world.pool.fetchval(held, office) == 1
    await work(world, database, TvShowMetadataRefreshArgs(series_id=office, force=True, refresh_images=True))
    assert await world.pool.fetchval(held, office) == 0


class Killed(BaseException):
    """The process dies here."""


async def test_node_that_dies_anywhere_leaves_what_another_completes(world: "World") -> None:  # W12, W35
    world.put(*(f"Firefly/Season 01/Firefly - S01E{number:02}.mkv" for number in range(1, 4)))
    world.put("One Piece/One Piece - 63.mkv", "The Office (2001)/Season 01/The Office - S01E01.mkv")
    await world.scan()

    async def forget() -> None:
        await world.pool.execute("DELETE FROM revenge.entity")
        await world.pool.execute("UPDATE revenge.library_item SET match_state = 'pending', match_evidence = NULL")

    await world.match()
    undisturbed = await world.snapshot()
    tell = world.events.changed
    kills = 0
    for last in range(1, 100):
        await forget()
        told = 0

        async def dying(*given: Any, _last: int = last, **more: Any) -> None:
            nonlocal told
            told += 1
            if told == _last:
                raise Killed
            await tell(*given, **more)

        world.events.changed = dying  # type: ignore[method-assign]
        try:
            await world.match()
        except Killed:
            kills += 1
        world.events.changed = tell  # type: ignore[method-assign]
        await world.match()
        assert await world.snapshot() == undisturbed
        if told < last:
            break
    assert kills == 3
