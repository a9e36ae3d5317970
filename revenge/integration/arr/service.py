"""Brings what Radarr or Sonarr has beside what we have: all of it in steps that survive a crash, or one title."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Generic, Protocol
from uuid import UUID

import structlog
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.http.errors import Nonsense, NotThere, Unavailable
from revenge.infra.jobs.clock import Clock
from revenge.integration.arr.errors import NotATitle
from revenge.integration.arr.facts import Source
from revenge.integration.arr.models import SyncCounts, SyncDone, SyncElsewhere, SyncPaused, SyncState
from revenge.integration.arr.paths import folder_of
from revenge.integration.arr.ports import ArrEvents, F, Shelf, SyncJobs, Titles, TitlesChanged
from revenge.integration.arr.repository import ArrRepository
from revenge.integration.arr.spool import Spool

LIST, TITLES, REMOVED, FILES = "list", "titles", "removed", "files"
PHASES: Mapping[str, float] = {LIST: 10, TITLES: 75, REMOVED: 5, FILES: 10}
"""What a full sync does, with the share of its time."""
EVENTS_KEPT = timedelta(days=30)
"""How long webhooks are shown."""
_FORGET_AT_ONCE = 1000
_FIRST_ERRORS = 20
_AGAIN = timedelta(seconds=30)
"""For a program that failed in the middle to come to itself."""
_REMOVE_AT_ONCE = 500
_FIND_AT_ONCE = 1000

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Report = Callable[[str, int, int | None], None]
"""Called with the phase, and how far in it."""


def _silent(phase: str, current: int, total: int | None) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Batch(Generic[F]):
    """Titles as facts, and what others of them failed with."""

    facts: Sequence[F]
    errors: Mapping[int, str] = field(default_factory=dict)


class Program(Protocol[F]):
    """Radarr or Sonarr, asked now: nothing is answered from a cache."""

    source: Source
    batch_size: int
    """Titles that are asked for and written together."""

    async def fetch_all(self, spool: Spool) -> None:
        """Put the list of all titles into ``spool``."""
        ...

    async def facts(self, titles: Sequence[tuple[int, bytes]]) -> Batch[F]:
        """Return what the program says of titles of its list."""
        ...

    async def one(self, arr_id: int) -> F:
        """Return what it says of one title; ``NotThere`` when it has none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """A full sync that a job wants."""

    job_id: int
    run_for: timedelta
    """After so long it pauses."""
    report: Report = _silent


