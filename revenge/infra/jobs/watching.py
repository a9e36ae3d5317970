"""What changed in the table since a position, page by page: the source of all events."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from revenge.infra.jobs.epoch import from_microseconds, to_microseconds
from revenge.infra.jobs.errors import InvalidCursor
from revenge.infra.jobs.job_store import job_from
from revenge.infra.jobs.models import JobRow, JobState
from revenge.infra.jobs.store import Store

PAGE = 1000
"""Rows of each sort in one statement."""

_POSITION = re.compile(r"(\d{1,17})-(\d{1,19})", re.ASCII)


class Seen(NamedTuple):
    """What tells whether a job has changed."""

    id: int
    state: JobState
    attempt: int


@dataclass(frozen=True, slots=True)
class Position:
    """Up to where somebody has been told: everything that was inserted, started or ended before."""

    since: datetime
    last_id: int

    def encode(self) -> str:
        """Return it as text that fits into a header."""
        return f"{to_microseconds(self.since)}-{self.last_id}"

    @classmethod
    def decode(cls, text: str) -> "Position":
        """Return the position that an event named.

        Raises:
            InvalidCursor: none did.
        """
        found = _POSITION.fullmatch(text)
        if found is None:
            message = f"the position is not one of an event: {text[:80]!r}"
            raise InvalidCursor(message)
        return cls(from_microseconds(int(found[1])), min(int(found[2]), 2**63 - 1))


class Watch:
    """Reads the tables; errors are StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def start(self) -> Position:
        """Return the present position."""
        found = await self._store.fetchrow("job_watch_start")
        assert found is not None  # noqa: S101 - an aggregate always returns a row
        return Position(found["at"], found["id"])

    async def running(self, limit: int) -> list[JobRow]:
        """Return what runs now."""
        return await self.rows([record["id"] for record in await self._store.fetch("job_running_ids", limit)])

    async def rows(self, ids: Sequence[int]) -> list[JobRow]:
        """Return those of the jobs that exist, by id."""
        return [job_from(record) for record in await self._store.fetch("job_get_many", ids)] if ids else []

    async def pages(
        self, position: Position, followed: Sequence[int], *, put_back: bool = False
    ) -> AsyncIterator[list[Seen]]:
        """Yield all that has changed since ``position``, and what is followed; a job may come again.

        With ``put_back`` also what was worked since then and waits again: whoever follows running jobs sees that by their
        ids, and need not look for it.
        """
        last_id, ended = position.last_id, (position.since, -1)
        started_since: datetime | None = position.since
        back: tuple[datetime | None, int] = (position.since if put_back else None, -1)
        while True:
            records = await self._store.fetch("job_watch", last_id, started_since, *ended, list(followed), PAGE, *back)
            yield [Seen(record["id"], JobState(record["state"]), record["attempt"]) for record in records]
            new = [record["id"] for record in records if record["part"] == "new"]
            news = {
                part: [(record["finalized_at"], record["id"]) for record in records if record["part"] == part]
                for part in ("ended", "put_back")
            }
            if len(new) < PAGE and all(len(rows) < PAGE for rows in news.values()):
                return
            last_id = max([last_id, *new])
            ended = max([ended, *news["ended"]])
            back = news["put_back"][-1] if news["put_back"] else back
            started_since, followed = None, ()
