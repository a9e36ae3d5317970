"""The lines on every PostgreSQL that the engine is tested with."""

from collections.abc import Iterator

import asyncpg
import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from tests.interop.catalog import snapshot
from tests.interop.servers import OTHER_MAJORS, serving


@pytest.fixture(scope="module", params=OTHER_MAJORS)
def other_server(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    with serving(request.param) as dsn:
        yield request.param, dsn


async def test_all_lines_go_up_and_down(other_server: tuple[int, str]) -> None:
    major, dsn = other_server
    conn = await asyncpg.connect(dsn)
    try:
        assert conn.get_server_version().major == major
        for migrator in (Migrator([MAIN, REVENGE_JOBS]), Migrator([MAIN, REVENGE_JOBS], schema="MixedCase")):
            result = await migrator.up(conn)
            assert len(result.versions) == 9
            assert result.indexes_built == ("revenge_job_due_idx", "revenge_job_state_idx", "revenge_job_put_back_idx")
            assert (await migrator.validate(conn)).ok
        assert await snapshot(conn, "public") == await snapshot(conn, "MixedCase")
        for migrator in (Migrator([MAIN, REVENGE_JOBS]), Migrator([MAIN, REVENGE_JOBS], schema="MixedCase")):
            await migrator.down(conn, target=0)
        assert await snapshot(conn, "public") == await snapshot(conn, "MixedCase") == []
    finally:
        await conn.close()