class SyncService(Generic[F]):
    """The syncs of one program."""

    def __init__(
        self,
        pool: Pool,
        *,
        program: Program[F],
        titles: Titles[F],
        shelf: Shelf,
        jobs: SyncJobs,
        events: ArrEvents,
        clock: Clock,
    ) -> None:
        self._pool = pool
        self._program = program
        self._titles = titles
        self._shelf = shelf
        self._jobs = jobs
        self._events = events
        self._clock = clock
        self._rows = ArrRepository(program.source)

    @property
    def source(self) -> Source:
        """Return whose titles these are."""
        return self._program.source

    async def state(self) -> SyncState:
        """Return how the full sync goes, or how the last one went, on whatever node."""
        async with self._pool.acquire() as conn:
            state = await self._rows.state(conn)
            if state.is_running and state.job_id is not None and not await self._jobs.is_alive(conn, state.job_id):
                return replace(state, ended_at=state.started_at, error=state.error or "it was cancelled")
            return state

    async def sync_all(self, request: SyncRequest) -> SyncDone | SyncPaused | SyncElsewhere:
        """Sync all titles, from where an earlier attempt of this job left off.

        Raises:
            CallFailed: the program could not be asked; what was done until then is kept.
            SyncLost: another run has taken over.
        """
        claim = uuid7()
        async with self._pool.acquire() as conn, conn.transaction():
            state = await self._rows.lock_state(conn)
            if state.is_running and state.job_id == request.job_id:
                asked_at = await self._rows.resume(conn, claim=claim, job_id=request.job_id)
            elif state.is_running and state.job_id and await self._jobs.is_alive(conn, state.job_id):
                return SyncElsewhere(state.job_id)
            else:
                asked_at = await self._rows.begin(conn, sync_id=uuid7(), claim=claim, job_id=request.job_id)
                state = SyncState(source=self.source)
        run = _Run(request=request, claim=claim, asked_at=asked_at, cursor=state.cursor, counts=state.counts)
        try:
            return await self._run(run)
        except (Unavailable, Nonsense) as error:
            # Whoever fails now and then would use up all attempts of a long sync that is well on its way.
            if run.cursor == state.cursor:
                raise
            return SyncPaused(_AGAIN, str(error))

    async def sync_one(self, arr_id: int, *, look_at: Collection[bytes] = ()) -> SyncDone:
        """Sync one title; one that the program has no more is let go. Folders of ``look_at`` are scanned anyhow.

        Raises:
            NotATitle: there is none, and there never was.
            CallFailed: the program could not be asked.
        """
        try:
            facts = await self._program.one(arr_id)
        except NotThere as error:
            return await self.forget(arr_id, look_at=look_at, unless_unknown=f"{error}, and it was not known here")
        run = _Run(request=SyncRequest(job_id=0, run_for=timedelta.max), claim=uuid7())
        run.counts = replace(run.counts, total=1)
        async with self._pool.acquire() as conn, conn.transaction():
            await self._write(conn, Batch([facts]), run)
            await self._find_files(conn, run, after=0, arr_id=arr_id)
            await self._look_again(conn, look_at, run)
        return run.done("single")

    async def forget(
        self, arr_id: int, *, look_at: Collection[bytes] = (), unless_unknown: str | None = None
    ) -> SyncDone:
        """Let a title go that the program has no more.

        Raises:
            NotATitle: with ``unless_unknown`` as its text, where it was never known.
        """
        run = _Run(request=SyncRequest(job_id=0, run_for=timedelta.max), claim=uuid7())
        async with self._pool.acquire() as conn, conn.transaction():
            known = await self._rows.known(conn, [arr_id])
            if not known and unless_unknown is not None:
                raise NotATitle(unless_unknown)
            await self._remove(conn, [arr_id], run)
            await self._look_again(conn, look_at, run)
        return run.done("single")

    async def say_error(self, job_id: int, reason: str) -> None:
        """Say what stands in the way of a job's sync that will go on."""
        async with self._pool.acquire() as conn:
            await self._rows.say_error(conn, job_id, reason)

    async def fail(self, job_id: int, reason: str) -> None:
        """End a job's sync for good."""
        async with self._pool.acquire() as conn, conn.transaction():
            if await self._rows.fail(conn, job_id, reason):
                await self._events.sync_failed(conn, self.source, reason)

    async def _run(self, run: "_Run") -> SyncDone | SyncPaused:
        until = None
        if run.request.run_for < timedelta.max:
            until = self._clock.monotonic() + run.request.run_for.total_seconds()
        spool = Spool()
        try:
            run.request.report(LIST, 0, None)
            await self._program.fetch_all(spool)
            run.counts = replace(run.counts, total=spool.total + spool.unreadable)
            run.seen = run.counts.added + run.counts.updated + run.counts.unchanged + run.counts.failed
            async for titles in spool.batches(self._program.batch_size, after=run.cursor):
                await self._step(run, titles)
                if until is not None and self._clock.monotonic() >= until:
                    return SyncPaused()
            await self._remove_missing(run, spool)
        finally:
            await asyncio.to_thread(spool.close)
        await self._find_all_files(run)
        await self._forget_events()
        async with self._pool.acquire() as conn, conn.transaction():
            await self._rows.checkpoint(conn, run.claim, cursor=run.cursor, counts=run.counts)
            await self._rows.end(conn, run.claim)
            await self._events.sync_done(conn, self.source, run.counts)
        log.info("arr.synced", source=self.source.value, changes=run.counts.changes, total=run.counts.total)
        return run.done("full")

    async def _step(self, run: "_Run", titles: Sequence[tuple[int, bytes]]) -> None:
        batch = await self._program.facts(titles)
        before = run.counts
        try:
            async with self._pool.acquire() as conn, conn.transaction():
                await self._rows.hold(conn, run.claim)
                await self._write(conn, batch, run)
                await self._rows.checkpoint(conn, run.claim, cursor=titles[-1][0], counts=run.counts)
        except BaseException:
            run.counts = before
            raise
        run.cursor = titles[-1][0]
        run.seen += len(titles)
        run.request.report(TITLES, run.seen, run.counts.total)

    async def _write(self, conn: Connection, batch: Batch[F], run: "_Run") -> None:
        """Write what changed of titles, in as many statements for many as for one."""
        known = await self._rows.known(conn, [facts.arr_id for facts in batch.facts])
        changed = [
            facts
            for facts in batch.facts
            if (old := known.get(facts.arr_id)) is None
            or (
                # What a webhook's sync has written since is newer than the list.
                (run.asked_at is None or old.updated_at <= run.asked_at)
                and (old.digest != facts.digest() or (old.entity_id is None and facts.exists))
            )
        ]
        run.unreachable += sum(facts.unreachable for facts in batch.facts)
        if batch.errors:
            await self._rows.put_errors(conn, batch.errors)
            run.errors += [f"{arr_id}: {reason}" for arr_id, reason in batch.errors.items()]
        new = sum(facts.arr_id not in known or known[facts.arr_id].is_removed for facts in changed)
        run.counts = run.counts.plus(
            added=new,
            updated=len(changed) - new,
            unchanged=len(batch.facts) - len(changed),
            failed=len(batch.errors),
        )
        if not changed:
            return
        saved = await self._titles.save(conn, changed)
        await self._rows.put_titles(conn, changed, saved)
        left = await self._rows.put_files(conn, changed)
        await self._look_again(conn, {folder_of(path) for path in left}, run)
        await self._events.titles_changed(
            conn,
            TitlesChanged(
                source=self.source,
                added=[one.entity_id for one in saved if one.entity_id and one.created],
                updated=[one.entity_id for one in saved if one.entity_id and not one.created],
                released=[],
            ),
        )

    async def _remove_missing(self, run: "_Run", spool: Spool) -> None:
        async with self._pool.acquire() as conn:
            known = await self._rows.ids(conn, written_before=run.asked_at or self._clock.now())
        gone = sorted(spool.missing_of(known))
        run.request.report(REMOVED, 0, len(gone))
        for start in range(0, len(gone), _REMOVE_AT_ONCE):
            before = run.counts
            try:
                async with self._pool.acquire() as conn, conn.transaction():
                    await self._rows.hold(conn, run.claim)
                    await self._remove(conn, gone[start : start + _REMOVE_AT_ONCE], run)
                    await self._rows.checkpoint(conn, run.claim, cursor=run.cursor, counts=run.counts)
            except BaseException:
                run.counts = before
                raise
            run.request.report(REMOVED, min(start + _REMOVE_AT_ONCE, len(gone)), len(gone))

    async def _remove(self, conn: Connection, arr_ids: Sequence[int], run: "_Run") -> None:
        marked, entities, paths = await self._rows.remove(conn, arr_ids)
        run.counts = run.counts.plus(removed=len(marked))
        if entities:
            await self._events.titles_changed(conn, TitlesChanged(source=self.source, released=entities))
        await self._look_again(conn, {folder_of(path) for path in paths}, run)

    async def _find_all_files(self, run: "_Run") -> None:
        after: int | None = 0
        found = 0
        while after is not None:
            run.request.report(FILES, found, None)
            async with self._pool.acquire() as conn, conn.transaction():
                await self._rows.hold(conn, run.claim)
                after = await self._find_files(conn, run, after=after, arr_id=None)
            found += _FIND_AT_ONCE

    async def _forget_events(self) -> None:
        before = self._clock.now() - EVENTS_KEPT
        gone = _FORGET_AT_ONCE
        while gone == _FORGET_AT_ONCE:
            async with self._pool.acquire() as conn:
                gone = await self._rows.forget_events(conn, received_before=before, limit=_FORGET_AT_ONCE)

    async def _find_files(self, conn: Connection, run: "_Run", *, after: int, arr_id: int | None) -> int | None:
        """Link files to those of libraries, and have those looked for that no library has; return where to go on."""
        rows = await self._rows.to_find(conn, after=after, arr_id=arr_id, limit=_FIND_AT_ONCE)
        unlinked = {file_id: path for file_id, path, known, _ in rows if known is None}
        if unlinked:
            at = await self._shelf.files_at(conn, list(unlinked.values()))
            links = {file_id: at[path] for file_id, path in unlinked.items() if path in at}
            if links:
                await self._rows.link(conn, links)
        else:
            links = {}
        wanted = {file_id: path for file_id, path, _, is_asked in rows if file_id not in links and not is_asked}
        if wanted:
            await self._look_again(conn, {folder_of(path) for path in wanted.values()}, run)
            await self._rows.asked(conn, list(wanted))
        return rows[-1][0] if len(rows) == _FIND_AT_ONCE else None

    async def _look_again(self, conn: Connection, folders: Collection[bytes], run: "_Run") -> None:
        if folders:
            looked = await self._shelf.look_again(conn, folders)
            run.scans_asked += looked.asked
            run.outside += looked.outside


@dataclass(slots=True, kw_only=True)
class _Run:
    """What a run knows while it goes."""

    request: SyncRequest
    claim: UUID
    asked_at: datetime | None = None
    """When the list was asked for; None: there is none."""
    cursor: int = 0
    counts: SyncCounts = field(default_factory=SyncCounts)
    seen: int = 0
    scans_asked: int = 0
    outside: int = 0
    unreachable: int = 0
    errors: list[str] = field(default_factory=list)

    def done(self, operation: str) -> SyncDone:
        """Return what it did."""
        return SyncDone(
            operation=operation,
            counts=self.counts,
            scans_asked=self.scans_asked,
            outside=self.outside,
            unreachable=self.unreachable,
            errors=tuple(self.errors[:_FIRST_ERRORS]),
        )
