"""Finds out which films a library's items are: by what people chose, by ids, by titles and years."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.errors import NoSource, SourceBusy, SourceDown, SourceRefused
from revenge.content.metadata.merging import merge_entities
from revenge.content.metadata.models import MovieDetails, SearchHit
from revenge.content.metadata.ports import MetadataSource
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.scoring import (
    LOCAL,
    Candidate,
    MatchConfig,
    Verdict,
    Wanted,
    decide,
    ids_of_hit,
    is_sure,
)
from revenge.content.movie.items import ItemRepository
from revenge.content.movie.local import details_of
from revenge.content.movie.models import CHOSEN, ItemMatch, MatchItem, MatchState
from revenge.content.movie.ports import Matched, MovieEvents
from revenge.content.movie.registry import Claim, Ensured, MovieRegistry
from revenge.content.movie.repository import MovieRepository

CHUNK = 50
"""Items of one transaction: after a crash at most so many are asked for again, and providers' answers are kept."""
AT_ONCE = 8
"""Questions to providers at a time; how fast they may be asked is theirs to say."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What is known of an item before anything is written."""

    item: MatchItem
    verdict: Verdict | None = None
    """None: ids or a choice decide; or there is nobody to ask, and the film is made of what the item tells."""
    note: str | None = None
    """Why nobody could be asked, for good."""

    @property
    def key(self) -> tuple[UUID, str]:
        """What people's choices are kept by."""
        return self.item.library_id, self.item.key

    @property
    def own_film(self) -> UUID | None:
        """A film of ours that it was found to be."""
        return self.verdict.chosen.entity_id if self.verdict is not None and self.verdict.chosen is not None else None

    @property
    def is_doubtful(self) -> bool:
        """Whether nothing is sure enough."""
        return self.verdict is not None and self.verdict.chosen is None

    def claim(self, *, brief: bool) -> Claim | None:
        """Return the film that it is by ids or by its name; with ``brief`` a refresh will tell all but that.

        None where it is one of ours, or doubtful.
        """
        if self.verdict is None:
            told = details_of(self.item)
            if brief and self.item.ids:
                told = MovieDetails(provider=told.provider, ids=told.ids, title=told.title, year=told.year)
            return Claim(details=told, local_key=self.item.local_key)
        if self.verdict.chosen is None or self.own_film is not None:
            return None
        return Claim(details=hit_details(self.verdict.chosen.hit), local_key=self.item.local_key)


