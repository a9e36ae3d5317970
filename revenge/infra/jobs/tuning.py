"""What makes a connection one of the engine's own: plans that are kept suit tables of any size."""

from functools import cache
from typing import TYPE_CHECKING

from revenge.infra.jobs.sql import load

if TYPE_CHECKING:
    from revenge.infra.jobs.store import Connection


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
