"""Libraries are watched by one node each, and what changes in them is scanned."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from revenge.app.enqueue import ScanQueue
from revenge.content.library.live import CannotWatch, LibraryWatching, WatchConfig, watch_folders
from revenge.content.library.models import Library, LibraryFields, LibraryType
from revenge.content.library.ports import EnqueuedScan
from revenge.content.library.service import LibraryService
from revenge.infra.jobs import Client, JobListParams
from revenge.infra.jobs.clock import SystemClock

FAST = WatchConfig(
    quiet=timedelta(milliseconds=30),
    longest=timedelta(seconds=2),
    look=timedelta(milliseconds=50),
    tick=timedelta(milliseconds=50),
    hold=timedelta(seconds=5),
    after_trouble=timedelta(milliseconds=50),
)


class Scans:
    """A queue that tells when it is asked."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[str, list[bytes]]] = asyncio.Queue()
        self.duplicates = 0
        self.fails = 0

    async def enqueue_part(self, library: Library, paths: Sequence[bytes], *, force: bool) -> EnqueuedScan:
        if self.fails:
            self.fails -= 1
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        duplicate = self.duplicates > 0
        self.duplicates -= duplicate
        if not duplicate:
            self.asked.put_nowait((library.name, list(paths)))
        return EnqueuedScan(1, duplicate)


class FakeWatch:
    """The system's word, as the test says it."""

    def __init__(self) -> None:
        self.watched: asyncio.Queue[list[bytes]] = asyncio.Queue()
        self.changes: asyncio.Queue[set[bytes] | Exception] = asyncio.Queue()

    async def __call__(self, folders: Sequence[bytes], *, tick: timedelta) -> AsyncIterator[set[bytes]]:
        self.watched.put_nowait(list(folders))
        while True:
            try:
                async with asyncio.timeout(tick.total_seconds()):
                    change = await self.changes.get()
            except TimeoutError:
                yield set()
                continue
            if isinstance(change, Exception):
                raise change
            yield change


