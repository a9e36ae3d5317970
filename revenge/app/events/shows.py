"""What series' events set going: refreshes, pictures, search, and telling people what is new."""

from collections.abc import Collection, Sequence
from typing import Any, Protocol
from uuid import UUID

from revenge.app.events.choices import choice_done
from revenge.app.events.pictures import Pictures
from revenge.app.events.sinks import ActivityLog, Done, Happened, Notifications, SearchChanges
from revenge.content.library.models import Library
from revenge.content.library.ports import ChoiceMade, Connection, FilesChanged, Pool
from revenge.content.tvshow.items import ItemRepository
from revenge.content.tvshow.jobs import SCANNED
from revenge.content.tvshow.ports import EpisodesAdded, SeriesAdded
from revenge.content.tvshow.repository import ShowRepository

FACES = 20
"""People of one step whose pictures are fetched with it."""
_PAGE = 5000
_BEFORE_ALL = UUID(int=0)


class Queue(Protocol):
    """The queue of what follows."""

    async def refresh_series(
        self, conn: Connection, series_id: UUID, *, force: bool, languages: Sequence[str] = ()
    ) -> int: ...

    async def renew_series(
        self, conn: Connection, series_id: UUID, *, seasons: bool, episodes: bool, languages: Sequence[str] = ()
    ) -> int: ...

    async def match_library(self, conn: Connection, library_id: UUID, *, auto_create: bool = True) -> int: ...


class ShowFanOut:
    """Passes series' events on, each within the transaction that makes it true; a few statements, however many episodes."""

    def __init__(
        self,
        pool: Pool,
        *,
        jobs: Queue,
        search: SearchChanges,
        notifications: Notifications,
        activity: ActivityLog,
        pictures: Pictures,
    ) -> None:
        self._jobs = jobs
        self._search = search
        self._notifications = notifications
        self._activity = activity
        self._pictures = pictures
        self._shows = ShowRepository(pool)

    async def series_added(self, conn: Connection, added: SeriesAdded) -> None:
        """Ask about it where somebody can be asked, and tell people."""
        if added.identified:
            await self._jobs.refresh_series(conn, added.series_id, force=False)
        data = {"series_id": str(added.series_id), "title": added.title, "year": added.year}
        await self._raise(conn, "series.added", added.series_id, {**data, "library_id": str(added.library_id)})
        await self._search.touch(conn, series=[added.series_id])

    async def episodes_added(self, conn: Connection, added: EpisodesAdded) -> None:
        """Ask about those that nobody told of; tell people, once for all of one step, unless the whole series is new."""
        if added.untold and not added.series_is_new:
            await self._jobs.refresh_series(conn, added.series_id, force=False)
        if not added.series_is_new:
            data = {
                "series_id": str(added.series_id),
                "title": added.title,
                "count": len(added.episode_ids),
                "library_id": str(added.library_id),
            }
            await self._raise(conn, "episode.added", added.series_id, data)
        await self._search.touch(conn, series=[added.series_id])

    async def changed(
        self, conn: Connection, series_ids: Collection[UUID], *, people: Collection[UUID] = (), images: bool = False
    ) -> None:
        """Let search know, and fetch the pictures that are shown."""
        await self._search.touch(conn, series=series_ids, people=people)
        if images:
            owners = await self._shows.picture_owners(conn, series_ids)
            faces = sorted(people)[:FACES]
            if owners or faces:
                await self._pictures.fetch(conn, [*owners, *faces])

    async def deleted(self, conn: Connection, series_ids: Collection[UUID], *, asked_for: bool = False) -> None:
        """Let search forget them; tell of those that a person deleted."""
        await self._search.touch(conn, series=series_ids)
        if not asked_for:
            return
        for series_id in series_ids:
            await self._raise(conn, "series.deleted", series_id, {"series_id": str(series_id)})
            done = Done(action="tvshow.delete", resource_type="tvshow", resource_id=str(series_id))
            await self._activity.log(conn, done)

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        """Let search know, ask anew about the one that stays, and write down who is whom."""
        await self._search.touch(conn, series=[keep, *gone])
        if await self._shows.is_identified(conn, keep):
            await self._jobs.renew_series(conn, keep, seasons=True, episodes=True)
        changes = {"merged": [str(series_id) for series_id in gone]}
        done = Done(action="tvshow.merge", resource_type="tvshow", resource_id=str(keep), changes=changes)
        await self._activity.log(conn, done)

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        """Write down who said what items are."""
        await self._activity.log(conn, choice_done("tvshow", made))

    async def _raise(self, conn: Connection, type_: str, target_id: UUID, data: dict[str, Any]) -> None:
        await self._notifications.raise_event(conn, Happened(type=type_, data=data, target_id=target_id))


class ShowFiles:
    """Has the episodes among changed files matched, and search told of the series whose files came or went."""

    def __init__(self, pool: Pool, *, jobs: Queue, search: SearchChanges) -> None:
        self._jobs = jobs
        self._search = search
        self._items = ItemRepository(pool)
        self._shows = ShowRepository(pool)

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Enqueue one match of the library where any waits: it takes all that wait, series by series."""
        if change.updated:
            await self._shows.reopen(conn, change.updated)
        changed = [*change.added, *change.updated, *change.moved, *change.missing]
        if not changed:
            return
        known, is_pending = await self._shows.of_files(conn, changed)
        if is_pending:
            await self._jobs.match_library(conn, change.library_id, auto_create=change.auto_create)
        if known:
            await self._search.touch(conn, series=known)

    async def scan_done(self, conn: Connection, library: Library) -> None:
        """Enqueue a match where any waits that an earlier one failed at; what is new has one."""
        if library.type in SCANNED and await self._items.is_left(conn, library.id):
            await self._jobs.match_library(conn, library.id)

    async def visibility_changed(self, conn: Connection, library_id: UUID) -> None:
        """Have all series of the library indexed anew."""
        after = _BEFORE_ALL
        while found := await self._shows.of_library(conn, library_id, after=after, limit=_PAGE):
            after = found[-1]
            await self._search.touch(conn, series=found)
