"""What films' events set going: refreshes, pictures, search, and telling people what is new."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from revenge.app.events.choices import choice_done
from revenge.app.events.pictures import Pictures
from revenge.app.events.sinks import ActivityLog, Done, Happened, Notifications, SearchChanges
from revenge.content.library.models import Library
from revenge.content.library.ports import ChoiceMade, Connection, FilesChanged
from revenge.content.movie.items import ItemRepository
from revenge.content.movie.jobs import SCANNED
from revenge.content.movie.models import MatchState
from revenge.content.movie.ports import Matched, Refreshed
from revenge.content.movie.repository import MovieRepository

TOLD_ONE_BY_ONE = 5
"""New films of one chunk that each make an event; more make one event together: a first scan is one piece of news."""
NAMED = 20
"""Titles that such an event names."""
FACES = 20
"""People of a film whose pictures are fetched with it."""
_PAGE = 5000


class MatchQueue(Protocol):
    """The queue of what follows."""

    async def refresh_many(self, conn: Connection, movie_ids: Sequence[UUID]) -> int: ...

    async def match_library(self, conn: Connection, library_id: UUID) -> int: ...


class Source(Protocol):
    """Whether anybody can be asked."""

    @property
    def enabled(self) -> bool: ...


class MovieFanOut:
    """Passes films' events on, each within the transaction that makes it true; a few statements, however many films."""

    def __init__(
        self,
        *,
        jobs: MatchQueue,
        source: Source,
        search: SearchChanges,
        notifications: Notifications,
        activity: ActivityLog,
        pictures: Pictures,
    ) -> None:
        self._jobs = jobs
        self._source = source
        self._search = search
        self._notifications = notifications
        self._activity = activity
        self._pictures = pictures
        self._movies = MovieRepository()

    async def matched(self, conn: Connection, done: Matched) -> None:
        """Ask about new films, let search know, and tell people what there is to see."""
        if done.created and self._source.enabled:
            await self._jobs.refresh_many(conn, done.created)
        touched = {*done.created, *done.linked, *done.unlinked}
        if touched or done.people:
            await self._search.touch(conn, movies=touched, people=done.people)
        await self._tell(conn, "movie.added", done.created, done.library_id)
        await self._tell(conn, "movie.available", done.available, done.library_id)

    async def refreshed(self, conn: Connection, done: Refreshed) -> None:
        """Let search know, and fetch the pictures that are shown."""
        await self._search.touch(conn, movies=[done.movie_id, *done.merged], people=done.people)
        await self._pictures.fetch(conn, [done.movie_id, *done.people[:FACES]])

    async def deleted(self, conn: Connection, movie_ids: Sequence[UUID], *, asked_for: bool) -> None:
        """Let search forget them; tell of those that a person deleted."""
        if not movie_ids:
            return
        await self._search.touch(conn, movies=movie_ids)
        if not asked_for:
            return
        for movie_id in movie_ids:
            await self._notifications.raise_event(conn, Happened(type="movie.deleted", target_id=movie_id))
            done = Done(action="movie.delete", resource_type="movie", resource_id=str(movie_id))
            await self._activity.log(conn, done)

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        """Let search know, and ask anew what is known of the one that stays."""
        await self._search.touch(conn, movies=[keep, *gone])
        if self._source.enabled:
            await self._jobs.refresh_many(conn, [keep])
        changes = {"merged": [str(movie_id) for movie_id in gone]}
        done = Done(action="movie.merge", resource_type="movie", resource_id=str(keep), changes=changes)
        await self._activity.log(conn, done)

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        """Write down who said what items are."""
        await self._activity.log(conn, choice_done("movie", made))

    async def _tell(self, conn: Connection, type_: str, movie_ids: Sequence[UUID], library_id: UUID) -> None:
        if not movie_ids:
            return
        titles = await self._movies.titles(conn, movie_ids)
        if len(titles) <= TOLD_ONE_BY_ONE:
            events = [
                Happened(type=type_, target_id=movie_id, data=_told(movie_id, title, year, library_id))
                for movie_id, (title, year) in titles.items()
            ]
        else:
            names = [title if year is None else f"{title} ({year})" for title, year in titles.values()]
            data = {"library_id": str(library_id), "count": len(names), "titles": names[:NAMED]}
            events = [Happened(type=type_, target_id=library_id, data=data)]
        await self._notifications.raise_events(conn, events)


class MovieFiles:
    """Has the films among changed files matched, and search told of those whose files came or went."""

    def __init__(self, *, jobs: MatchQueue, search: SearchChanges) -> None:
        self._jobs = jobs
        self._search = search
        self._items = ItemRepository()
        self._movies = MovieRepository()

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Enqueue one match of the library where any waits: it takes all that wait, chunk by chunk."""
        changed = [*change.added, *change.updated, *change.moved, *change.missing]
        if not changed:
            return
        items = await self._items.of_files(conn, changed)
        if any(state is MatchState.PENDING for _, state, _ in items):
            await self._jobs.match_library(conn, change.library_id)
        known: Collection[UUID] = {movie_id for _, _, movie_id in items if movie_id is not None}
        if known:
            await self._search.touch(conn, movies=known)
        if known and change.updated:
            # The NFO file beside it may be another: of a film that nobody else knows it is all there is.
            await self._jobs.refresh_many(conn, await self._movies.local(conn, known))

    async def scan_done(self, conn: Connection, library: Library) -> None:
        """Enqueue a match where any still waits, since an earlier one may have failed."""
        if library.type in SCANNED and (await self._items.waiting(conn, library.id)).is_pending:
            await self._jobs.match_library(conn, library.id)

    async def visibility_changed(self, conn: Connection, library_id: UUID) -> None:
        """Have all films of the library indexed anew."""
        after = UUID(int=0)
        while films := await self._movies.of_library(conn, library_id, after=after, limit=_PAGE):
            after = films[-1]
            await self._search.touch(conn, movies=films)


def _told(movie_id: UUID, title: str, year: int | None, library_id: UUID) -> Mapping[str, Any]:
    return {"movie_id": str(movie_id), "title": title, "year": year, "library_id": str(library_id)}
