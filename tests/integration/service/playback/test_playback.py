"""What is played and watched, and cleaning up behind it."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection
from revenge.infra.jobs import Client, JobState, Workers
from revenge.infra.jobs.testing import drain
from revenge.service.playback.clean_up import PlaybackCleanup
from revenge.service.playback.errors import (
    BeyondTheEnd,
    NothingToPlay,
    NotWatched,
    PlaybackNotFound,
    TooManyPlaybacks,
    WrongFile,
)
from revenge.service.playback.jobs import PlaybackCleanupArgs, PlaybackCleanupWorker
from revenge.service.playback.models import NewPlayback, Playback, PlaybackConfig, Viewing
from revenge.service.playback.segments import Segments
from revenge.service.playback.sessions import PlaybackService
from revenge.service.playback.watched import WatchedService


class Heard:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def started(self, conn: Connection, playback: Playback) -> None:
        self.told.append("started")

    async def stopped(self, conn: Connection, playback: Playback) -> None:
        self.told.append(playback.end_reason or "?")


class House:
    """Two people, a film in a library, and all that plays it."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", directory: Path) -> None:
        self.pool = pool
        self.directory = directory
        self.heard = Heard()
        self.watched = WatchedService(pool)
        self.config = PlaybackConfig(timeout=timedelta(minutes=10), max_sessions=2, batch=2)
        self.playbacks = PlaybackService(pool, node="here", config=self.config, events=self.heard)
        self.segments = Segments(pool, directory=directory, grace=timedelta(minutes=10))
        cleanup = PlaybackCleanup(pool, segments=self.segments, config=self.config, events=self.heard)
        self.client = Client(pool, workers=Workers([PlaybackCleanupWorker(cleanup)]))
        self.ada, self.eve, self.film, self.library = uuid7(), uuid7(), uuid7(), uuid7()

    async def furnish(self) -> "House":
        for account_id, name in ((self.ada, "ada"), (self.eve, "eve")):
            await self.pool.execute("INSERT INTO revenge.account (id, username) VALUES ($1, $2)", account_id, name)
        await self.pool.execute(
            "INSERT INTO revenge.library (id, name, type) VALUES ($1, 'Films', 'movie')", self.library
        )
        await self.put_film(self.film)
        return self

    async def put_film(self, film: UUID) -> UUID:
        await self.pool.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, 'movie')", film)
        await self.pool.execute("INSERT INTO revenge.movie (id, title) VALUES ($1, 'Heat')", film)
        await self.pool.execute(
            "INSERT INTO revenge.library_item (id, library_id, kind, key, title, movie_id) VALUES ($1, $2, 'movie', $3, 'Heat', $4)",
            uuid7(),
            self.library,
            str(film),
            film,
        )
        return film

    async def put_episode(self) -> UUID:
        series, season, episode, item = (uuid7() for _ in range(4))
        for entity_id, kind in ((series, "series"), (season, "season"), (episode, "episode")):
            await self.pool.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, $2)", entity_id, kind)
        await self.pool.execute("INSERT INTO revenge.series (id, title) VALUES ($1, 'Dark')", series)
        await self.pool.execute("INSERT INTO revenge.season (id, series_id, number) VALUES ($1, $2, 1)", season, series)
        await self.pool.execute(
            "INSERT INTO revenge.episode (id, series_id, season_id, season_number, number) VALUES ($1, $2, $3, 1, 1)",
            episode,
            series,
            season,
        )
        await self.pool.execute(
            "INSERT INTO revenge.library_item (id, library_id, kind, key, title, series_id) VALUES ($1, $2, 'episode', 'k', 'D', $3)",
            item,
            self.library,
            series,
        )
        await self.pool.execute("INSERT INTO revenge.item_episode (item_id, episode_id) VALUES ($1, $2)", item, episode)
        return episode

    async def start(self, account_id: UUID | None = None, **fields: Any) -> Playback:
        wanted = NewPlayback(**{"entity_id": self.film, **fields})
        return await self.playbacks.start(account_id or self.ada, wanted, only=None)

    async def age(self, playback_id: UUID, **columns: timedelta) -> None:
        for column, by in columns.items():
            await self.pool.execute(
                f"UPDATE revenge.playback_session SET {column} = $2 WHERE id = $1", playback_id, datetime.now(UTC) - by
            )

    def folder(self, name: str, *, age: timedelta = timedelta(hours=1)) -> Path:
        folder = self.directory / name
        folder.mkdir(parents=True)
        (folder / "0.ts").write_bytes(b"x")
        moment = datetime.now(UTC).timestamp() - age.total_seconds()
        os.utime(folder, (moment, moment))
        return folder

    async def clean(self) -> Any:
        job = (await self.client.insert(PlaybackCleanupArgs())).job
        await drain(self.client)
        return (await self.client.get(job.id)).metadata.get("output")


@pytest.fixture
async def house(pool: "asyncpg.Pool[asyncpg.Record]", tmp_path: Path) -> House:
    return await House(pool, tmp_path / "segments").furnish()


