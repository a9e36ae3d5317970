"""River's migrator and ours on one database: each goes on where the other stopped, and both end at the same schema.

Scenarios of River's list: candidate_migrator_reference_runtime, reference_migrator_candidate_runtime,
historical_migration_down_up, migration_mixed_case_schema.
"""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from tests.interop.catalog import snapshot
from tests.interop.conftest import StartPeer
from tests.interop.peer import PeerError
from tests.interop.servers import OTHER_MAJORS, binaries, serving

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LATEST = MAIN.latest
LINES = [MAIN, REVENGE_JOBS]


@pytest.fixture(scope="module", params=[major for major in OTHER_MAJORS if binaries(major)])
def other_server(request: pytest.FixtureRequest) -> Iterator[str]:
    with serving(request.param) as dsn:
        yield dsn


async def rivers(conn: "Connection", schema: str) -> list[str]:
    """Return what River's tables are, without ours."""
    return await snapshot(conn, schema, without="revenge_job")


async def compare_each_version(conn: "Connection", start_go: StartPeer, dsn: str) -> None:
    """Step both migrators up and down, each in a schema of its own, and compare after each step."""
    await conn.execute('CREATE SCHEMA theirs; CREATE SCHEMA "Ours"')
    go = await start_go(schema="theirs", dsn=dsn)
    ours = Migrator([MAIN], schema="Ours")
    for version in range(1, LATEST + 1):
        await go.call("migrate", direction="up", target=version)
        await ours.up(conn, line="main", target=version)
        assert await rivers(conn, "Ours") == await rivers(conn, "theirs"), f"after {version} up"
    for version in range(LATEST, 0, -1):
        assert await go.call("migrate", direction="down") == {"versions": [version]}
        await ours.down(conn, line="main")
        assert await rivers(conn, "Ours") == await rivers(conn, "theirs"), f"after {version} down"
    assert await rivers(conn, "theirs") == []


async def test_each_version_is_rivers_both_ways(db: "Connection", empty_database: str, start_go: StartPeer) -> None:
    await compare_each_version(db, start_go, empty_database)


async def test_each_version_is_rivers_on_older_servers(other_server: str, start_go: StartPeer) -> None:
    conn = await asyncpg.connect(other_server)
    try:
        await compare_each_version(conn, start_go, other_server)
    finally:
        await conn.close()


@pytest.mark.parametrize("schema", [None, "MixedCase"])
async def test_go_finds_our_schema_valid_and_has_nothing_to_do(
    db: "Connection", start_go: StartPeer, schema: str | None
) -> None:
    await Migrator(LINES, schema=schema).up(db)
    go = await start_go(schema=schema or "")

    assert await go.call("validate") == {"ok": True, "messages": None}
    assert await go.call("migrate", direction="up") == {"versions": []}
    names = [(version["version"], version["name"]) for version in await go.call("versions")]
    assert names == [(version.number, version.name) for version in MAIN.versions]


@pytest.mark.parametrize("schema", [None, "MixedCase"])
async def test_we_find_gos_schema_valid_and_add_only_our_own(
    db: "Connection", start_go: StartPeer, schema: str | None
) -> None:
    if schema:
        await db.execute(f'CREATE SCHEMA "{schema}"')
    go = await start_go(schema=schema or "")
    await go.call("migrate", direction="up")
    theirs = await rivers(db, schema or "public")

    assert (await Migrator([MAIN], schema=schema).validate(db)).ok
    result = await Migrator(LINES, schema=schema).up(db)

    assert [(done.line, done.version) for done in result.versions] == [("revenge_jobs", 1)]
    assert await rivers(db, schema or "public") == theirs
    assert (await go.call("validate"))["ok"]


async def test_a_missing_row_of_version_8_is_missed_by_both(db: "Connection", start_go: StartPeer) -> None:
    await Migrator([MAIN]).up(db, line="main", target=7)
    go = await start_go()

    theirs = await go.call("validate")

    assert theirs["ok"] is False
    assert theirs["messages"] == ["Unapplied migrations: [8]"]
    assert "unapplied migrations: [8]" in (await Migrator([MAIN]).validate(db)).messages[0]


@pytest.mark.parametrize("ours_first", [True, False])
async def test_both_take_turns_up_and_down(db: "Connection", start_go: StartPeer, ours_first: bool) -> None:
    go = await start_go()
    ours = Migrator([MAIN])
    for version in range(1, LATEST + 1):
        if (version % 2 == 1) == ours_first:
            done = [done.version for done in (await ours.up(db, line="main", target=version)).versions]
        else:
            done = (await go.call("migrate", direction="up", target=version))["versions"]
        assert done == [version]
    assert (await go.call("validate"))["ok"]
    assert (await ours.validate(db)).ok

    for version in range(LATEST, 0, -1):
        if (version % 2 == 1) == ours_first:
            done = [done.version for done in (await ours.down(db, line="main")).versions]
        else:
            done = (await go.call("migrate", direction="down"))["versions"]
        assert done == [version]
    assert await snapshot(db, "public") == []


async def test_go_refuses_to_go_below_lines_while_ours_are_applied(db: "Connection", start_go: StartPeer) -> None:
    await Migrator(LINES).up(db)
    go = await start_go()

    with pytest.raises(PeerError, match="version 005"):
        await go.call("migrate", direction="down", target=-1)

    assert await db.fetchval("SELECT max(version) FROM river_migration WHERE line = 'main'") == 5
    assert await db.fetchval("SELECT count(*) FROM revenge_job_node") == 0
    await Migrator(LINES).up(db)
    assert (await go.call("validate"))["ok"]


async def test_go_takes_all_away_once_ours_are_gone(db: "Connection", start_go: StartPeer) -> None:
    await Migrator(LINES).up(db)
    go = await start_go()

    await Migrator(LINES).down(db, line="revenge_jobs", target=0)
    result = await go.call("migrate", direction="down", target=-1)

    assert result["versions"] == list(range(LATEST, 0, -1))
    assert await snapshot(db, "public") == []


@pytest.mark.parametrize("turn", range(3))
async def test_both_at_once_end_at_a_valid_schema(db: "Connection", start_go: StartPeer, turn: int) -> None:
    """Go takes no lock and may lose with an error; ours may not."""
    go = await start_go()
    starts = [Migrator(LINES).up(db), go.call("migrate", direction="up")]

    results = await asyncio.gather(*(starts if turn % 2 else starts[::-1]), return_exceptions=True)

    assert all(isinstance(result, PeerError) for result in results if isinstance(result, BaseException))
    assert (await Migrator(LINES).validate(db)).ok
    assert (await go.call("validate"))["ok"]


async def test_bitmask_function_answers_as_rivers(db: "Connection", start_go: StartPeer) -> None:
    await db.execute("CREATE SCHEMA theirs")
    go = await start_go(schema="theirs")
    await go.call("migrate", direction="up")
    await Migrator([MAIN], schema="ours").up(db)

    different = await db.fetch(
        """
        SELECT mask, state
        FROM (SELECT NULL UNION ALL SELECT generate_series(0, 255)) AS masks (mask),
            (SELECT NULL UNION ALL SELECT unnest(enum_range(NULL::ours.river_job_state))::text) AS states (state)
        WHERE ours.river_job_state_in_bitmask(mask::bit(8), state::ours.river_job_state)
            IS DISTINCT FROM theirs.river_job_state_in_bitmask(mask::bit(8), state::theirs.river_job_state)
        """
    )

    assert different == []
