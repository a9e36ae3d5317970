"""The rest of the server, as syncs and webhooks see it."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import Source, TitleFacts
from revenge.integration.arr.models import Received, SyncCounts
from revenge.integration.arr.ports import Looked, ProgramSaid, Saved, TitlesChanged


class FakeTitles:
    """Makes bare entities, found by their first id."""

    def __init__(self, kind: str = "movie") -> None:
        self._kind = kind
        self.by_id: dict[tuple[str, str], UUID] = {}
        self.saved: list[TitleFacts] = []
        self.calls = 0

    async def save(self, conn: Connection, facts: Sequence[TitleFacts]) -> Sequence[Saved]:
        self.calls += 1
        self.saved += facts
        return [await self._save(conn, one) for one in facts]

    async def _save(self, conn: Connection, facts: TitleFacts) -> Saved:
        key = next(iter(facts.ids.items()))
        if (known := self.by_id.get(key)) is not None:
            return Saved(known)
        if not facts.exists:
            return Saved(None)
        made = self.by_id[key] = uuid7()
        await conn.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, $2)", made, self._kind)
        return Saved(made, created=True)


class FakeShelf:
    """Libraries whose files a test names."""

    def __init__(self) -> None:
        self.files: dict[bytes, UUID] = {}
        self.looked_at: list[bytes] = []
        self.outside: set[bytes] = set()

    async def files_at(self, conn: Connection, paths: Sequence[bytes]) -> Mapping[bytes, UUID]:
        return {path: self.files[path] for path in paths if path in self.files}

    async def look_again(self, conn: Connection, folders: Collection[bytes]) -> Looked:
        inside = sorted(set(folders) - self.outside)
        self.looked_at += inside
        return Looked(len(inside), len(folders) - len(inside))


class FakeQueue:
    """Jobs that live as long as a test says."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.enqueued: list[Received] = []

    async def is_alive(self, conn: Connection, job_id: int) -> bool:
        return job_id in self.alive

    async def enqueue(self, conn: Connection, received: Received) -> int:
        self.enqueued.append(received)
        return len(self.enqueued)


class FakeEvents:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.changes: list[TitlesChanged] = []
        self.done: list[SyncCounts] = []
        self.failed: list[str] = []
        self.said: list[ProgramSaid] = []

    async def titles_changed(self, conn: Connection, change: TitlesChanged) -> None:
        self.changes.append(change)

    async def sync_done(self, conn: Connection, source: Source, counts: SyncCounts) -> None:
        self.done.append(counts)

    async def sync_failed(self, conn: Connection, source: Source, reason: str) -> None:
        self.failed.append(reason)

    async def program_said(self, conn: Connection, said: ProgramSaid) -> None:
        self.said.append(said)
