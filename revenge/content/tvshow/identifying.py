"""Finds out which series the files of one are: by what a person chose, by ids, by a search, else by their names alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from revenge.content.library.nfo import Nfo
from revenge.content.library.ports import Pool
from revenge.content.metadata.errors import NoSource, SourceRefused, UnknownTitle
from revenge.content.metadata.models import IdProvider, Ids, SearchHit, SeriesDetails
from revenge.content.metadata.nfo import ids_of
from revenge.content.metadata.ports import MetadataSource
from revenge.content.metadata.scoring import LOCAL, Candidate, MatchConfig, Verdict, Wanted, decide, ids_of_hit
from revenge.content.tvshow import nfo as nfo_files
from revenge.content.tvshow.models import Item
from revenge.content.tvshow.statements import statements
from revenge.content.tvshow.writer import ShowWriter
from revenge.infra.threads import in_thread

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ALIKE = 10
NAME = "name"
"""Who says what only a name says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Which series it is, or may be."""

    series_id: UUID | None = None
    """One that is known."""
    details: SeriesDetails | None = None
    """What is said of it; without ``series_id`` it is to be made, None: it is none that is sure enough."""
    told: bool = False
    """A provider says it, and not files alone."""
    by: str
    """``id``, ``search``, ``title``, ``files``, ``sibling``, ``choice``; ``nothing``."""
    confidence: float = 1.0
    evidence: Mapping[str, Any] = field(default_factory=dict)
    candidates: Sequence[Candidate] = ()

    @property
    def is_found(self) -> bool:
        """Whether it is sure enough."""
        return self.series_id is not None or self.details is not None


class Identifier:
    """Asks whoever can be asked; it writes nothing."""

    def __init__(self, pool: Pool, *, source: MetadataSource, writer: ShowWriter, match: MatchConfig) -> None:
        self._pool = pool
        self._match = match
        self._source = source
        self._writer = writer

    async def identify(self, items: Sequence[Item], *, languages: Sequence[str], may_make: bool = True) -> Finding:
        """Return which series ``items``, all of one, are of; errors as those of ``MetadataSource`` but final ones.

        ``may_make``: one that nobody knows yet may be the answer.
        """
        first = items[0]
        nfo = await self._series_nfo(items)
        ids: dict[IdProvider, str] = {}
        for item in items:
            ids = {**item.ids, **ids}
        ids = {**(ids_of(nfo) if nfo else {}), **ids}
        wanted = Wanted(
            titles=((nfo and nfo.title) or first.title,),
            year=first.year or (nfo.year if nfo else None),
            ids=ids,
        )
        known = await self._known_by_ids(ids)
        if known is not None:
            return Finding(series_id=known, by="id", evidence={"ids": _plain(ids)})
        refusal = "nobody can be asked"
        if self._source.enabled:
            try:
                return await self._ask(wanted, languages, may_make=may_make)
            except (NoSource, SourceRefused) as error:
                refusal = str(error)
            except UnknownTitle as error:
                # A search told of it, and nobody has it: files are not to wait for that.
                return Finding(by="nothing", confidence=0.0, evidence={"reason": str(error)})
        return await self._by_files(wanted, nfo, refusal, may_make=may_make)

    async def search(self, wanted: Wanted, *, language: str) -> Verdict:
        """Return which series a source means by a title; errors as those of ``MetadataSource``."""
        (title,) = wanted.titles
        hits = await self._source.search_series(title, year=wanted.year, language=language)
        verdict = decide(wanted, hits, self._match)
        if verdict.chosen is None and wanted.year is not None:
            # Sources filter by the year of the first season; a folder may name that of a later one, or of a remake's pilot.
            more = await self._source.search_series(title, year=None, language=language)
            verdict = decide(wanted, [*hits, *more], self._match)
        return verdict

    async def _ask(self, wanted: Wanted, languages: Sequence[str], *, may_make: bool) -> Finding:
        if wanted.ids and may_make:
            try:
                details = await self._source.series(wanted.ids, languages=languages)
            except UnknownTitle:
                pass
            else:
                return await self._of_details(details, Finding(by="id", evidence={"ids": _plain(wanted.ids)}))
        verdict = await self.search(wanted, language=languages[0])
        evidence: dict[str, Any] = {"reason": verdict.reason}
        chosen = verdict.chosen
        if chosen is None:
            return Finding(
                by="nothing", confidence=verdict.confidence, evidence=evidence, candidates=verdict.candidates
            )
        evidence |= {**chosen.evidence, "provider": chosen.hit.provider, "provider_id": chosen.hit.provider_id}
        found = Finding(by="search", confidence=verdict.confidence, evidence=evidence, candidates=verdict.candidates)
        ids = ids_of_hit(chosen.hit)
        known = await self._known_by_ids(ids)
        if known is not None:
            return replace(found, series_id=known)
        if not may_make:
            return replace(
                found, by="nothing", evidence={**evidence, "reason": "it is not known, and none is to be made"}
            )
        return await self._of_details(await self._source.series(ids, languages=languages), found)

    async def _of_details(self, details: SeriesDetails, finding: Finding) -> Finding:
        known = await self._known_by_ids(details.ids)
        return replace(finding, series_id=known, details=details, told=True)

    async def _by_files(self, wanted: Wanted, nfo: Nfo | None, refusal: str, *, may_make: bool) -> Finding:
        """Return a series that is known and is called so, else one that files alone tell of."""
        logger.info("match.by_name", title=wanted.titles[0], reason=refusal)
        evidence = {"reason": refusal}
        (title,) = wanted.titles
        async with self._pool.acquire() as conn:
            local = await self._writer.find_local(conn, title, wanted.year)
            rows = [] if local else await conn.fetch(statements()["series_alike"], title, _ALIKE)
        if local is not None:
            details = None if nfo is None else nfo_files.series_details(nfo, title=title, year=wanted.year)
            return Finding(series_id=local, details=details, by="title", evidence=evidence)
        verdict = decide(wanted, [_known_hit(row) for row in rows], self._match)
        if verdict.chosen is not None:
            return Finding(
                series_id=verdict.chosen.entity_id,
                by="title",
                confidence=verdict.confidence,
                evidence={**evidence, **verdict.chosen.evidence},
            )
        if not may_make:
            return Finding(by="nothing", confidence=0.0, evidence=evidence, candidates=verdict.candidates)
        if nfo is not None:
            details = nfo_files.series_details(nfo, title=title, year=wanted.year)
        else:
            details = SeriesDetails(provider=NAME, title=title, year=wanted.year)
        return Finding(details=details, by="files", evidence=evidence)

    async def _known_by_ids(self, ids: Ids) -> UUID | None:
        if not ids:
            return None
        async with self._pool.acquire() as conn:
            return await self._writer.find(conn, ids)

    async def _series_nfo(self, items: Sequence[Item]) -> Nfo | None:
        folders: dict[bytes, Item] = {}
        for item in items:
            if item.path is not None and item.root is not None:
                folders.setdefault(item.path.rpartition(b"/")[0], item)
        for item in list(folders.values())[:_ALIKE]:
            found = await in_thread(partial(nfo_files.read_series_nfo, item.path or b"", item.root or b""))
            if found is not None:
                return found
        return None


def _plain(ids: Ids) -> dict[str, str]:
    return {provider.value: value for provider, value in ids.items()}


def _known_hit(row: asyncpg.Record) -> SearchHit:
    return SearchHit(
        provider=LOCAL,
        provider_id=str(row["id"]),
        title=row["title"],
        original_title=row["original_title"],
        year=row["year"],
        popularity=row["popularity"],
    )
