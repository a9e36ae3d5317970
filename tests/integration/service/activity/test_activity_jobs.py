"""The activity log's jobs: entries that came as jobs, and the clean-up."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.jobs import Client, ClientConfig, InsertOpts, InvalidJob, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import drain
from revenge.service.activity import service as service_module
from revenge.service.activity.jobs import (
    ActivityCleanupArgs,
    ActivityCleanupWorker,
    ActivityLogArgs,
    ActivityLogWorker,
    LogRequest,
    TimedRequest,
)
from revenge.service.activity.models import EntryFilter, NewEntry
from revenge.service.activity.repository import ActivityRepository
from revenge.service.activity.service import ActivityService

USER = UUID("018f5c1e-0000-7000-8000-000000000001")


class BrokenRepository(ActivityRepository):
    """Cannot write for a while."""

    failures = 0

    async def insert(self, entries: Any, *, conn: Connection | None = None) -> set[UUID]:
        if self.failures:
            self.failures -= 1
            raise asyncpg.ConnectionDoesNotExistError
        return await super().insert(entries, conn=conn)


class Log:
    """Everything about the activity log that one process has."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.counts: Counter[str] = Counter()
        self.repository = BrokenRepository(pool)
        self.service = ActivityService(
            self.repository,
            clock=SystemClock(),
            security_retention_days=365,
            on_entry=lambda security: self.counts.update(["security" if security else "other"]),
        )
        self.client = Client(
            pool,
            config=ClientConfig(queues={"low": 1, "critical": 1}),
            workers=Workers(
                [
                    ActivityLogWorker(self.service),
                    ActivityCleanupWorker(self.service, removed=lambda what, rows: self.counts.update({what: rows})),
                ]
            ),
        )

    async def fill(self, *, days_ago: int, action: str = "library.scan", n: int = 1) -> None:
        moment = datetime.now(UTC) - timedelta(days=days_ago)
        await self.service.record([NewEntry(id=uuid7(), occurred_at=moment, action=action) for _ in range(n)])


@pytest.fixture
def log(pool: Pool) -> Log:
    return Log(pool)


async def test_entry_of_the_go_server_is_written_once_with_the_time_of_its_job(log: Log, pool: Pool) -> None:
    """W46: the row's time was that of its insert, and a retry wrote it again."""
    result = await log.client.insert_raw(
        "activity_log",
        {
            "log_request": {
                "user_id": str(USER),
                "username": "ada",
                "action": "user.login",
                "ip_address": "1.2.3.4",
                "user_agent": "curl",
                "success": True,
            }
        },
    )
    made = result.job.created_at - timedelta(hours=2)
    await pool.execute("UPDATE river_job SET created_at = $1, scheduled_at = $1 WHERE id = $2", made, result.job.id)
    await drain(log.client)
    for _ in range(2):  # somebody lets it run again
        await log.client.retry(result.job.id)
        await drain(log.client)
    (entry,) = (await log.service.list(EntryFilter())).entries
    assert (entry.action, entry.account_id, entry.ip_address, entry.is_security) == (
        "user.login",
        USER,
        "1.2.3.4",
        True,
    )
    assert entry.occurred_at == made
    assert entry.recorded_at > made
    assert (await log.client.get(result.job.id)).output == {"recorded": 0, "known": 1}
    assert log.counts == {"security": 1}


async def test_several_entries_are_one_job_with_their_own_times(log: Log) -> None:
    """W46: one row of a queue for each line of a log is three writes too many."""
    moments = [datetime(2026, 1, 2, 3, second, tzinfo=UTC) for second in range(3)]
    requests = [
        TimedRequest(action=f"library.{second}", success=True, event_id=uuid7(), occurred_at=moment)
        for second, moment in enumerate(moments)
    ]
    args = ActivityLogArgs.of(requests)
    for _ in range(2):
        await log.client.insert(args, args.opts)
    drained = await drain(log.client)
    assert [job.output for job in drained.completed] == [{"recorded": 3, "known": 0}, {"recorded": 0, "known": 3}]
    assert [entry.occurred_at for entry in (await log.service.list(EntryFilter())).entries] == moments[::-1]


