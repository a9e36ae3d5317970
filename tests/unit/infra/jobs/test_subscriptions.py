"""Subscribers get what passes their filters, no more than they have room for, and never another client's events."""

import asyncio
from datetime import timedelta

import pytest

from revenge.infra.jobs import AttemptEnded, EventKind, JobState, QueueChanged
from revenge.infra.jobs.models import JobRow
from revenge.infra.jobs.outcome import Settlement, cancelled, completed, failed, interrupted, snoozed
from revenge.infra.jobs.subscriptions import LocalEvents, Subscription, kind_of, wish_of
from tests.fakes.engine import NOW, attempt, claim

COMPLETED, FAILED, SNOOZED = EventKind.JOB_COMPLETED, EventKind.JOB_FAILED, EventKind.JOB_SNOOZED
CANCELLED, INTERRUPTED = EventKind.JOB_CANCELLED, EventKind.JOB_INTERRUPTED


@pytest.mark.parametrize("wished", [COMPLETED, FAILED, SNOOZED, CANCELLED, INTERRUPTED])
@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (JobState.COMPLETED, COMPLETED),
        (JobState.CANCELLED, CANCELLED),
        (JobState.DISCARDED, FAILED),
        (JobState.RETRYABLE, FAILED),
        (JobState.SCHEDULED, SNOOZED),
        (JobState.PENDING, None),
        (JobState.RUNNING, None),
    ],
)
def test_the_persisted_state_decides_what_is_told(state: JobState, kind: EventKind | None, wished: EventKind) -> None:
    assert kind_of(state, wished) is kind


@pytest.mark.parametrize(
    ("wished", "kind"),
    [(FAILED, FAILED), (SNOOZED, SNOOZED), (INTERRUPTED, INTERRUPTED), (COMPLETED, FAILED), (CANCELLED, FAILED)],
)
def test_available_is_what_was_wished_if_that_can_lead_there(wished: EventKind, kind: EventKind) -> None:
    assert kind_of(JobState.AVAILABLE, wished) is kind


@pytest.mark.parametrize(
    ("settlement", "wish"),
    [
        (completed(claim(), now=NOW), COMPLETED),
        (cancelled(claim(), now=NOW, error="{}"), CANCELLED),
        (failed(claim(), now=NOW, retry_at=NOW, error="{}"), FAILED),
        (failed(claim(attempt=3), now=NOW, retry_at=NOW, error="{}"), FAILED),
        (snoozed(claim(), now=NOW, for_=timedelta(0), metadata='{"snoozes": 1}'), SNOOZED),
        (interrupted(claim(), now=NOW), INTERRUPTED),
    ],
)
def test_a_settlement_says_what_it_is_meant_to_be(settlement: Settlement, wish: EventKind) -> None:
    assert wish_of(settlement) is wish


def row(job_id: int = 1, *, kind: str = "act", queue: str = "default") -> JobRow:
    return JobRow(
        id=job_id,
        kind=kind,
        queue=queue,
        state=JobState.COMPLETED,
        priority=1,
        attempt=1,
        max_attempts=3,
        args={},
        metadata={},
        tags=[],
        created_at=NOW,
        scheduled_at=NOW,
        attempted_at=NOW,
        finalized_at=NOW,
        attempted_by=[],
        errors=[],
    )


def subscribe(
    hub: LocalEvents,
    events: tuple[EventKind, ...] = (),
    *,
    kinds: tuple[str, ...] = (),
    queues: tuple[str, ...] = (),
    buffer: int = 1000,
) -> Subscription:
    return hub.subscribe(events=events, kinds=kinds, queues=queues, buffer=buffer)


async def read(subscription: Subscription) -> list[AttemptEnded | QueueChanged]:
    subscription.close()
    return [event async for event in subscription]