class House:
    """A library, and nodes that watch it."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", root: Path) -> None:
        self.root = root
        self.client = Client(pool)
        self.queue = ScanQueue(self.client)
        self.libraries = LibraryService(pool, jobs=self.queue)
        self.scans = Scans()
        self.watch = FakeWatch()
        self.nodes: list[LibraryWatching] = []

    async def library(self, name: str = "Films", **fields: Any) -> Library:
        (self.root / name).mkdir(exist_ok=True)
        wanted: dict[str, Any] = {"name": name, "type": LibraryType.MOVIE, "paths": [str(self.root / name)]}
        return await self.libraries.create(LibraryFields(**wanted | fields))

    def node(self, *, scans: Any = None, watch: Any = None, **config: Any) -> LibraryWatching:
        wanted = {name: getattr(FAST, name) for name in FAST.__dataclass_fields__} | config
        node = LibraryWatching(
            libraries=self.libraries,
            scans=scans or self.scans,
            hold_on=lambda name: self.client.once_per_cluster(name, ttl=FAST.hold),
            clock=SystemClock(),
            config=WatchConfig(**wanted),
            watch=watch or self.watch,
        )
        self.nodes.append(node)
        return node

    def path(self, *names: str) -> bytes:
        return os.fsencode(self.root.joinpath(*names))


@pytest.fixture
async def house(pool: "asyncpg.Pool[asyncpg.Record]", tmp_path: Path) -> AsyncIterator[House]:
    house = House(pool, tmp_path)
    yield house
    for node in house.nodes:
        await node.stop()


async def test_file_that_appears_is_scanned_by_a_real_watch_and_a_real_job(house: House) -> None:
    """W27: realtime_monitoring is read."""
    library = await house.library()
    asked = Scans()

    class Both:
        async def enqueue_part(self, library: Library, paths: Sequence[bytes], *, force: bool) -> EnqueuedScan:
            enqueued = await house.queue.enqueue_part(library, paths, force=force)
            await asked.enqueue_part(library, paths, force=force)
            return enqueued

    seen = asyncio.Event()

    async def watched(folders: Sequence[bytes], *, tick: timedelta) -> AsyncIterator[set[bytes]]:
        async for change in watch_folders(folders, tick=tick):
            seen.set()  # it ticks: the system watches
            yield change

    await house.node(scans=Both(), watch=watched).start()
    await seen.wait()
    (house.root / "Films" / "Heat (1995)").mkdir()
    (house.root / "Films" / "Heat (1995)" / "Heat (1995).mkv").touch()
    _, folders = await asked.asked.get()
    assert folders[0].startswith(house.path("Films"))
    [job] = (await house.client.list(JobListParams())).jobs
    assert (job.kind, job.queue) == ("movie_library_scan", "bulk")
    assert job.args["library_id"] == str(library.id)
    assert job.args["paths"] == [os.fsdecode(folder) for folder in folders]


async def test_burst_of_changes_is_one_scan_of_the_folders_they_are_in(house: House) -> None:
    await house.library()
    for name in ("Heat", "Alien"):
        (house.root / "Films" / name).mkdir()
    await house.node().start()
    await house.watch.watched.get()
    for number in range(20):
        house.watch.changes.put_nowait(
            {house.path("Films", "Heat", f"{number}.mkv"), house.path("Films", "Alien", "x")}
        )
    assert await house.scans.asked.get() == ("Films", [house.path("Films", "Alien"), house.path("Films", "Heat")])
    assert house.scans.asked.empty()


async def test_change_during_a_scan_is_scanned_after_it_and_one_that_failed_again(house: House) -> None:
    await house.library()
    house.scans.duplicates, house.scans.fails = 1, 1
    await house.node().start()
    await house.watch.watched.get()
    house.watch.changes.put_nowait({house.path("Films", "Heat.mkv")})
    assert await house.scans.asked.get() == ("Films", [house.path("Films")])
    assert (house.scans.duplicates, house.scans.fails) == (0, 0)


async def test_only_libraries_that_want_it_are_watched(house: House) -> None:
    await house.library("Quiet", realtime_monitoring=False)
    await house.library("Off", enabled=False)
    await house.library("Music", type=LibraryType.MUSIC)
    await house.library("Films")
    node = house.node()
    await node.start()
    assert await house.watch.watched.get() == [house.path("Films")]
    await node.look()
    assert house.watch.watched.empty()


async def test_one_node_watches_a_library_and_another_takes_over_when_it_stops(house: House) -> None:
    """W14: not each node for itself."""
    await house.library()
    first, second = house.node(), house.node()
    await first.start()
    await house.watch.watched.get()
    await second.look()
    await second.look()
    assert house.watch.watched.empty()
    await second.start()
    await first.stop()
    assert await house.watch.watched.get() == [house.path("Films")]


async def test_root_that_comes_back_is_watched_and_scanned_whole(house: House) -> None:
    await house.library()
    await house.node().start()
    await house.watch.watched.get()
    (house.root / "Films").rename(house.root / "elsewhere")
    (house.root / "Other").mkdir()
    (house.root / "Other").rename(house.root / "Films")
    assert await house.watch.watched.get() == [house.path("Films")]
    assert await house.scans.asked.get() == ("Films", [house.path("Films")])


async def test_library_without_its_disk_is_waited_for(house: House) -> None:
    await house.library()
    (house.root / "Films").rmdir()
    await house.node().start()
    (house.root / "Films").mkdir()
    assert await house.watch.watched.get() == [house.path("Films")]


async def test_limit_of_the_system_is_told_with_what_to_do_and_tried_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.library()
    with caplog.at_level(logging.WARNING, logger="revenge.library"):
        await house.node().start()
        await house.watch.watched.get()
        house.watch.changes.put_nowait(CannotWatch("OS file watch limit reached: raise fs.inotify.max_user_watches"))
        await house.watch.watched.get()
    [told] = [record for record in caplog.records if record.message == "library.not_watched"]
    assert "max_user_watches" in told.__dict__["error"]


async def test_library_whose_folders_change_is_watched_anew_and_one_that_is_deleted_no_more(house: House) -> None:
    library = await house.library()
    (house.root / "More").mkdir()
    node = house.node()
    await node.start()
    await house.watch.watched.get()
    await house.libraries.update(library.id, {"paths": [str(house.root / "Films"), str(house.root / "More")]})
    assert await house.watch.watched.get() == [house.path("Films"), house.path("More")]
    await house.libraries.delete(library.id)
    await node.look()
    assert node._watched == {}


async def test_watching_that_is_switched_off_watches_nothing(house: House) -> None:
    await house.library()
    node = house.node(enabled=False)
    await node.start()
    assert node._task is None


async def test_folder_that_the_watcher_cannot_name_is_left_to_periodic_scans(tmp_path: Path) -> None:
    with pytest.raises(CannotWatch, match="UTF-8"):
        async for _ in watch_folders([os.fsencode(tmp_path) + b"/\xff"], tick=timedelta(seconds=1)):
            pass


async def test_a_name_below_that_is_no_text_is_said_and_does_not_end_the_watch_in_silence(tmp_path: Path) -> None:
    os.mkdir(os.fsencode(tmp_path) + b"/Nicht UTF\xe9 (2008)")
    with pytest.raises(CannotWatch, match="a name below it is not UTF-8"):
        async for _ in watch_folders([os.fsencode(tmp_path)], tick=timedelta(seconds=1)):
            pass