@pytest.mark.parametrize(
    ("action", "queue"), [("user.login", "critical"), ("scan.failed", "critical"), ("scan", "low")]
)
async def test_urgent_entries_go_ahead(log: Log, action: str, queue: str) -> None:
    args = ActivityLogArgs(log_request=LogRequest(action=action, success=False))
    result = await log.client.insert(args, args.opts)
    assert (result.job.queue, result.job.max_attempts) == (queue, 3)
    assert result.job.args == {"log_request": {"action": action, "success": False}}


async def test_entry_outlives_a_database_that_fails_longer_than_its_attempts(log: Log) -> None:
    """W46: after three failures an entry was lost."""
    log.repository.failures = 3
    await log.client.insert(ActivityLogArgs(log_request=LogRequest(action="user.login", success=True)))
    first = await drain(log.client, with_retries=True)
    assert (len(first.failed), len(first.snoozed), len(first.discarded)) == (2, 1, 0)
    await drain(log.client, with_scheduled=True)
    assert len((await log.service.list(EntryFilter())).entries) == 1


NEVER = "9999-12-31T23:59:59-05:00"
"""A time that is in the calendar where somebody lives, and beyond it in UTC."""
LOGIN = {"action": "user.login", "success": True}


async def written_by_others(log: Log, pool: Pool, kind: str, args: Mapping[str, Any]) -> int:
    """Put a row there that nobody has checked, and return its id."""
    job_id: int = await pool.fetchval(
        "INSERT INTO river_job (kind, args, queue, max_attempts) VALUES ($1, $2, 'low', 3) RETURNING id",
        kind,
        orjson.dumps(args).decode(),
    )
    return job_id


@pytest.mark.parametrize(
    "args",
    [
        {"log_request": {"success": True}},
        {"log_request": LOGIN, "occurred_at": NEVER},
        {"log_request": LOGIN, "also": [{**LOGIN, "event_id": str(USER), "occurred_at": NEVER}]},
        {"log_request": LOGIN, "also": [{**LOGIN, "event_id": str(USER), "occurred_at": "0001-01-01T00:00:00+01:00"}]},
    ],
    ids=["no action", "time", "time of another", "first year"],
)
async def test_entry_that_can_never_be_written_is_refused_and_not_tried_again(
    log: Log, pool: Pool, args: dict[str, Any]
) -> None:
    with pytest.raises(InvalidJob, match=r"no action|beyond the calendar"):
        await log.client.insert_raw("activity_log", args)
    job_id = await written_by_others(log, pool, "activity_log", args)
    neighbour = await log.client.insert(ActivityLogArgs(log_request=LogRequest(action="library.scan")))
    drained = await drain(log.client, with_retries=True)
    assert ([job.id for job in drained.cancelled], len(drained)) == ([job_id], 2)
    assert [job.id for job in drained.completed] == [neighbour.job.id]
    assert re.search("no action|beyond the calendar", drained.cancelled[0].errors[0].error)


async def test_entries_beside_one_that_can_never_be_written_are_written(log: Log, pool: Pool) -> None:
    moment = "2026-01-02T03:04:05Z"
    ids = [str(uuid7()) for _ in range(3)]
    also = [
        {**LOGIN, "event_id": each, "occurred_at": when}
        for each, when in zip(ids, (moment, NEVER, moment), strict=True)
    ]
    await written_by_others(log, pool, "activity_log", {"log_request": {"action": "first"}, "also": also})
    drained = await drain(log.client)
    assert "3 other entries are written" in drained.cancelled[0].errors[0].error
    entries = (await log.service.list(EntryFilter())).entries
    assert sorted(entry.action for entry in entries) == ["first", "user.login", "user.login"]
    assert ids[1] not in {str(entry.id) for entry in entries}


