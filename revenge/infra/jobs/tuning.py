"""What makes a connection one of the engine's own: kept plans suit tables of any size, a new one is ready at once."""

from collections.abc import Collection, Iterable
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import asyncpg

from revenge.infra.jobs.sql import load

if TYPE_CHECKING:
    from revenge.infra.jobs.store import Connection

_ARRAYS = frozenset({199, 1000, 1001, 1005, 1007, 1009, 1015, 1016, 1022, 1115, 1182, 1185, 1187, 1231, 2951, 3807})
"""Those of json, bool, bytea, int2, int4, text, varchar, int8, float8, timestamp, date, timestamptz, interval, numeric, uuid and
jsonb (its `pg_type.dat`), the same in every PostgreSQL: asked for together, so that no statement asks again."""
_NOTHING_ASKED = SimpleNamespace(name="asked of no server")
_known: list[Any] = []


class TunedConnection(asyncpg.Connection):
    """asyncpg's connection, which asks for the server's own array types once a process; for ``connection_class`` of a pool.

    asyncpg asks on each connection for each statement that names one, 3 to 14 ms of the server's time: a process that had
    just started took 40 to 125 ms to start its first jobs (docs/performance.md).
    """

    # asyncpg's own, so no type stubs know it; where a later asyncpg has no such method, all is as without this class.
    async def _introspect_types(self, typeoids: Collection[int], timeout: float | None) -> tuple[Iterable[Any], Any]:  # noqa: ASYNC109
        if not _ARRAYS.issuperset(typeoids):
            answer: tuple[Iterable[Any], Any] = await super()._introspect_types(typeoids, timeout)  # type: ignore[misc]
            return answer
        if _known:
            return _known, _NOTHING_ASKED
        rows, statement = await super()._introspect_types(_ARRAYS, timeout)  # type: ignore[misc]
        _known[:] = rows
        return rows, statement


async def tune_connection(conn: "Connection") -> None:
    """Keep the session of ``conn`` from reading whole tables; made for ``asyncpg.create_pool(init=...)``.

    The engine's statements are planned once per connection. A plan that was made while the table was small, and that
    reads all of it, would stay until statistics are gathered, however large the table has become meanwhile. For
    connections that only the engine uses and that are given back without a reset; not through PgBouncer in transaction
    mode, where the session is anybody's.
    """
    await conn.execute(_statement())


@cache
def _statement() -> str:
    return load("revenge.infra.jobs.sql", schema=None)["tune_session"]
