"""Syncs, titles and files as the tables hold them: one method per question, on the caller's connection."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from revenge.infra.database.connection import Connection
from revenge.integration.arr.errors import SyncLost
from revenge.integration.arr.facts import FileFacts, Source, TitleFacts
from revenge.integration.arr.models import Known, SyncCounts, SyncState
from revenge.integration.arr.ports import Saved
from revenge.integration.arr.statements import statements

_MAX_ERROR = 500


class ArrRepository:
    """The rows of one program."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._sql = statements()

    # How the sync goes

    async def state(self, conn: Connection) -> SyncState:
        """Return how the full sync goes, or how the last one went."""
        return _state_from(await conn.fetchrow(self._sql["sync_state"], self._source.value), self._source)

    async def lock_state(self, conn: Connection) -> SyncState:
        """Return the same, and let nobody else begin until the transaction ends."""
        await conn.execute(self._sql["sync_row"], self._source.value)
        return _state_from(await conn.fetchrow(self._sql["sync_lock"], self._source.value), self._source)

    async def begin(self, conn: Connection, *, sync_id: UUID, claim: UUID, job_id: int) -> datetime:
        """Begin a sync anew; return the time, by the clock that titles are written by."""
        return await self._moment(conn, "sync_begin", sync_id, claim, job_id)

    async def resume(self, conn: Connection, *, claim: UUID, job_id: int) -> datetime:
        """Take over one that has begun, and return the time; whoever had it writes no more."""
        return await self._moment(conn, "sync_resume", claim, job_id)

    async def checkpoint(self, conn: Connection, claim: UUID, *, cursor: int, counts: SyncCounts) -> None:
        """Keep how far it is.

        Raises:
            SyncLost: another run has it by now; let the transaction roll back.
        """
        values = (counts.added, counts.updated, counts.unchanged, counts.removed, counts.failed, counts.total)
        self._check(await conn.fetchval(self._sql["sync_checkpoint"], self._source.value, claim, cursor, *values))

    async def hold(self, conn: Connection, claim: UUID) -> None:
        """Make sure that the sync is ours until the transaction ends.

        Raises:
            SyncLost: it is another run's.
        """
        self._check(await conn.fetchval(self._sql["sync_hold"], self._source.value, claim))

    async def end(self, conn: Connection, claim: UUID) -> None:
        """Say that it is complete.

        Raises:
            SyncLost: it is another run's.
        """
        self._check(await conn.fetchval(self._sql["sync_end"], self._source.value, claim))

    async def say_error(self, conn: Connection, job_id: int, reason: str) -> None:
        """Say what stands in the way of a sync that will go on."""
        await conn.execute(self._sql["sync_say_error"], self._source.value, job_id, reason[:_MAX_ERROR])

    async def fail(self, conn: Connection, job_id: int, reason: str) -> bool:
        """End the sync of a job for good; return whether there was one."""
        row = await conn.fetchval(self._sql["sync_fail"], self._source.value, job_id, reason[:_MAX_ERROR])
        return row is not None

    async def forget_events(self, conn: Connection, *, received_before: datetime, limit: int) -> int:
        """Remove the oldest webhooks, ``limit`` at most; return how many that were."""
        rows = await conn.fetch(self._sql["event_forget"], self._source.value, received_before, limit)
        return len(rows)

    # Titles and files

    async def known(self, conn: Connection, arr_ids: Sequence[int]) -> Mapping[int, Known]:
        """Return what was last written of titles."""
        rows = await conn.fetch(self._sql["title_known"], self._source.value, arr_ids)
        return {
            row["arr_id"]: Known(bytes(row["digest"]), row["entity_id"], row["is_removed"], row["updated_at"])
            for row in rows
        }

    async def ids(self, conn: Connection, *, written_before: datetime) -> set[int]:
        """Return all titles that the program had before a time."""
        rows = await conn.fetch(self._sql["title_ids"], self._source.value, written_before)
        return {row["arr_id"] for row in rows}

    async def put_titles(self, conn: Connection, titles: Sequence[TitleFacts], saved: Sequence[Saved]) -> None:
        """Write titles and what they are here."""
        rows = [
            (facts.arr_id, one.entity_id, facts.title, facts.path, facts.monitored, facts.digest())
            for facts, one in zip(titles, saved, strict=True)
        ]
        await conn.execute(self._sql["title_put"], self._source.value, *_columns(rows, 6))

    async def put_errors(self, conn: Connection, errors: Mapping[int, str]) -> None:
        """Write what titles failed with."""
        rows = [(arr_id, f"title {arr_id}", reason[:_MAX_ERROR]) for arr_id, reason in errors.items()]
        await conn.execute(self._sql["title_put_error"], self._source.value, *_columns(rows, 3))

    async def remove(self, conn: Connection, arr_ids: Collection[int]) -> tuple[list[int], list[UUID], list[bytes]]:
        """Mark titles that the program has no more, and forget their files; those that were there already stay as they are.

        Return which were marked, what they were here, and where their files were.
        """
        gone = await conn.fetch(self._sql["title_remove"], self._source.value, list(arr_ids))
        if not gone:
            return [], [], []
        marked = [row["arr_id"] for row in gone]
        files = await self._files(conn, marked)
        await conn.execute(self._sql["file_drop"], self._source.value, list(files))
        return marked, [row["entity_id"] for row in gone if row["entity_id"]], list(files.values())

    async def put_files(self, conn: Connection, titles: Sequence[TitleFacts]) -> set[bytes]:
        """Write all files of titles; return where files were that are there no more."""
        before = await self._files(conn, [facts.arr_id for facts in titles])
        now = {file.id: (facts.arr_id, file) for facts in titles for file in facts.files}
        dropped = [file_id for file_id in before if file_id not in now]
        if dropped:
            await conn.execute(self._sql["file_drop"], self._source.value, dropped)
        if now:
            rows = [_file_row(file, arr_id) for arr_id, file in now.values()]
            await conn.execute(self._sql["file_put"], self._source.value, *_columns(rows, 16))
        return {path for file_id, path in before.items() if file_id not in now or now[file_id][1].path != path}

    async def to_find(
        self, conn: Connection, *, after: int, arr_id: int | None, limit: int
    ) -> Sequence[tuple[int, bytes, UUID | None, bool]]:
        """Return files that no library has: id, path, the missing file of a library, and whether a scan looks for it."""
        rows = await conn.fetch(self._sql["file_to_find"], self._source.value, after, arr_id, limit)
        return [(row["arr_file_id"], bytes(row["path"]), row["library_file_id"], row["is_asked_for"]) for row in rows]

    async def link(self, conn: Connection, links: Mapping[int, UUID]) -> None:
        """Say which files of libraries theirs are."""
        await conn.execute(self._sql["file_link"], self._source.value, list(links), list(links.values()))

    async def asked(self, conn: Connection, file_ids: Sequence[int]) -> None:
        """Remember that scans were asked to look for files."""
        await conn.execute(self._sql["file_asked"], self._source.value, file_ids)

    async def _files(self, conn: Connection, arr_ids: Sequence[int]) -> dict[int, bytes]:
        rows = await conn.fetch(self._sql["file_paths"], self._source.value, arr_ids)
        return {row["arr_file_id"]: bytes(row["path"]) for row in rows}

    async def _moment(self, conn: Connection, statement: str, *values: object) -> datetime:
        moment: datetime = await conn.fetchval(self._sql[statement], self._source.value, *values)
        return moment

    @staticmethod
    def _check(row: object) -> None:
        if row is None:
            raise SyncLost("another run has taken this sync over")


def _state_from(row: Any, source: Source) -> SyncState:
    if row is None:
        return SyncState(source=source)
    counts = {name: row[name] for name in ("added", "updated", "unchanged", "removed", "failed", "total")}
    return SyncState(
        source=source,
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        succeeded_at=row["succeeded_at"],
        job_id=row["job_id"],
        sync_id=row["sync_id"],
        cursor=row["cursor"],
        counts=SyncCounts(**counts),
        error=row["error"],
    )


def _file_row(file: FileFacts, arr_id: int) -> tuple[Any, ...]:
    return (
        file.id,
        arr_id,
        file.path,
        file.name,
        file.size_bytes,
        file.quality,
        file.resolution,
        file.release_group,
        file.edition,
        _array(file.languages),
        _array(file.subtitles),
        file.video_codec,
        file.audio_codec,
        file.dynamic_range,
        file.duration_s,
        file.added_at,
    )


def _array(codes: Iterable[str]) -> str:
    # Codes are lower-case letters alone: none needs quotes.
    return "{" + ",".join(codes) + "}"


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
