"""Runs of the matcher: over one file, one item, or all that wait in a library, as far as their time reaches."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from revenge.content.library.models import LibraryType, show_path
from revenge.content.library.ports import Pool
from revenge.content.library.repository import LibraryRepository
from revenge.content.movie.errors import FileNamesNothing, FileNotKnown, ItemNotFound
from revenge.content.movie.items import ItemRepository
from revenge.content.movie.matcher import MovieMatcher
from revenge.content.movie.models import ItemMatch, MatchItem, MatchState

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MatchPaused:
    """Some may still wait: come back."""

    is_scanned: bool
    """All that waited are matched, but a scan may bring more."""


class MatchRuns:
    """What the worker calls."""

    def __init__(self, pool: Pool, *, matcher: MovieMatcher, libraries: LibraryRepository) -> None:
        self._pool = pool
        self._matcher = matcher
        self._libraries = libraries
        self._items = ItemRepository()

    async def match_file(self, path: bytes, *, force: bool) -> ItemMatch:
        """Match the item of a file that a library has. The disk is not looked at: scans do that.

        Raises:
            FileNotKnown: no library has it.
            FileNamesNothing: nothing says what film it is, or it is none.
            SourceBusy: as from `MovieMatcher.match`; likewise ``SourceDown``.
        """
        found = await self._items.of_file(self._pool, path)
        if found is None:
            raise FileNotKnown(show_path(path))
        if found.item_id is None:
            raise FileNamesNothing(show_path(path), "neither its name nor an NFO file says what film it is")
        if found.kind != "movie":
            raise FileNamesNothing(show_path(path), f"it is of the kind {found.kind!r}, not a film")
        return await self.match_item(found.item_id, force=force)

    async def match_item(self, item_id: UUID, *, force: bool) -> ItemMatch:
        """Match an item; one that is matched already only with ``force``, one that a person chose for never.

        Raises:
            ItemNotFound: there is no such film in any library.
            LibraryNotFound: its library was deleted.
            SourceBusy: as from `MovieMatcher.match`; likewise ``SourceDown``.
        """
        items = await self._items.get_many(self._pool, [item_id])
        if not items:
            raise ItemNotFound(item_id)
        item = items[0]
        if item.state is MatchState.MATCHED and not force:
            return _as_it_is(item)
        library = await self._libraries.get(item.library_id)
        matches = await self._matcher.match(items, language=library.preferred_language)
        return matches[0] if matches else _as_it_is(item)

    async def match_library(
        self, library_id: UUID, *, report: Report, run_for: timedelta
    ) -> Mapping[MatchState, int] | MatchPaused:
        """Match all that wait in a library, chunk by chunk, and return how its films stand, whoever matched them.

        Raises:
            LibraryNotFound: there is none.
            WrongLibraryType: it holds no films.
            SourceBusy: as from `MovieMatcher.match`; likewise ``SourceDown``.
        """
        library = await self._libraries.get_of_type(library_id, LibraryType.MOVIE)
        loop = asyncio.get_running_loop()
        until = loop.time() + run_for.total_seconds()
        states = await self._items.states(self._pool, library_id)
        total = sum(states.values())
        done = before = total - states[MatchState.PENDING]
        report(done, total)
        async for matches in self._matcher.match_pending(library_id, language=library.preferred_language):
            done += len(matches)
            total = max(done, total)
            report(done, total)
            if loop.time() > until:
                return MatchPaused(is_scanned=False)
        waiting = await self._items.waiting(self._pool, library_id)
        if waiting.is_scanned:
            return MatchPaused(is_scanned=True)
        if waiting.is_pending and done > before:
            # It came while the last chunk was written, and its own insert of this job was a duplicate.
            return MatchPaused(is_scanned=False)
        return await self._items.states(self._pool, library_id)


def _as_it_is(item: MatchItem) -> ItemMatch:
    return ItemMatch(item_id=item.id, state=item.state, movie_id=item.movie_id)
