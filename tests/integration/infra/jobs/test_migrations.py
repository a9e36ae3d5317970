"""The migrator on a real database: up, down, status, validate, and what it refuses."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from revenge.infra.jobs.migrations import (
    MAIN,
    REVENGE_JOBS,
    Direction,
    InTransaction,
    Line,
    LineMissing,
    MainTooOld,
    MigratedElsewhere,
    MigrationFailed,
    Migrator,
    NewerVersions,
    OtherLinesApplied,
    SchemaMissing,
    UnknownVersion,
    Version,
)
from tests.interop.catalog import snapshot
from tests.interop.servers import psql

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LINES = [MAIN, REVENGE_JOBS]
EXTRA_INDEXES = ("revenge_job_due_idx", "revenge_job_state_idx", "revenge_job_put_back_idx")


@pytest.fixture
async def db(empty_database: str) -> "AsyncIterator[Connection]":
    conn = await asyncpg.connect(empty_database)
    yield conn
    await conn.close()


@pytest.fixture
def migrator() -> Migrator:
    return Migrator(LINES)


@pytest.fixture
async def user(db: "Connection", empty_database: str) -> "AsyncIterator[Connection]":
    """Connection of a role that owns nothing."""
    database = empty_database.rpartition("/")[2]
    role = f"role_{database}"
    await db.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    conn = await asyncpg.connect(re.sub(r"//[^@]*@", f"//{role}:secret@", empty_database))
    yield conn
    await conn.close()
    await db.execute(f"DROP OWNED BY {role} CASCADE")
    await db.execute(f"DROP ROLE {role}")


async def rows(conn: "Connection") -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in await conn.fetch("SELECT line, version FROM river_migration ORDER BY 1, 2")]


async def test_up_applies_every_version_of_every_line_once(db: "Connection", migrator: Migrator) -> None:
    result = await migrator.up(db)

    assert [(done.line, done.version) for done in result.versions] == [
        *(("main", number) for number in range(1, 9)),
        ("revenge_jobs", 1),
    ]
    assert result.indexes_built == EXTRA_INDEXES
    assert await rows(db) == [(done.line, done.version) for done in result.versions]

    again = await migrator.up(db)
    assert (again.versions, again.indexes_built, again.indexes_skipped) == ((), (), ())


async def test_validate_names_what_is_missing_until_all_is_applied(db: "Connection", migrator: Migrator) -> None:
    validation = await migrator.validate(db)
    assert not validation.ok
    assert "line 'main' has unapplied migrations: [1, 2, 3, 4, 5, 6, 7, 8]" in validation.messages[0]

    await migrator.up(db, line="main", target=7)
    assert "[8]" in (await migrator.validate(db)).messages[0]

    await migrator.up(db)
    assert (await migrator.validate(db)).ok


async def test_status_shows_when_each_version_was_applied(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db, line="main", target=3)

    main, engine = await migrator.status(db)

    assert (main.line, main.current, main.unapplied) == ("main", 3, (4, 5, 6, 7, 8))
    assert [version.applied_at is not None for version in main.versions] == [True] * 3 + [False] * 5
    assert main.versions[3].name == "pending and more"
    assert (engine.current, engine.unapplied, engine.missing_indexes) == (0, (1,), ())


async def test_each_version_down_leads_back_to_what_was_before(db: "Connection", migrator: Migrator) -> None:
    before = [await snapshot(db, "public")]
    for number in range(1, 9):
        await migrator.up(db, line="main", target=number)
        before.append(await snapshot(db, "public"))

    for number in range(7, -1, -1):
        result = await migrator.down(db, line="main")
        assert [(done.version, result.direction) for done in result.versions] == [(number + 1, Direction.DOWN)]
        now = await snapshot(db, "public")
        # What River's version 4 does not undo either: the enum's value and the nullable metadata without default.
        odd = (
            "enum: river_job_state",
            "column: river_job | 14 |",
            "constraint: river_job | river_job_metadata_not_null",
        )
        kept = [line for line in before[number] if not line.startswith(odd)]
        assert [line for line in now if not line.startswith(odd)] == kept, f"down to {number}"
    assert (await migrator.down(db, line="main")).versions == ()


async def test_all_lines_down_to_nothing_leave_an_empty_schema(db: "Connection", migrator: Migrator) -> None:
    empty = await snapshot(db, "public")
    await migrator.up(db)

    result = await migrator.down(db, target=0)

    assert [done.line for done in result.versions] == ["revenge_jobs"] + ["main"] * 8
    assert await snapshot(db, "public") == empty == []
    assert len((await migrator.up(db)).versions) == 9


async def test_data_survives_the_way_up_from_each_version(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db, line="main", target=2)
    await db.execute("INSERT INTO river_job (kind, max_attempts) VALUES ('old', 7)")

    await migrator.up(db)

    job = await db.fetchrow("SELECT state::text, args, metadata, tags, max_attempts, unique_key FROM river_job")
    assert job is not None
    assert tuple(job) == ("available", "{}", "{}", [], 7, None)
    applied = await db.fetch("SELECT created_at FROM river_migration WHERE line = 'main' ORDER BY version")
    assert sorted(row[0] for row in applied) == [row[0] for row in applied]


@pytest.mark.parametrize("schema", ["jobs", "MixedCase", "_" * 46])
async def test_any_schema_holds_the_same_and_nothing_is_put_elsewhere(
    db: "Connection", migrator: Migrator, schema: str
) -> None:
    await Migrator(LINES, schema=schema).up(db)
    assert await snapshot(db, "public") == []
    there = await snapshot(db, schema)
    assert (await Migrator(LINES, schema=schema).validate(db)).ok

    await migrator.up(db)
    assert there == await snapshot(db, "public")

    await Migrator(LINES, schema=schema).down(db, target=0)
    assert await snapshot(db, schema) == []
    assert (await migrator.validate(db)).ok


async def test_without_a_schema_the_search_path_decides(db: "Connection", migrator: Migrator) -> None:
    await db.execute("CREATE SCHEMA elsewhere; SET search_path TO elsewhere")

    await migrator.up(db)

    await db.execute("RESET search_path")
    assert await snapshot(db, "public") == []
    assert (await Migrator(LINES, schema="elsewhere").validate(db)).ok


@pytest.mark.parametrize("schema", [None, "MixedCase"])
async def test_sql_text_run_by_psql_makes_and_unmakes_the_same(
    db: "Connection",
    empty_database: str,
    migrator: Migrator,
    schema: str | None,
) -> None:
    program = psql()

    def run_here(text: str) -> None:
        subprocess.run(
            [program, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", empty_database],
            input=text,
            text=True,
            check=True,
            capture_output=True,
        )

    async def run(text: str) -> None:
        await asyncio.to_thread(run_here, text)

    written = Migrator(LINES, schema=schema)
    for line in LINES:
        await run(written.sql(line.name))
    assert (await written.validate(db)).ok
    assert [status.missing_indexes for status in await written.status(db)] == [(), ()]
    by_text = await snapshot(db, schema or "public")

    for line in reversed(LINES):
        await run(written.sql(line.name, direction=Direction.DOWN))
    assert await snapshot(db, schema or "public") == []

    await written.up(db)
    assert await snapshot(db, schema or "public") == by_text


async def test_line_with_a_schema_of_its_own(db: "Connection") -> None:
    version = Version(
        number=1,
        name="one",
        up="CREATE TABLE /* TEMPLATE: schema */film (id uuid PRIMARY KEY);",
        down="DROP TABLE /* TEMPLATE: schema */film;",
    )
    migrator = Migrator([*LINES, Line(name="app", versions=(version,), schema="app")], schema="jobs")

    await migrator.up(db)

    assert await db.fetchval("SELECT count(*) FROM app.film") == 0
    assert await db.fetchval("SELECT version FROM jobs.river_migration WHERE line = 'app'") == 1
    result = await migrator.down(db, target=0)
    assert [done.line for done in result.versions][:2] == ["app", "revenge_jobs"]
    assert await snapshot(db, "app") == await snapshot(db, "jobs") == []


async def test_a_line_that_another_schema_counts_is_refused_before_anything_is_written(db: "Connection") -> None:
    up = "CREATE TABLE /* TEMPLATE: schema */thing (id bigint PRIMARY KEY)"
    down = "DROP TABLE /* TEMPLATE: schema */thing"
    version = Version(number=1, name="thing", up=up, down=down)
    lines = [*LINES, Line(name="app", versions=(version,), schema="app")]
    await Migrator(lines).up(db)

    with pytest.raises(
        MigratedElsewhere, match=r"line 'app' are in schema 'app' already.* \(public\): migrate that one"
    ):
        await Migrator(lines, schema="other").up(db)
    assert not await db.fetchval("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'other')")

    for line in LINES:
        await Migrator(lines, schema="other").up(db, line=line.name)
    assert (await Migrator(lines).up(db)).versions == ()


async def test_other_lines_wait_for_main(db: "Connection", migrator: Migrator) -> None:
    with pytest.raises(MainTooOld, match="migrate 'main' up first"):
        await migrator.up(db, line="revenge_jobs")
    await migrator.up(db, line="main", target=4)
    with pytest.raises(MainTooOld):
        await migrator.up(db, line="revenge_jobs")


async def test_main_stays_while_other_lines_are_applied(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db)

    with pytest.raises(OtherLinesApplied, match="revenge_jobs; take them down to 0 first"):
        await migrator.down(db, line="main", target=0)
    assert len(await rows(db)) == 9

    await migrator.down(db, line="main", target=5)
    assert (await rows(db))[-1] == ("revenge_jobs", 1)


async def test_nothing_goes_down_while_a_strangers_line_is_applied(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db)
    await db.execute("INSERT INTO river_migration (line, version) VALUES ('pro', 1)")

    with pytest.raises(OtherLinesApplied, match="pro"):
        await migrator.down(db, target=0)

    assert len(await rows(db)) == 10
    assert (await migrator.validate(db)).ok


async def test_versions_of_a_newer_river_are_tolerated_but_not_undone(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db)
    await db.execute("INSERT INTO river_migration (line, version) VALUES ('main', 9)")

    assert (await migrator.up(db)).versions == ()
    assert (await migrator.validate(db)).ok
    status = (await migrator.status(db))[0]
    assert (status.unknown, status.current) == ((9,), 9)
    with pytest.raises(NewerVersions, match="newer program"):
        await migrator.down(db, line="main")


async def test_target_needs_a_line_and_must_exist(db: "Connection", migrator: Migrator) -> None:
    with pytest.raises(LineMissing):
        await migrator.up(db, target=3)
    with pytest.raises(LineMissing):
        await migrator.down(db)
    with pytest.raises(UnknownVersion):
        await migrator.up(db, line="main", target=9)
    assert await snapshot(db, "public") == []


async def test_caller_in_a_transaction_is_refused(db: "Connection", migrator: Migrator) -> None:
    async with db.transaction():
        with pytest.raises(InTransaction, match="committed one by one"):
            await migrator.up(db)


async def test_failed_version_is_rolled_back_and_told(db: "Connection", migrator: Migrator) -> None:
    await db.execute("CREATE TABLE river_queue (mine text)")

    with pytest.raises(MigrationFailed, match=r'version 4 \(pending and more\) .*"river_queue" already exists'):
        await migrator.up(db)

    assert (await migrator.status(db))[0].current == 3
    assert (
        await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()") == 0
    )
    await db.execute("DROP TABLE river_queue")
    await migrator.up(db)
    assert (await migrator.validate(db)).ok


async def test_session_is_left_as_it_was(db: "Connection", migrator: Migrator) -> None:
    await db.execute("SET statement_timeout TO '70s'")

    await migrator.up(db)

    assert await db.fetchval("SHOW statement_timeout") == "70s"
    assert (
        await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()") == 0
    )


async def test_missing_extra_index_is_shown_and_built_again(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db)
    await db.execute("DROP INDEX revenge_job_due_idx")

    assert (await migrator.validate(db)).ok
    assert (await migrator.status(db))[1].missing_indexes == ("revenge_job_due_idx",)
    assert (await migrator.up(db)).indexes_built == ("revenge_job_due_idx",)
    assert (await migrator.status(db))[1].missing_indexes == ()


async def test_half_built_index_is_built_anew(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db, line="main")
    await db.execute("INSERT INTO river_job (kind, args) VALUES ('a', '{}'), ('a', '{}')")
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.execute("CREATE UNIQUE INDEX CONCURRENTLY revenge_job_due_idx ON river_job (kind)")

    assert (await migrator.up(db)).indexes_built == EXTRA_INDEXES
    definition = await db.fetchval("SELECT pg_get_indexdef('revenge_job_due_idx'::regclass)")
    assert "(priority, scheduled_at, id)" in definition


async def test_extra_indexes_are_left_out_where_the_table_is_anothers(
    db: "Connection", user: "Connection", migrator: Migrator, caplog: pytest.LogCaptureFixture
) -> None:
    await migrator.up(db, line="main")
    role = await user.fetchval("SELECT current_user")
    await db.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {role}; GRANT ALL ON river_migration TO {role}")

    result = await migrator.up(user)

    assert [done.line for done in result.versions] == ["revenge_jobs"]
    assert [skipped.name for skipped in result.indexes_skipped] == list(EXTRA_INDEXES)
    assert "let its owner run: CREATE INDEX CONCURRENTLY" in result.indexes_skipped[0].reason
    assert "migration.index_skipped" in caplog.text
    assert (await migrator.validate(user)).ok
    assert (await migrator.up(db)).indexes_built == EXTRA_INDEXES


async def test_schema_that_may_not_be_created_is_told_with_what_to_do(user: "Connection") -> None:
    with pytest.raises(SchemaMissing, match='let its owner run CREATE SCHEMA "jobs"'):
        await Migrator(LINES, schema="jobs").up(user)


async def test_unique_bitmask_function_knows_each_states_bit(db: "Connection", migrator: Migrator) -> None:
    await migrator.up(db)

    wrong = await db.fetch(
        """
        SELECT mask, state FROM generate_series(0, 255) AS mask,
            unnest('{scheduled,running,retryable,pending,discarded,completed,cancelled,available}'::river_job_state[])
            WITH ORDINALITY AS s(state, place)
        WHERE river_job_state_in_bitmask(mask::bit(8), state) IS DISTINCT FROM (mask & (1 << (8 - place::int)) <> 0)
        """
    )

    assert wrong == []
    assert await db.fetchval("SELECT river_job_state_in_bitmask(NULL, 'running')") is None
    assert await db.fetchval("SELECT river_job_state_in_bitmask(B'11111111', NULL)") is False


async def test_early_versions_notify_of_available_jobs_by_trigger(db: "Connection", migrator: Migrator) -> None:
    heard: asyncio.Queue[object] = asyncio.Queue()
    await db.add_listener("river_insert", lambda *message: heard.put_nowait(message[3]))
    await migrator.up(db, line="main", target=3)

    await db.execute(
        "INSERT INTO river_job (kind, max_attempts, queue, state) VALUES ('a', 1, 'now', 'available'), "
        "('a', 1, 'later', 'scheduled')"
    )

    assert await heard.get() == '{"queue" : "now"}'
    assert heard.empty()
