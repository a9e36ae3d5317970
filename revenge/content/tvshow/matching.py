"""Matches what libraries have of series: which series it is, once for all its files, and which episodes each of them is."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from revenge.content.library.models import LibraryType
from revenge.content.library.ports import Connection, Pool
from revenge.content.library.repository import LibraryRepository
from revenge.content.metadata.errors import EntityGone, MetadataError, SourceBusy
from revenge.content.metadata.models import EntityKind
from revenge.content.metadata.ports import MetadataSource
from revenge.content.tvshow.config import ShowConfig
from revenge.content.tvshow.errors import ShowError, UnknownFile
from revenge.content.tvshow.identifying import Finding, Identifier
from revenge.content.tvshow.items import Choice, ItemRepository
from revenge.content.tvshow.joining import Joiner
from revenge.content.tvshow.models import Item
from revenge.content.tvshow.ports import NoShowEvents, ShowEvents
from revenge.content.tvshow.seasons import SeasonReader
from revenge.content.tvshow.statements import statements
from revenge.content.tvshow.writer import ShowWriter

CHUNK = 500
"""Items of one series that are matched in one transaction."""

_MAX_TRIES = 5
"""How often one run takes up a series to which others add files."""

Report = Callable[[int, int | None, str], object]
"""Called with how many series are done, of how many, and the title of the next."""


@dataclass(slots=True, kw_only=True)
class MatchCounts:
    """What a run of matching did."""

    series: int = 0
    """How many, of all outcomes."""
    made: int = 0
    matched: int = 0
    """Items; the others count items, too."""
    unmatched: int = 0
    ignored: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    """Series about which nobody could be asked now, and why; they wait on."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able values."""
        return {
            "series": self.series,
            "series_made": self.made,
            "matched": self.matched,
            "unmatched": self.unmatched,
            "ignored": self.ignored,
            "failed": self.failed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which series of which library is matched, and how."""

    library_id: UUID
    series_key: str
    languages: Sequence[str]
    auto_create: bool


class Matching:
    """Any number of processes may match at once: two that find the same new series end up with one."""

    def __init__(
        self,
        pool: Pool,
        *,
        source: MetadataSource,
        writer: ShowWriter,
        events: ShowEvents | None = None,
        config: ShowConfig | None = None,
    ) -> None:
        self._pool = pool
        self._config = config or ShowConfig()
        self._items = ItemRepository(pool)
        self._libraries = LibraryRepository(pool)
        self._identifier = Identifier(pool, source=source, writer=writer, match=self._config.match)
        self._joiner = Joiner(
            pool,
            source=source,
            writer=writer,
            events=events or NoShowEvents(),
            seasons=SeasonReader(source, at_once=self._config.at_once),
        )

    async def match_library(
        self,
        library_id: UUID,
        *,
        auto_create: bool = True,
        counts: MatchCounts | None = None,
        report: Report = lambda done, total, title: None,
        run_for_s: float | None = None,
    ) -> tuple[MatchCounts, bool]:
        """Match all that waits in a library; return the counts, and whether it came to the end within its time.

        What was matched stays matched whatever becomes of this run. A series about which nobody could be asked now waits
        on, the others are matched all the same.

        Raises:
            LibraryNotFound: there is none.
            WrongLibraryType: it holds no series.
            SourceBusy: nobody can be asked for a while.
        """
        counts = counts or MatchCounts()
        languages = await self._languages(library_id)
        until = None if run_for_s is None else time.monotonic() + run_for_s
        total = counts.series + await self._items.count_groups(library_id)
        failed: set[str] = set()
        tries: Counter[str] = Counter()
        key, found_any = "", True
        while found_any:
            found_any, key = False, ""
            while (group := await self._items.next_group(library_id, key)) is not None:
                key = group
                if key in failed:
                    continue
                found_any = True
                tries[key] += 1
                scope = Scope(library_id=library_id, series_key=key, languages=languages, auto_create=auto_create)
                try:
                    await self._match_group(scope, counts, lambda title: report(counts.series, total, title))
                except SourceBusy:
                    raise
                except (MetadataError, ShowError, EntityGone) as error:
                    failed.add(key)
                    counts.failed.append({"series": key.removeprefix("episode:"), "error": str(error)})
                    await self._items.set_error(library_id, key, str(error))
                if tries[key] == _MAX_TRIES:
                    failed.add(key)  # it waits on whatever is done: others must come to their end
                    counts.failed.append(
                        {"series": key.removeprefix("episode:"), "error": "it is changed all the time"}
                    )
                counts.series += tries[key] == 1
                if until is not None and time.monotonic() > until:
                    return counts, False
        return counts, True

    async def waits(self, conn: Connection, library_id: UUID) -> bool:
        """Return whether anything of a library waits to be matched."""
        return await self._items.next_group(library_id, "", conn=conn) is not None

    async def match_file(
        self, path: bytes, *, force: bool = False, auto_create: bool = True, episode_id: UUID | None = None
    ) -> MatchCounts:
        """Match the item of one file, and with it all of its series that waits.

        ``force``: what was found before is found out again, for all files of the series; what a person chose stays.
        ``episode_id``: the file is this episode, from now on, by somebody's choice.

        Raises:
            UnknownFile: no library has it, or its name does not say what it is.
            EpisodeNotFound: as named.
            MetadataError: nobody can be asked.
        """
        shown = path.decode(errors="replace")
        file = await self._items.of_file(path)
        if file is None:
            raise UnknownFile(shown, "no library of series has this file; scan the library it lies in")
        if file.item_id is None or file.key is None or file.series_key is None:
            raise UnknownFile(shown, "its name does not say which episode it is; name it as SHOW/Season 01/SHOW S01E01")
        if episode_id is not None:
            async with self._pool.acquire() as conn, conn.transaction():
                await self._items.choose(conn, file.library_id, [file.key], episode_id)
                await conn.execute(statements()["item_reopen_many"], [file.item_id])
        elif force or file.state == "unmatched":
            states = ["matched", "unmatched"] if force else ["unmatched"]
            async with self._pool.acquire() as conn, conn.transaction():
                await self._items.reopen(conn, file.library_id, states, file.series_key)
        counts = MatchCounts()
        scope = Scope(
            library_id=file.library_id,
            series_key=file.series_key,
            languages=await self._languages(file.library_id),
            auto_create=auto_create,
        )
        await self._match_group(scope, counts, lambda title: None)
        counts.series = 1
        return counts

    async def _languages(self, library_id: UUID) -> Sequence[str]:
        library = await self._libraries.get_of_type(library_id, LibraryType.TVSHOW)
        return self._config.languages_for(library.preferred_language)

    async def _match_group(self, scope: Scope, counts: MatchCounts, tell: Callable[[str], object]) -> None:
        """Match what waits of one series, chunk by chunk."""
        while items := await self._items.group(scope.library_id, scope.series_key, limit=CHUNK):
            tell(items[0].title)
            choices = await self._items.choices(scope.library_id, {scope.series_key, *(item.key for item in items)})
            by_choice: dict[Choice | None, list[Item]] = {}
            for item in items:
                by_choice.setdefault(choices.get(item.key) or choices.get(scope.series_key), []).append(item)
            for choice, chosen in by_choice.items():
                await self._match_chosen(scope, choice, chosen, counts)
            if len(items) < CHUNK:
                return

    async def _match_chosen(
        self, scope: Scope, choice: Choice | None, items: Sequence[Item], counts: MatchCounts
    ) -> None:
        if choice is not None and choice.entity_id is None:
            counts.ignored += await self._joiner.ignore(items)
        elif choice is not None and choice.kind is EntityKind.EPISODE and choice.entity_id is not None:
            counts.matched += await self._joiner.join_episode(choice.entity_id, items)
        else:
            finding = await self._find(scope, choice, items)
            if not finding.is_found:
                counts.unmatched += await self._joiner.leave(finding, items)
                return
            joined = await self._joiner.join(
                scope.library_id,
                finding,
                items,
                languages=scope.languages,
                state="matched" if choice is None else "manual",
            )
            counts.matched += joined.items
            counts.made += joined.made_series

    async def _find(self, scope: Scope, choice: Choice | None, items: Sequence[Item]) -> Finding:
        """Return which series it is: by choice, by what was found before, else by asking."""
        if choice is not None:
            return Finding(series_id=choice.entity_id, by="choice")
        sibling = await self._items.series_of_group(scope.library_id, scope.series_key)
        if sibling is not None:
            return Finding(series_id=sibling, by="sibling")
        return await self._identifier.identify(items, languages=scope.languages, may_make=scope.auto_create)