class MovieMatcher:
    """Matches items in chunks: questions first, without a transaction, then all answers in one.

    People's choices win. Ids that names or NFO files tell decide alone. Then our own films are compared, and providers are
    asked where those leave a doubt. Without anybody to ask, a film is made of its names and NFO file; it is identified by a
    refresh as soon as somebody can be asked.
    """

    def __init__(
        self, pool: Pool, *, source: MetadataSource, events: MovieEvents, config: MatchConfig | None = None
    ) -> None:
        self._pool = pool
        self._source = source
        self._events = events
        self._config = config or MatchConfig()
        self._registry = MovieRegistry()
        self._movies = MovieRepository()
        self._items = ItemRepository()
        self._entities = EntityRepository()

    async def match_pending(self, library_id: UUID, *, language: str) -> AsyncIterator[Sequence[ItemMatch]]:
        """Match what waits in a library and yield each chunk as soon as it is committed; begin again after a crash.

        Raises:
            SourceBusy: providers must not be asked now; what is committed stays.
            SourceDown: they do not answer; what is committed stays, and nothing is called unmatched for it.
        """
        after = UUID(int=0)
        while items := await self._items.pending(self._pool, library_id, after=after, limit=CHUNK):
            after = items[-1].id
            yield await self.match(items, language=language)

    async def match(self, items: Sequence[MatchItem], *, language: str) -> Sequence[ItemMatch]:
        """Match items of one library and return what they were found to be; those that a person has chosen for stay.

        Raises:
            SourceBusy: as from `match_pending`. What could be answered is committed.
            SourceDown: likewise.
        """
        findings, trouble = await self._ask(items, language)
        try:
            matches = await self._write(findings)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError):
            matches = await self._write_one_by_one(findings)
        if trouble is not None:
            raise trouble
        return matches

    async def _ask(
        self, items: Sequence[MatchItem], language: str
    ) -> tuple[list[_Finding], SourceBusy | SourceDown | None]:
        """Return what is known of each item, and why some are missing."""
        choices = await self._items.choices(self._pool, ((item.library_id, item.key) for item in items))
        compared = [item for item in items if not item.ids and (item.library_id, item.key) not in choices]
        decided = [item for item in items if item.ids or (item.library_id, item.key) in choices]
        ours = await self._own_films(compared)
        findings = [_Finding(item) for item in decided]
        limit = asyncio.Semaphore(AT_ONCE)
        trouble: list[SourceBusy | SourceDown] = []

        async def ask(item: MatchItem) -> None:
            async with limit:
                if trouble:
                    return
                try:
                    findings.append(await self._compare(item, ours.get(item.id, []), language))
                except (SourceBusy, SourceDown) as error:
                    trouble.append(error)

        async with asyncio.TaskGroup() as asking:
            for item in compared:
                asking.create_task(ask(item))
        return findings, trouble[0] if trouble else None

    async def _own_films(self, items: Sequence[MatchItem]) -> dict[UUID, list[SearchHit]]:
        if not items:
            return {}
        async with self._pool.acquire() as conn, conn.transaction():
            alike = await self._movies.alike(conn, [(item.title, item.year) for item in items])
            ids = {row["id"] for rows in alike.values() for row in rows}
            aliases = await self._movies.aliases(conn, ids)
            external = await self._entities.ids_of(conn, ids)
        return {
            items[at].id: [
                SearchHit(
                    provider=LOCAL,
                    provider_id=str(row["id"]),
                    title=row["title"],
                    original_title=row["original_title"],
                    aliases=tuple(aliases.get(row["id"], ())),
                    year=row["year"],
                    ids=external[row["id"]],
                )
                for row in rows
            ]
            for at, rows in alike.items()
        }

    async def _compare(self, item: MatchItem, ours: list[SearchHit], language: str) -> _Finding:
        wanted = wanted_of(item)
        verdict = decide(wanted, ours, self._config)
        if verdict.chosen is not None and is_sure(wanted, verdict.chosen):
            return _Finding(item, verdict)
        if not self._source.enabled:
            return _Finding(item, verdict if verdict.chosen is not None else None)
        try:
            hits = await self._search(wanted, language)
        except NoSource:
            return _Finding(item, verdict if verdict.chosen is not None else None)
        except SourceRefused as error:
            return _Finding(item, verdict if verdict.chosen is not None else None, note=str(error))
        return _Finding(item, decide(wanted, [*ours, *hits], self._config))

    async def _search(self, wanted: Wanted, language: str) -> list[SearchHit]:
        """Ask for each title until one is found for sure, with the year and, where that finds nothing, without."""
        found: list[SearchHit] = []
        for title in wanted.titles:
            for year in dict.fromkeys((wanted.year, None)):
                found += await self._source.search_movies(title, year=year, language=language)
                if decide(wanted, found, self._config).chosen is not None:
                    return found
        return found

    async def _write_one_by_one(self, findings: Sequence[_Finding]) -> list[ItemMatch]:
        """Write what can be written; one that the tables refuse waits for a person, and the others do not wait for it."""
        matches: list[ItemMatch] = []
        for finding in findings:
            try:
                matches += await self._write([finding])
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                wrong = ItemMatch(item_id=finding.item.id, state=MatchState.UNMATCHED, error=str(error))
                async with self._pool.acquire() as conn, conn.transaction():
                    await self._items.set_matches(conn, [wrong], {})
                matches.append(wrong)
        return matches

    async def _write(self, findings: Sequence[_Finding]) -> list[ItemMatch]:
        if not findings:
            return []
        async with self._pool.acquire() as conn, conn.transaction():
            await self._registry.lock(conn)
            states = await self._items.lock(conn, [finding.item.id for finding in findings])
            # One that a person has chosen for meanwhile is no longer ours, whatever we found.
            items = [finding for finding in findings if states.get(finding.item.id, MatchState.IGNORED) not in CHOSEN]
            matches, candidates, done = await self._settle(conn, items)
            await self._items.set_matches(conn, matches, candidates)
            await self._merge_local(conn, items, matches)
            if matches:
                await self._events.matched(conn, done)
            return matches

    async def _settle(
        self, conn: Connection, findings: Sequence[_Finding]
    ) -> tuple[list[ItemMatch], dict[UUID, Sequence[Candidate]], Matched]:
        """Decide with what is true now that nobody else makes films, and make those that are missing."""
        choices = await self._items.choices(conn, (finding.key for finding in findings))
        matches = [_by_choice(each.item, choices[each.key]) for each in findings if each.key in choices]
        open_ones = [each for each in findings if each.key not in choices]
        ours = await self._movies.known(conn, {each.own_film for each in open_ones if each.own_film is not None})
        matches += [_by_film(each, each.own_film) for each in open_ones if each.own_film in ours]
        claimed = [(each, claim) for each in open_ones if (claim := each.claim(brief=self._source.enabled)) is not None]
        ensured = await self._registry.ensure(conn, [claim for _, claim in claimed])
        matches += [_by_film(each, film) for (each, _), film in zip(claimed, ensured.ids, strict=True)]
        doubtful = [each for each in open_ones if each.is_doubtful]
        matches += [ItemMatch(item_id=each.item.id, state=MatchState.UNMATCHED) for each in doubtful]
        candidates = {each.item.id: each.verdict.candidates for each in doubtful if each.verdict is not None}
        return matches, candidates, await self._done(conn, findings, matches, ensured)

    async def _merge_local(self, conn: Connection, findings: Sequence[_Finding], matches: Sequence[ItemMatch]) -> None:
        """Take over what people did with films that names alone knew, and that were found to be others."""
        now = {each.item_id: each.movie_id for each in matches}
        moved = {
            each.item.movie_id: to
            for each in findings
            if each.item.movie_id is not None and (to := now.get(each.item.id)) not in (None, each.item.movie_id)
        }
        left = await self._movies.abandoned(conn, moved)
        merged = {gone: keep for gone, keep in moved.items() if left.get(gone) and keep is not None}
        if merged:
            await merge_entities(conn, merged)

    async def _done(
        self, conn: Connection, findings: Sequence[_Finding], matches: Sequence[ItemMatch], ensured: Ensured
    ) -> Matched:
        before = {each.item.id: each.item.movie_id for each in findings}
        now = {each.item_id: each.movie_id for each in matches}
        linked = {movie_id for movie_id in now.values() if movie_id is not None} - ensured.created
        had_items = await self._movies.with_items(conn, linked)
        unlinked = {before[item_id] for item_id, movie_id in now.items() if before[item_id] != movie_id} - {None}
        return Matched(
            library_id=findings[0].item.library_id if findings else UUID(int=0),
            created=sorted(ensured.created),
            linked=sorted(linked),
            available=sorted(linked - had_items),
            unlinked=sorted(movie_id for movie_id in unlinked if movie_id is not None),
            people=sorted(ensured.people),
            unmatched=sum(each.state is MatchState.UNMATCHED for each in matches),
        )