async def test_clean_up_keeps_security_longer_and_counts_what_it_removed(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """W47: one unbounded statement without a count, the same age for all."""
    monkeypatch.setattr(service_module, "BATCH", 4)
    await log.fill(days_ago=100, n=10)
    await log.fill(days_ago=100, action="user.login", n=3)
    await log.fill(days_ago=400, action="user.login", n=2)
    await log.fill(days_ago=5)
    await log.client.insert(ActivityCleanupArgs(retention_days=90, dry_run=True))
    assert (await drain(log.client)).completed[0].output == {"dry_run": True, "would_delete": 12, "security": 2}
    await log.client.insert(ActivityCleanupArgs(retention_days=90))
    assert (await drain(log.client)).completed[0].output == {"deleted": 12, "security": 2}
    assert log.counts["activity"] == 12
    assert (await log.service.stats()).total_count == 4


@pytest.mark.parametrize(("days", "left"), [(0, 1), (120, 2), (10**9, 2)])
async def test_age_that_is_not_said_is_the_go_server_s_and_a_long_one_is_never(log: Log, days: int, left: int) -> None:
    await log.fill(days_ago=100)
    await log.fill(days_ago=80)
    await log.client.insert(ActivityCleanupArgs(retention_days=days))
    await drain(log.client)
    assert (await log.service.stats()).total_count == left


async def test_age_below_nothing_is_refused_and_removes_nothing(log: Log, pool: Pool) -> None:
    await log.fill(days_ago=100)
    with pytest.raises(InvalidJob, match="retention_days must be 0 or more, got -3"):
        await log.client.insert(ActivityCleanupArgs(retention_days=-3))
    await written_by_others(log, pool, "activity_cleanup", {"retention_days": -3})
    drained = await drain(log.client, with_retries=True)
    assert "retention_days must be 0 or more, got -3" in drained.cancelled[0].errors[0].error
    assert (await log.service.stats()).total_count == 1


async def test_long_clean_up_comes_back_with_its_count(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """W12: a deadline is no reason to begin anew."""
    monkeypatch.setattr(service_module, "BATCH", 4)
    monkeypatch.setattr(ActivityCleanupWorker, "run_for_s", -1.0)
    await log.fill(days_ago=100, n=10)
    result = await log.client.insert(ActivityCleanupArgs(retention_days=90))
    drained = await drain(log.client, with_scheduled=True)
    assert len(drained.snoozed) >= 2
    monkeypatch.setattr(ActivityCleanupWorker, "run_for_s", 90.0)
    await drain(log.client, with_scheduled=True)
    assert (await log.service.stats()).total_count == 0
    assert (await log.client.get(result.job.id)).metadata["deleted"] == 10


async def test_one_clean_up_waits_or_runs_at_a_time(log: Log) -> None:
    first = await log.client.insert(ActivityCleanupArgs(retention_days=90))
    second = await log.client.insert(ActivityCleanupArgs(retention_days=30), InsertOpts())
    assert (second.duplicate, second.job.id) == (True, first.job.id)


async def test_entries_are_filtered_and_paged_by_key(log: Log) -> None:
    for number in range(5):
        await log.fill(days_ago=number, action="a" if number % 2 else "b")
    page = await log.service.list(EntryFilter(action="b"), limit=2)
    rest = await log.service.list(EntryFilter(action="b"), limit=2, cursor=page.next_cursor)
    assert [len(page.entries), len(rest.entries), rest.next_cursor] == [2, 1, None]
    lately = EntryFilter(start=datetime.now(UTC) - timedelta(days=1, hours=1))
    assert len((await log.service.list(lately)).entries) == 2
    assert [(each.action, each.count) for each in await log.service.actions()] == [("b", 3), ("a", 2)]
    with pytest.raises(ValueError, match=r"cursor|isoformat"):
        await log.service.list(EntryFilter(), cursor="bm90aGluZw==")