async def test_film_is_watched_once_nine_tenths_are_behind(house: House) -> None:
    begun = await house.watched.put(house.ada, house.film, Viewing(position_s=60, duration_s=100), only=None)
    assert (begun.is_completed, begun.play_count, begun.completed_at) == (False, 0, None)
    ended = await house.watched.put(house.ada, house.film, Viewing(position_s=95), only=None)
    assert (ended.is_completed, ended.play_count, ended.duration_s) == (True, 1, 100)
    still = await house.watched.put(house.ada, house.film, Viewing(position_s=99), only=None)
    assert still.play_count == 1
    again = await house.watched.put(house.ada, house.film, Viewing(position_s=5), only=None)
    assert (again.is_completed, again.play_count, again.position_s) == (True, 1, 5)
    twice = await house.watched.put(house.ada, house.film, Viewing(position_s=92), only=None)
    assert twice.play_count == 2


async def test_person_s_word_goes_over_what_the_position_says(house: House) -> None:
    marked = await house.watched.put(house.ada, house.film, Viewing(position_s=0, completed=True), only=None)
    assert (marked.is_completed, marked.play_count) == (True, 1)
    marked = await house.watched.put(house.ada, house.film, Viewing(position_s=0, completed=True), only=None)
    assert marked.play_count == 1
    unmarked = await house.watched.put(house.ada, house.film, Viewing(position_s=0, completed=False), only=None)
    assert (unmarked.is_completed, unmarked.completed_at) == (False, None)


async def test_what_one_watched_is_one_s_own(house: House) -> None:
    episode = await house.put_episode()
    for entity_id in (house.film, episode):
        await house.watched.put(house.ada, entity_id, Viewing(position_s=1), only=None)
    found, cursor = await house.watched.list(house.ada, limit=1)
    rest, end = await house.watched.list(house.ada, limit=1, cursor=cursor)
    assert [(each.entity_id, each.kind) for each in [*found, *rest]] == [(episode, "episode"), (house.film, "movie")]
    assert end is None
    assert await house.watched.list(house.eve) == ([], None)
    with pytest.raises(NotWatched):
        await house.watched.get(house.eve, house.film)
    await house.watched.forget(house.ada, house.film)
    with pytest.raises(NotWatched):
        await house.watched.forget(house.ada, house.film)
    for wrong in ("nonsense", "2026-01-01_x", f"2026-01-01T00:00:00_{uuid4()}"):
        with pytest.raises(ValueError, match=r"isoformat|UUID|cursor"):
            await house.watched.list(house.ada, cursor=wrong)


async def test_nothing_is_played_or_watched_in_libraries_that_may_not_be_seen(house: House) -> None:
    episode = await house.put_episode()
    for entity_id in (house.film, episode):
        for only in (frozenset[UUID](), frozenset({uuid4()})):
            with pytest.raises(NothingToPlay):
                await house.watched.put(house.eve, entity_id, Viewing(position_s=1), only=only)
            with pytest.raises(NothingToPlay):
                await house.playbacks.start(house.eve, NewPlayback(entity_id=entity_id), only=only)
        seen = frozenset({house.library})
        await house.watched.put(house.eve, entity_id, Viewing(position_s=1), only=seen)
        await house.playbacks.start(house.eve, NewPlayback(entity_id=entity_id), only=seen)
    with pytest.raises(NothingToPlay):
        await house.start(file_id=uuid4())
    with pytest.raises(NothingToPlay):
        await house.start(entity_id=uuid4())


async def put_file(house: House, entity: UUID, *, duration_s: float | None = None, part: int | None = None) -> UUID:
    file_id = uuid7()
    await house.pool.execute(
        "INSERT INTO revenge.library_root (id, library_id, position, path, path_text) VALUES ($1, $1, 1, '/f', '/f')"
        " ON CONFLICT DO NOTHING",
        house.library,
    )
    await house.pool.execute(
        "INSERT INTO revenge.library_file (id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode,"
        " duration_s, part) SELECT $1, library_id, library_id, id, $2, $3, 1, 1, 1, $4, $5 FROM revenge.library_item"
        " WHERE movie_id = $6 LIMIT 1",
        file_id, f"/f/{file_id}".encode(), f"/f/{file_id}", duration_s, part, entity,
    )  # fmt: skip
    return file_id


async def test_file_of_another_film_is_not_played_as_this_one(house: House) -> None:
    other = await house.put_film(uuid7())
    file_id = await put_file(house, other)
    with pytest.raises(WrongFile):
        await house.start(file_id=file_id)
    assert (await house.start(entity_id=other, file_id=file_id)).file_id == file_id


