"""Watches libraries: one node in the cluster each, bursts of changes become one scan of the folders they are in."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol
from uuid import UUID

import asyncpg

from revenge.content.library.facts import SCANNED_TYPES
from revenge.content.library.live.changes import Changes, folders_to_scan
from revenge.content.library.live.folders import CannotWatch, Watch, watch_folders
from revenge.content.library.models import Library, LibraryPage
from revenge.content.library.ports import EnqueuedScan
from revenge.infra.jobs import Hold, JobsError
from revenge.infra.jobs.clock import Clock
from revenge.infra.threads import in_thread

PAGE = 1000
TROUBLE = (asyncpg.PostgresError, asyncpg.InterfaceError, JobsError, OSError, TimeoutError)
"""The database or a disk is away: it is tried again."""

logger = logging.getLogger("revenge.library")

Standing = tuple[bytes, int, int]
"""A root that is there, its device and its inode: another disk at the same place is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchConfig:
    """How libraries are watched."""

    enabled: bool = True
    quiet: timedelta = timedelta(seconds=10)
    """So long nothing changes before what has changed is scanned."""
    longest: timedelta = timedelta(minutes=5)
    """A copy that goes on for hours is scanned in between."""
    look: timedelta = timedelta(seconds=30)
    """How often is looked which libraries are to be watched, and whether a node that watched one has died."""
    tick: timedelta = timedelta(seconds=1)
    """How exactly the others are kept, and how soon a root that comes and goes is seen."""
    hold: timedelta = timedelta(seconds=30)
    """How long a library stays unwatched when its node dies."""
    after_trouble: timedelta = timedelta(minutes=10)
    """When a library that could not be watched is tried again."""


class Libraries(Protocol):
    """Lists libraries."""

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> LibraryPage:
        """Return a page."""
        ...


class PartialScans(Protocol):
    """Scans some folders of a library."""

    async def enqueue_part(self, library: Library, paths: Sequence[bytes], *, force: bool) -> EnqueuedScan:
        """Insert the job; one that waits or runs for the library already is returned as a duplicate."""
        ...


HoldOn = Callable[[str], AbstractAsyncContextManager[Hold]]
"""One holder in the cluster at a time."""


class LibraryWatching:
    """Watches every library that wants it; safe to run on each node."""

    def __init__(
        self,
        *,
        libraries: Libraries,
        scans: PartialScans,
        hold_on: HoldOn,
        clock: Clock,
        config: WatchConfig | None = None,
        watch: Watch = watch_folders,
    ) -> None:
        self._libraries = libraries
        self._scans = scans
        self._hold_on = hold_on
        self._clock = clock
        self._config = config or WatchConfig()
        self._watch = watch
        self._watched: dict[UUID, tuple[Library, asyncio.Task[None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Watch from now on; does nothing where it is switched off."""
        if self._config.enabled and self._task is None:
            self._task = asyncio.create_task(self._run(), name="library.watching")

    async def stop(self) -> None:
        """Watch no more; what changed and was not scanned yet is found by the next scan."""
        tasks = [task for _, task in self._watched.values()]
        if self._task is not None:
            tasks.append(self._task)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._watched, self._task = {}, None

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except TROUBLE as error:
                logger.warning("library.watch_failed", extra={"error": _told(error)})
            await self._clock.sleep(self._config.look)

    async def look(self) -> None:
        """Watch libraries that are new, anew those that were changed, and no more those that are gone."""
        wanted = {library.id: library for library in await self._wanted()}
        for library_id, (library, task) in list(self._watched.items()):
            if task.done() or not _is_same(library, wanted.get(library_id)):
                task.cancel()
                await asyncio.wait([task])
                del self._watched[library_id]
        for library_id, library in wanted.items():
            if library_id not in self._watched:
                task = asyncio.create_task(self._keep(library), name=f"library.watch.{library_id}")
                self._watched[library_id] = (library, task)

    async def _wanted(self) -> list[Library]:
        page = await self._libraries.list(limit=PAGE)
        found = page.libraries
        while page.next_cursor:
            page = await self._libraries.list(limit=PAGE, cursor=page.next_cursor)
            found = [*found, *page.libraries]
        return [each for each in found if each.enabled and each.realtime_monitoring and each.type in SCANNED_TYPES]

    async def _keep(self, library: Library) -> None:
        """Watch a library while this node holds it, and wait for it while another does."""
        while True:
            pause = self._config.look
            try:
                async with self._hold_on(f"library.watch:{library.id}") as hold:
                    if hold:
                        await self._while_held(library, hold)
            except CannotWatch as error:
                pause = self._config.after_trouble
                logger.warning("library.not_watched", extra={"library": library.name, "error": str(error)})
            except TROUBLE as error:
                logger.warning("library.watch_failed", extra={"library": library.name, "error": _told(error)})
            await self._clock.sleep(pause)

    async def _while_held(self, library: Library, hold: Hold) -> None:
        changes = Changes(quiet=self._config.quiet, longest=self._config.longest)
        before: Sequence[Standing] | None = None
        while hold:
            there = await in_thread(partial(standing_roots, library.paths))
            if before is not None:
                # A disk that comes back is looked at whole: nobody saw what happened to it.
                changes.add([root[0] for root in there if root not in before], now_s=self._clock.monotonic())
            before = there
            if there:
                await self._until_roots_change(library, hold, changes, there)
            else:
                await self._clock.sleep(self._config.tick)

    async def _until_roots_change(
        self, library: Library, hold: Hold, changes: Changes, there: Sequence[Standing]
    ) -> None:
        watching = self._watch([root for root, *_ in there], tick=self._config.tick)
        logger.info("library.watched", extra={"library": library.name, "folders": len(there)})
        try:
            async for changed in watching:
                changes.add(changed, now_s=self._clock.monotonic())
                if not hold:
                    return
                if changes.is_due(self._clock.monotonic()):
                    await self._scan(library, changes)
                if await in_thread(partial(standing_roots, library.paths)) != there:
                    return
        finally:
            if (close := getattr(watching, "aclose", None)) is not None:
                with suppress(RuntimeError):
                    await close()

    async def _scan(self, library: Library, changes: Changes) -> None:
        """Ask for one scan of all that changed; while another scan of the library waits or runs, it is asked for later."""
        paths = changes.take()
        try:
            folders = await in_thread(partial(folders_to_scan, paths, library.paths))
            if not folders:
                return
            enqueued = await self._scans.enqueue_part(library, folders, force=False)
        except TROUBLE as error:
            logger.warning("library.watch_failed", extra={"library": library.name, "error": _told(error)})
            changes.give_back(paths, now_s=self._clock.monotonic())
            return
        if enqueued.duplicate:
            changes.give_back(paths, now_s=self._clock.monotonic())
            return
        logger.info(
            "library.changed", extra={"library": library.name, "folders": len(folders), "job_id": enqueued.job_id}
        )


def standing_roots(roots: Sequence[bytes]) -> Sequence[Standing]:
    """Return the roots that are there; blocks on the disk."""
    found = []
    for root in roots:
        with suppress(OSError):
            stat = os.stat(root)
            if os.path.isdir(root):
                found.append((root, stat.st_dev, stat.st_ino))
    return found


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_same(watched: Library, wanted: Library | None) -> bool:
    return wanted is not None and (watched.paths, watched.type) == (wanted.paths, wanted.type)
