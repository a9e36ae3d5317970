"""Rates and breakers in PostgreSQL, which all nodes share."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import asyncpg

from revenge.infra.http.config import Breaker, Rate
from revenge.infra.http.traffic import Full, Go, Open
from revenge.infra.jobs.sql import load

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
else:  # asyncpg's classes are generic to the type checker alone
    Pool = asyncpg.Pool

SCHEMA = "revenge"
_LEAST = timedelta(milliseconds=100)
"""Who is refused must not come back at once."""


@cache
def statements() -> Mapping[str, str]:
    """Return every statement of ``sql/`` by its name."""
    return load("revenge.infra.http.sql", schema=SCHEMA)


class StoredTraffic:
    """One round trip a call, by the database's clock; one more after a failure, and for the success that ends it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def admit(self, name: str, *, rate: Rate | None, breaker: Breaker) -> Go | Full | Open:
        """Take a turn, if there is one."""
        longest_wait = rate.longest_wait if rate else timedelta(0)
        per_second, burst = (rate.per_second, float(rate.burst)) if rate else (None, None)
        while True:
            row = await self._pool.fetchrow(
                self._sql["call_admit"], name, per_second, burst, longest_wait, breaker.open_for
            )
            assert row is not None  # noqa: S101 - the statement has one row whatever is there
            if row["is_taken"]:
                return Go(timedelta(seconds=row["wait_s"]), is_mended=row["failures"] == 0)
            if row["blocked_s"] > 0:
                return Full(max(timedelta(seconds=row["blocked_s"]), _LEAST))
            if not row["may_try"]:
                is_past = row["open_s"] <= 0  # another took the one call that tries
                return Open(breaker.open_for if is_past else max(timedelta(seconds=row["open_s"]), _LEAST))
            wait = timedelta(seconds=row["full_s"])
            if wait > longest_wait:
                return Full(max(wait, _LEAST))
            # The statement's snapshot shows a turn that another has taken since: the next one shows what is left.

    async def block(self, name: str, *, for_: timedelta) -> None:
        """Let nobody call for so long."""
        await self._pool.execute(self._sql["call_block"], name, for_)

    async def failed(self, name: str, *, breaker: Breaker) -> None:
        """Count a failure."""
        await self._pool.execute(self._sql["call_failed"], name, breaker.failures, breaker.open_for)

    async def mended(self, name: str) -> None:
        """Close the breaker."""
        await self._pool.execute(self._sql["call_mended"], name)
