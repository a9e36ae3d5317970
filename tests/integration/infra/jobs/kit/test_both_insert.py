"""Inserting and looking mean the same in memory and on a database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revenge.infra.jobs import (
    UNFINISHED,
    Client,
    InsertOpts,
    InvalidCursor,
    InvalidJob,
    JobArgs,
    JobIsRunning,
    JobListParams,
    JobNotFound,
    JobState,
    QueueNotFound,
    StoreError,
    UniqueConflict,
    UniqueOpts,
    UnknownKind,
)
from revenge.infra.jobs.testing import assert_enqueued, drain
from tests.fakes.engine import ActArgs, Actor, nothing
from tests.integration.infra.jobs.kit.conftest import Make

SOON = timedelta(hours=1)
ONE_WAITING = UniqueOpts(by_args=True, by_state=UNFINISHED)


class OtherArgs(JobArgs, kind="other"):
    number: int = 0


class TunedArgs(JobArgs, kind="tuned"):
    insert_opts = InsertOpts(queue="first", priority=3, max_attempts=7, tags=["tuned"])


def _now() -> datetime:
    return datetime.now(UTC)


async def test_what_is_inserted_is_what_is_found(client: Client) -> None:
    due = _now() + SOON
    opts = InsertOpts(
        queue="first", priority=2, max_attempts=3, tags=["one", "two"], metadata={"a": {"b": [1]}}, scheduled_at=due
    )
    job = (await client.insert(ActArgs(what="x", number=2), opts)).job
    assert await client.get(job.id) == job
    assert (job.kind, job.queue, job.priority, job.max_attempts) == ("act", "first", 2, 3)
    assert (job.state, job.attempt, job.errors, job.attempted_by) == (JobState.SCHEDULED, 0, [], [])
    assert (job.args, job.metadata, job.tags) == ({"what": "x", "number": 2}, {"a": {"b": [1]}}, ["one", "two"])
    assert job.scheduled_at == due
    assert abs(job.created_at - _now()) < timedelta(minutes=1)


async def test_options_come_from_the_call_then_the_class_then_the_client(make: Make) -> None:
    client = make(max_attempts=4)
    plain = (await client.insert(OtherArgs())).job
    tuned = (await client.insert(TunedArgs())).job
    called = (await client.insert(TunedArgs(), InsertOpts(queue="second", priority=1, tags=[]))).job
    assert (plain.queue, plain.priority, plain.max_attempts, plain.tags) == ("default", 1, 4, [])
    assert (tuned.queue, tuned.priority, tuned.max_attempts, tuned.tags) == ("first", 3, 7, ["tuned"])
    assert (called.queue, called.priority, called.max_attempts, called.tags) == ("second", 1, 7, [])


@pytest.mark.parametrize(
    ("opts", "state"),
    [
        (InsertOpts(), JobState.AVAILABLE),
        (InsertOpts(pending=True), JobState.PENDING),
        (InsertOpts(scheduled_at=datetime(2020, 1, 1, tzinfo=UTC)), JobState.SCHEDULED),
    ],
    ids=["plain", "pending", "scheduled"],
)
async def test_a_job_begins_in_the_state_its_options_say(client: Client, opts: InsertOpts, state: JobState) -> None:
    assert (await client.insert(ActArgs(), opts)).job.state is state


@pytest.mark.parametrize(
    "opts",
    [
        InsertOpts(priority=5),
        InsertOpts(queue="Not A Queue"),
        InsertOpts(tags=["-"]),
        InsertOpts(max_attempts=40_000),
        InsertOpts(scheduled_at=datetime(2026, 1, 1)),  # noqa: DTZ001 - that is what is wrong with it
        InsertOpts(unique=UniqueOpts(by_period=timedelta(milliseconds=1))),
    ],
    ids=["priority", "queue", "tags", "attempts", "zone", "period"],
)
async def test_options_that_break_a_rule_insert_nothing(client: Client, opts: InsertOpts) -> None:
    with pytest.raises(InvalidJob):
        await client.insert_many([ActArgs(), (ActArgs(), opts)])
    assert (await client.list()).jobs == []


async def test_what_postgresql_cannot_hold_is_refused(client: Client) -> None:
    with pytest.raises(StoreError) as caught:
        await client.insert(ActArgs(what="nul \x00"))
    assert caught.value.is_refusal
    assert (await client.list()).jobs == []


async def test_a_client_with_workers_takes_only_their_kinds(make: Make) -> None:
    client = make(Actor(nothing))
    with pytest.raises(UnknownKind):
        await client.insert(OtherArgs())
    assert (await client.insert_raw("act", {"number": 3})).job.args == {"what": "", "number": 3}
    with pytest.raises(UnknownKind):
        await client.insert_raw("other", {})


async def test_many_are_inserted_in_their_order(client: Client) -> None:
    results = await client.insert_many([OtherArgs(number=number) for number in range(5)])
    ids = [result.job.id for result in results]
    assert ids == sorted(ids)
    assert [result.job.args["number"] for result in results] == [0, 1, 2, 3, 4]
    assert (
        await client.insert_many_fast([(OtherArgs(number=number), InsertOpts(queue="first")) for number in (5, 6)]) == 2
    )
    jobs = (await client.list(JobListParams(queues=["first"]))).jobs
    assert [job.args["number"] for job in jobs] == [6, 5]
    assert {job.state for job in jobs} == {JobState.AVAILABLE}


async def test_a_unique_job_is_inserted_once_and_shown_again(client: Client) -> None:
    opts = InsertOpts(unique=ONE_WAITING)
    first = await client.insert(OtherArgs(number=1), opts)
    again = await client.insert(OtherArgs(number=1), InsertOpts(unique=ONE_WAITING, priority=4))
    another = await client.insert(OtherArgs(number=2), opts)
    assert (first.duplicate, again.duplicate, another.duplicate) == (False, True, False)
    assert again.job == first.job
    assert len((await client.list()).jobs) == 2


async def test_one_call_with_two_of_a_kind_inserts_one(client: Client) -> None:
    item = (OtherArgs(number=1), InsertOpts(unique=ONE_WAITING))
    first, second, plain = await client.insert_many([item, item, OtherArgs(number=1)])
    assert (first.duplicate, second.duplicate, plain.duplicate) == (False, True, False)
    assert second.job.id == first.job.id != plain.job.id


async def test_a_fast_insert_of_a_duplicate_inserts_nothing(client: Client) -> None:
    opts = InsertOpts(unique=ONE_WAITING)
    await client.insert(OtherArgs(number=1), opts)
    with pytest.raises(Exception, match="unique"):
        await client.insert_many_fast([(OtherArgs(number=2), opts), (OtherArgs(number=1), opts)])
    assert len((await client.list()).jobs) == 1


@pytest.mark.parametrize(
    ("unique", "first", "second", "is_duplicate"),
    [
        (UniqueOpts(by_args=["number"]), {"number": 1, "what": "a"}, {"number": 1, "what": "b"}, True),
        (UniqueOpts(by_args=["number"]), {"number": 1}, {"number": 2}, False),
        (UniqueOpts(by_period=timedelta(days=30_000)), {"number": 1}, {"number": 2}, True),
        (UniqueOpts(by_queue=True), {"queue": "first"}, {"queue": "first"}, True),
        (UniqueOpts(by_queue=True), {"queue": "first"}, {"queue": "second"}, False),
    ],
    ids=["same-field", "other-field", "period", "same-queue", "other-queue"],
)
async def test_uniqueness_looks_at_what_it_is_told_to(
    client: Client, unique: UniqueOpts, first: dict[str, Any], second: dict[str, Any], is_duplicate: bool
) -> None:
    async def insert(columns: dict[str, Any]) -> bool:
        args = ActArgs(**{key: value for key, value in columns.items() if key != "queue"})
        return (await client.insert(args, InsertOpts(unique=unique, queue=columns.get("queue")))).duplicate

    assert not await insert(first)
    assert await insert(second) is is_duplicate


@pytest.mark.parametrize("by_state", [UNFINISHED, None], ids=["unfinished", "default"])
async def test_a_finished_job_keeps_its_key_only_when_its_state_counts(make: Make, by_state: Any) -> None:
    client = make(Actor(nothing))
    opts = InsertOpts(unique=UniqueOpts(by_args=True, by_state=by_state))
    await client.insert(ActArgs(), opts)
    await drain(client)
    assert (await client.insert(ActArgs(), opts)).duplicate is (by_state is None)


async def test_a_job_cannot_come_back_while_another_has_its_key(client: Client) -> None:
    opts = InsertOpts(unique=ONE_WAITING)
    first = (await client.insert(ActArgs(), opts)).job
    await client.cancel(first.id)
    second = await client.insert(ActArgs(), opts)
    assert not second.duplicate
    with pytest.raises(UniqueConflict):
        await client.retry(first.id)
    assert (await client.get(first.id)).state is JobState.CANCELLED
    await client.delete(second.job.id)
    assert (await client.retry(first.id)).state is JobState.AVAILABLE


async def test_what_waits_is_cancelled_and_can_be_retried(client: Client) -> None:
    job = (await client.insert(ActArgs(), InsertOpts(scheduled_at=_now() + SOON))).job
    cancelled = await client.cancel(job.id)
    assert cancelled.state is JobState.CANCELLED
    assert cancelled.finalized_at is not None
    assert "cancel_attempted_at" in cancelled.metadata
    assert (await client.cancel(job.id)) == cancelled
    retried = await client.retry(job.id)
    assert (retried.state, retried.finalized_at, retried.metadata) == (JobState.AVAILABLE, None, {})
    assert retried.scheduled_at <= _now() + timedelta(minutes=1)


async def test_a_retry_leaves_alone_what_is_due(client: Client) -> None:
    job = (await client.insert(ActArgs())).job
    assert (await client.retry(job.id)).state is JobState.AVAILABLE


async def test_a_retry_after_the_last_attempt_grants_another(make: Make) -> None:
    async def fail(_: Any) -> None:
        message = "no"
        raise ValueError(message)

    client = make(Actor(fail))
    job = (await client.insert(ActArgs(), InsertOpts(max_attempts=1))).job
    await drain(client, raise_errors=False)
    retried = await client.retry(job.id)
    assert (retried.attempt, retried.max_attempts, retried.state) == (1, 2, JobState.AVAILABLE)


async def test_a_deleted_job_is_gone(client: Client) -> None:
    job = (await client.insert(ActArgs())).job
    assert await client.delete(job.id) == job
    for call in (client.get, client.cancel, client.retry, client.delete):
        with pytest.raises(JobNotFound):
            await call(job.id)


async def test_a_running_job_is_not_deleted_and_not_retried(make: Make) -> None:
    seen: list[object] = []

    async def look(job: Any) -> None:
        with pytest.raises(JobIsRunning):
            await client.delete(job.id)
        seen.append((await client.retry(job.id)).state)

    client = make(Actor(look))
    await client.insert(ActArgs())
    await drain(client)
    assert seen == [JobState.RUNNING]


async def test_a_list_is_filtered_and_paged_newest_first(client: Client) -> None:
    for number in range(4):
        await client.insert(OtherArgs(number=number), InsertOpts(tags=["odd" if number % 2 else "even", "all"]))
    await client.insert(ActArgs(), InsertOpts(pending=True))

    async def numbers(**params: Any) -> list[int]:
        return [job.args["number"] for job in (await client.list(JobListParams(**params))).jobs]

    assert await numbers(kinds=["other"]) == [3, 2, 1, 0]
    assert await numbers(tags=["odd", "all"]) == [3, 1]
    assert await numbers(states=[JobState.PENDING]) == [0]
    assert await numbers(states=[JobState.AVAILABLE, JobState.PENDING], limit=2) == [0, 3]
    assert await numbers(queues=["first"]) == []
    page = await client.list(JobListParams(kinds=["other"], limit=3))
    assert await numbers(kinds=["other"], cursor=page.next_cursor) == [0]
    with pytest.raises(InvalidCursor):
        await client.list(JobListParams(cursor="?"))


async def test_queues_count_what_is_unfinished(make: Make) -> None:
    client = make(Actor(nothing))
    await client.insert_many([ActArgs(), ActArgs(), (ActArgs(), InsertOpts(queue="first", pending=True))])
    await client.insert(ActArgs(), InsertOpts(queue="unserved"))
    await client.pause_queue("first")
    infos = {info.name: info for info in await client.queues()}
    assert sorted(infos) == ["default", "first", "second", "unserved"]
    assert dict(infos["default"].counts) == {"available": 2}
    assert dict(infos["first"].counts) == {"pending": 1}
    assert infos["first"].paused_at is not None
    assert infos["default"].oldest_wait_s is not None
    assert infos["second"].oldest_wait_s is None
    with pytest.raises(QueueNotFound):
        await client.pause_queue("nowhere")
    await client.resume_queue("*")
    assert all(info.paused_at is None for info in await client.queues())


@pytest.mark.parametrize("huge", [2**64, -(2**70) - 1, 10**400], ids=["65 bits", "71 bits", "401 digits"])
async def test_an_integer_of_any_size_is_inserted_and_read_exactly(client: Client, huge: int) -> None:

    inserted = (await client.insert(OtherArgs(number=huge), InsertOpts(metadata={"huge": huge}))).job
    await client.update(inserted.id, metadata={"more": huge})
    await client.cancel(inserted.id)

    assert inserted.args == {"number": huge}
    assert inserted.metadata == {"huge": huge}
    found = await client.retry(inserted.id)
    assert found.args == inserted.args
    assert found.metadata == {"huge": huge, "more": huge}
    assert (await client.list(JobListParams(metadata={"more": huge}))).jobs == [found]
    await assert_enqueued(client, OtherArgs(number=huge))
