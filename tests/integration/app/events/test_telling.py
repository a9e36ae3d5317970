"""The sinks: events with their deliveries and jobs, and the activity log, in the caller's transaction."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from revenge.app.events.acting import Acting, acting
from revenge.app.events.library import LibraryFanOut
from revenge.app.events.sinks import Done, Happened
from revenge.app.events.telling import RaisedEvents, RecordedActivity
from revenge.content.library.models import LibraryFields, LibraryType
from revenge.content.library.ports import EnqueuedScan, JobFate, ScanJob
from revenge.content.library.service import LibraryService
from revenge.infra.database.connection import Connection, Pool
from revenge.infra.jobs.clock import SystemClock
from revenge.service.activity.repository import ActivityRepository
from revenge.service.activity.service import ActivityService
from revenge.service.notification.agents import Agent, Agents
from tests.fakes.telling import RecordingSender, Telling

CLOCK = SystemClock()


@pytest.fixture
def raised(pool: Pool) -> RaisedEvents:
    agents = Agents(
        [
            Agent(name="phone", scheme="ntfy"),
            Agent(name="films", scheme="ntfy", event_types=frozenset({"movie.added"})),
        ]
    )
    return Telling(pool, RecordingSender(), agents, gather=timedelta(seconds=30)).raised


@pytest.fixture
def activity(pool: Pool) -> RecordedActivity:
    return RecordedActivity(
        ActivityService(
            ActivityRepository(pool), clock=CLOCK, security_retention_days=365, on_entry=lambda _security: None
        ),
        clock=CLOCK,
    )


async def test_event_makes_a_delivery_and_a_job_for_each_agent_that_wants_it(
    raised: RaisedEvents, conn: Connection
) -> None:
    """W44: what is to be told is in the tables, and outlives the process."""
    await raised.raise_event(conn, Happened(type="movie.added", data={"title": "Alien", "year": 1979}))
    await raised.raise_event(conn, Happened(type="library.scan_failed"))
    deliveries = await conn.fetch(
        "SELECT type, agent, status, data->'year' AS year FROM revenge.notification_delivery"
        " JOIN revenge.notification_event ON id = event_id ORDER BY type, agent"
    )
    assert [tuple(row.values()) for row in deliveries] == [
        ("library.scan_failed", "phone", "pending", None),
        ("movie.added", "films", "pending", "1979"),
        ("movie.added", "phone", "pending", "1979"),
    ]
    jobs = await conn.fetch("SELECT queue, max_attempts, args->'agent_names' AS agents FROM river_job ORDER BY agents")
    assert [tuple(row.values()) for row in jobs] == [
        ("high", 5, '["films"]'),
        ("high", 5, '["phone"]'),
        ("high", 5, '["phone"]'),
    ]


async def test_event_of_a_transaction_that_rolls_back_never_was(raised: RaisedEvents, conn: Connection) -> None:
    transaction = conn.transaction()
    await transaction.start()
    await raised.raise_event(conn, Happened(type="movie.added"))
    await transaction.rollback()
    for table in ("revenge.notification_event", "revenge.notification_delivery", "river_job"):
        assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_many_events_are_raised_by_two_statements(raised: RaisedEvents, conn: Connection) -> None:
    await raised.raise_event(conn, Happened(type="movie.deleted"))  # asyncpg asks once what the types are
    statements: list[str] = []
    with conn.query_logger(lambda record: statements.append(record.query)):
        await raised.raise_events(conn, [Happened(type="movie.added") for _ in range(500)])
    assert 1 <= len(statements) <= 2
    assert await conn.fetchval("SELECT count(*) FROM revenge.notification_delivery") == 1001
    assert await conn.fetchval("SELECT count(*) FROM river_job") == 1001


async def test_activity_is_written_in_the_transaction_of_what_was_done(
    activity: RecordedActivity, conn: Connection
) -> None:
    account = uuid7()
    before = datetime.now(UTC)
    await activity.log(
        conn,
        Done(
            action="library.create",
            account_id=account,
            resource_type="library",
            resource_id="42",
            changes={"name": "Films\0"},
            ip_address="fe80::1%eth0",
        ),
    )
    row = await _only(conn)
    assert (row["account_id"], row["action"], row["is_security"], str(row["ip_address"])) == (
        account,
        "library.create",
        False,
        "fe80::1",
    )
    assert row["changes"] == '{"name": "Films�"}'
    assert before <= row["occurred_at"] <= datetime.now(UTC)


async def test_what_is_no_address_is_kept_beside(activity: RecordedActivity, conn: Connection) -> None:
    await activity.log(conn, Done(action="user.login", ip_address="unknown", success=False))
    row = await _only(conn)
    assert (row["ip_address"], row["metadata"], row["is_security"]) == (None, '{"ip_address": "unknown"}', True)


async def _only(conn: Connection) -> asyncpg.Record:
    rows = await conn.fetch(
        "SELECT id, account_id, action, is_security, ip_address, changes, metadata, occurred_at FROM revenge.activity"
    )
    assert len(rows) == 1
    assert isinstance(rows[0]["id"], UUID)
    return rows[0]


async def test_whoever_makes_the_request_did_what_nobody_says_who_did(
    activity: RecordedActivity, conn: Connection
) -> None:
    somebody = Acting(account_id=uuid7(), username="ada", ip_address="192.0.2.7", user_agent="curl")
    token = acting.set(somebody)
    try:
        await activity.log(conn, Done(action="library.create"))
        await activity.log(conn, Done(action="user.login", username="bob"))
    finally:
        acting.reset(token)
    await activity.log(conn, Done(action="library.scan"))
    rows = await conn.fetch(
        "SELECT account_id, username, host(ip_address), user_agent FROM revenge.activity ORDER BY occurred_at"
    )
    assert [tuple(row.values()) for row in rows] == [
        (somebody.account_id, "ada", "192.0.2.7", "curl"),
        (None, "bob", "192.0.2.7", "curl"),
        (None, None, None, None),
    ]


async def test_what_is_done_with_libraries_is_told_and_written_down(
    raised: RaisedEvents, activity: RecordedActivity, pool: Pool, tmp_path: Path
) -> None:
    """W44, W46: of libraries nobody heard, and nothing was written down."""
    events = LibraryFanOut([], notifications=raised, activity=activity)
    libraries = LibraryService(pool, jobs=NoScans(), events=events)
    library = await libraries.create(LibraryFields(name="Films", type=LibraryType.MOVIE, paths=[str(tmp_path)]))
    await libraries.update(library.id, {"name": "Films"})  # changes nothing
    await libraries.update(library.id, {"name": "Cinema"})
    await libraries.delete(library.id)
    done = await pool.fetch("SELECT action, changes, resource_id FROM revenge.activity ORDER BY occurred_at")
    assert [(row["action"], row["changes"]) for row in done] == [
        ("library.create", None),
        ("library.update", '{"name": {"to": "Cinema", "from": "Films"}}'),
        ("library.delete", None),
    ]
    assert {row["resource_id"] for row in done} == {str(library.id)}
    told = await pool.fetch("SELECT type FROM revenge.notification_event ORDER BY occurred_at")
    assert [row["type"] for row in told] == ["library.created", "library.updated", "library.deleted"]


class NoScans:
    """Libraries that nobody scans."""

    async def enqueue(self, conn: Connection, job: ScanJob) -> EnqueuedScan:
        raise NotImplementedError

    async def fate(self, conn: Connection, job_id: int) -> JobFate:
        raise NotImplementedError