async def test_filters_are_by_event_kind_and_queue() -> None:
    hub = LocalEvents()
    every, failures = subscribe(hub), subscribe(hub, (FAILED,))
    acts, lows = subscribe(hub, kinds=("act",)), subscribe(hub, queues=("low",))
    hub.persisted([(COMPLETED, row(1)), (FAILED, row(2, kind="other")), (FAILED, row(3, queue="low"))], [1, 2, 3])
    hub.queue_changed("low", paused=True)

    def told(events: list[AttemptEnded | QueueChanged]) -> list[int | str]:
        return [event.queue if isinstance(event, QueueChanged) else event.job.id for event in events]

    assert told(await read(every)) == [1, 2, 3, "low"]
    assert told(await read(failures)) == [2, 3]
    assert told(await read(acts)) == [1, 3, "low"], "a filter of jobs lets queues pass"
    assert told(await read(lows)) == [3, "low"]


async def test_no_more_is_kept_than_there_is_room_for(caplog: pytest.LogCaptureFixture) -> None:
    hub = LocalEvents()
    small, large = subscribe(hub, buffer=2), subscribe(hub)
    hub.persisted([(COMPLETED, row(number)) for number in range(5)], range(5))
    assert small.dropped == 3
    assert caplog.messages.count("subscription.dropped") == 3
    assert [event.job.id for event in await read(small) if isinstance(event, AttemptEnded)] == [0, 1]
    assert (len(await read(large)), large.dropped) == (5, 0)


async def test_the_default_room_is_rivers_thousand() -> None:
    from revenge.infra.jobs.subscriptions import BUFFER

    assert BUFFER == 1000


async def test_a_reader_that_waits_is_woken_by_an_event_and_by_the_end() -> None:
    hub = LocalEvents()
    subscription = subscribe(hub)
    reading = asyncio.create_task(read_all(subscription))
    await asyncio.to_thread(lambda: None)
    hub.persisted([(COMPLETED, row(7))], [7])
    await asyncio.to_thread(lambda: None)
    hub.close()
    assert await reading == [7]


async def read_all(subscription: Subscription) -> list[int]:
    return [event.job.id async for event in subscription if isinstance(event, AttemptEnded)]


async def test_what_is_no_end_is_not_told() -> None:
    hub = LocalEvents()
    subscription = subscribe(hub)
    hub.persisted([(None, row(1))], [1])
    assert await read(subscription) == []


async def test_statistics_are_those_of_the_attempt() -> None:
    hub = LocalEvents()
    subscription = subscribe(hub)
    one = attempt(attempted_at=NOW + timedelta(seconds=3))
    one.started_at = asyncio.get_running_loop().time() - 2
    hub.attempt_ended(one)
    hub.persisted([(COMPLETED, row(one.claim.id))], [one.claim.id])
    (event,) = await read(subscription)
    assert isinstance(event, AttemptEnded)
    assert event.statistics.queue_wait_duration == timedelta(seconds=3)
    assert event.statistics.run_duration >= timedelta(seconds=2)
    assert event.statistics.complete_duration >= timedelta(0)


async def test_subscribers_of_one_client_hear_nothing_of_another() -> None:
    mine, yours = LocalEvents(), LocalEvents()
    subscription = subscribe(mine)
    subscribe(yours)
    yours.persisted([(COMPLETED, row(1))], [1])
    assert await read(subscription) == []


async def test_a_hub_is_watched_while_there_are_subscribers() -> None:
    hub = LocalEvents()
    watched = [hub.is_watched]
    with subscribe(hub, (FAILED,)):
        watched.append(hub.is_watched)
        assert (hub.wants(FAILED), hub.wants(COMPLETED)) == (True, False)
    assert [*watched, hub.is_watched] == [False, True, False]


async def test_odd_filters_are_refused() -> None:
    hub = LocalEvents()
    with pytest.raises(ValueError, match="buffer must be at least 1, got 0"):
        subscribe(hub, buffer=0)
    with pytest.raises(ValueError, match="job_exploded"):
        hub.subscribe(events=["job_exploded"], kinds=(), queues=(), buffer=1)  # type: ignore[list-item]  # that is the point
    assert not hub.is_watched


async def test_averages_are_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "revenge.jobs")
    hub = LocalEvents()
    subscribe(hub)
    hub.persisted([(COMPLETED, row(1)), (COMPLETED, row(2))], [1, 2])
    hub.persisted([(COMPLETED, row(3))], [3])
    (record,) = [record for record in caplog.records if record.message == "jobs.averages"]
    assert record.__dict__["jobs"] == 2