def wanted_of(item: MatchItem) -> Wanted:
    """Return what is looked for: the title, then the one that an NFO file says it had first."""
    titles = dict.fromkeys(title for title in (item.title, item.nfo.get("original_title")) if title)
    return Wanted(titles=tuple(titles), year=item.year)


def hit_details(hit: SearchHit) -> MovieDetails:
    """Return what a search tells of a film already; a refresh tells the rest."""
    return MovieDetails(
        provider=hit.provider,
        ids=ids_of_hit(hit),
        title=hit.title,
        original_title=hit.original_title,
        year=hit.year,
        overview=hit.overview,
    )


def _by_choice(item: MatchItem, entity_id: UUID | None) -> ItemMatch:
    if entity_id is None:
        return ItemMatch(item_id=item.id, state=MatchState.IGNORED, evidence={"by": "choice"})
    return ItemMatch(
        item_id=item.id, state=MatchState.MANUAL, movie_id=entity_id, confidence=1.0, evidence={"by": "choice"}
    )


def _by_film(finding: _Finding, movie_id: UUID | None) -> ItemMatch:
    chosen = finding.verdict.chosen if finding.verdict is not None else None
    evidence: Mapping[str, Any] = {"by": "name"}
    confidence = None
    if finding.item.ids:
        confidence, evidence = 1.0, {"by": "id", **{name.value: value for name, value in finding.item.ids.items()}}
    elif chosen is not None:
        confidence, evidence = chosen.score, {**chosen.evidence, "provider": chosen.hit.provider}
    return ItemMatch(
        item_id=finding.item.id,
        state=MatchState.MATCHED,
        movie_id=movie_id,
        confidence=confidence,
        evidence=evidence,
        error=finding.note,
    )