async def test_nobody_is_beyond_the_end(house: House) -> None:
    file_id = await put_file(house, house.film, duration_s=99.5)
    with pytest.raises(BeyondTheEnd, match="position_s is 500, beyond the end after 100 seconds"):
        await house.start(file_id=file_id, position_s=500)
    playback = await house.start(file_id=file_id, position_s=99)
    for act in (house.playbacks.beat, house.playbacks.stop):
        for wrong in (Viewing(position_s=500), Viewing(position_s=500, duration_s=100)):
            with pytest.raises(BeyondTheEnd):
                await act(house.ada, playback.id, wrong)
    with pytest.raises(BeyondTheEnd):
        await house.watched.put(house.ada, house.film, Viewing(position_s=500, duration_s=100), only=None)
    with pytest.raises(NotWatched):
        await house.watched.get(house.ada, house.film)  # nothing of that was remembered
    # Players round, and a longer cut that the player knows of may be longer than the file.
    await house.playbacks.beat(house.ada, playback.id, Viewing(position_s=104))
    assert (
        await house.playbacks.beat(house.ada, playback.id, Viewing(position_s=500, duration_s=600))
    ).position_s == 500


async def test_part_of_a_film_says_not_where_the_film_ends(house: House) -> None:
    file_id = await put_file(house, house.film, duration_s=100, part=1)
    playback = await house.start(file_id=file_id, position_s=500)
    assert (await house.playbacks.beat(house.ada, playback.id, Viewing(position_s=501))).position_s == 501


async def test_playing_is_begun_heard_of_and_stopped_and_remembers_what_was_watched(house: House) -> None:
    playback = await house.start(client="sofa")
    await house.playbacks.beat(house.ada, playback.id, Viewing(position_s=50, duration_s=100))
    assert (await house.watched.get(house.ada, house.film)).position_s == 50
    stopped = await house.playbacks.stop(house.ada, playback.id, Viewing(position_s=96))
    assert (stopped.end_reason, stopped.node, stopped.position_s) == ("stopped", "here", 96)
    assert (await house.watched.get(house.ada, house.film)).is_completed
    assert house.heard.told == ["started", "stopped"]
    with pytest.raises(PlaybackNotFound):
        await house.playbacks.beat(house.ada, playback.id, Viewing(position_s=97))


async def test_what_somebody_plays_cannot_be_stopped_by_another(house: House) -> None:
    playback = await house.start()
    with pytest.raises(PlaybackNotFound):
        await house.playbacks.stop(house.eve, playback.id, Viewing(position_s=1))
    assert [each.id for each in (await house.playbacks.list(house.ada))[0]] == [playback.id]
    assert (await house.playbacks.list(house.eve))[0] == []
    assert len((await house.playbacks.list(None))[0]) == 1


async def test_account_plays_so_much_at_once_and_no_more(house: House) -> None:
    outcomes = await asyncio.gather(*(house.start() for _ in range(5)), return_exceptions=True)
    assert [type(each) for each in outcomes].count(TooManyPlaybacks) == 3
    lost = (await house.playbacks.list(house.ada))[0][0]
    await house.age(lost.id, last_seen_at=timedelta(minutes=11))
    await house.start()


async def test_players_that_are_not_heard_of_are_ended_and_old_ones_forgotten(house: House) -> None:
    """W04: the job really does something."""
    lost = [await house.start(each) for each in (house.ada, house.ada, house.eve)]
    for playback in lost:
        await house.age(playback.id, last_seen_at=timedelta(minutes=11))
    alive = await house.start()
    old = await house.start(house.eve)
    await house.age(old.id, ended_at=timedelta(days=91))
    gone, kept = house.folder(str(lost[0].id)), house.folder(str(alive.id))
    assert await house.clean() == {"ended": 3, "segments_removed": 1, "deleted": 1}
    assert (gone.exists(), kept.exists()) == (False, True)
    assert [each.id for each in (await house.playbacks.list(None))[0]] == [alive.id]
    assert house.heard.told.count("not heard of") == 3


async def test_segments_of_sessions_that_nobody_knows_are_removed_and_nothing_else(house: House) -> None:
    orphan, recent = house.folder(str(uuid4())), house.folder(str(uuid4()), age=timedelta(seconds=1))
    foreign = house.folder("films")
    shouting = house.folder(str(uuid4()).upper())
    outside = house.directory.parent / "outside"
    outside.mkdir()
    link = house.directory / str(uuid4())
    link.symlink_to(outside)
    file = house.directory / str(uuid4())
    file.write_bytes(b"x")
    assert await house.segments.sweep() == 1
    assert not orphan.exists()
    assert all(path.exists() for path in (recent, foreign, shouting, outside, link, file))


async def test_folder_that_is_not_there_is_nothing_to_sweep(house: House) -> None:
    assert await house.segments.sweep() == 0
    assert await house.clean() == {"ended": 0, "segments_removed": 0, "deleted": 0}


async def test_second_clean_up_waits_for_the_first(house: House) -> None:
    async with house.client.once_per_cluster("playback_cleanup", ttl=timedelta(minutes=1)) as hold:
        assert hold
        job = (await house.client.insert(PlaybackCleanupArgs())).job
        await drain(house.client)
        assert (await house.client.get(job.id)).state is JobState.SCHEDULED
