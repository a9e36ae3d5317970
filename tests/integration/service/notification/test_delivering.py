"""Deliveries: one row and one retry per agent, never twice where that can be avoided."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Pool
from revenge.infra.http.config import Rate
from revenge.infra.http.errors import LedAway, NotThere, Refused, TooMany, Unavailable
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs import InvalidJob, JobState
from revenge.infra.jobs.testing import drain
from revenge.service.notification.errors import AgentNotFound, DeliveryNotFailed, DeliveryNotFound, EventNotFound
from revenge.service.notification.jobs import NotificationArgs, NotificationCleanupArgs
from revenge.service.notification.models import DeliveryStatus, EventFilter
from revenge.service.notification.pacing import PacedSender
from tests.fakes.telling import MovableClock, RecordingSender, Telling, agents_of


def _telling(pool: Pool, *failures: BaseException, names: tuple[str, ...] = ("phone", "desk")) -> Telling:
    return Telling(pool, RecordingSender(*failures), agents_of(*names))


def _sent(telling: Telling) -> list[str]:
    assert isinstance(telling.sender, RecordingSender)
    return [agent for agent, _ in telling.sender.sent]


async def test_every_agent_is_told_by_a_job_of_its_own(pool: Pool) -> None:
    telling = _telling(pool)
    event = await telling.raise_one("library.scan_done", library="Films")
    drained = await drain(telling.client)
    assert [job.output for job in drained.completed] == [
        {"agent": "phone", "status": "sent", "events": 1},
        {"agent": "desk", "status": "sent", "events": 1},
    ]
    assert await telling.statuses(event) == {"phone": "sent", "desk": "sent"}
    assert telling.counts == {("phone", "sent"): 1, ("desk", "sent"): 1}


async def test_failure_of_one_agent_is_tried_again_for_that_agent_alone(pool: Pool) -> None:
    """W44: in the Go server one agent that answered hid all that did not, and a retry told all of them again."""
    telling = _telling(pool, Unavailable("phone", "it broke off"))
    event = await telling.raise_one("library.scan_done")
    drained = await drain(telling.client, with_retries=True)
    assert [len(drained.failed), len(drained.completed)] == [1, 2]
    assert sorted(_sent(telling)) == ["desk", "phone"]
    phone = (await telling.deliveries_of(event))["phone"]
    assert (phone["status"], phone["attempts"], phone["error"]) == ("sent", 2, None)


async def test_last_attempt_that_fails_leaves_the_reason_at_the_delivery(pool: Pool) -> None:
    telling = _telling(pool, *[Unavailable("phone", "it broke off")] * 5, names=("phone",))
    event = await telling.raise_one("library.scan_done")
    drained = await drain(telling.client, with_retries=True, raise_errors=False)
    assert len(drained.discarded) == 1
    phone = (await telling.deliveries_of(event))["phone"]
    assert (phone["status"], phone["attempts"], phone["error"]) == ("failed", 5, "it broke off")


@pytest.mark.parametrize(
    "failure",
    [NotThere("phone", "404"), Refused("phone", "wrong key", status=401), LedAway("phone", "302")],
    ids=["404", "401", "302"],
)
async def test_what_will_be_refused_again_is_not_tried_again(pool: Pool, failure: Exception) -> None:
    telling = _telling(pool, failure, names=("phone",))
    event = await telling.raise_one("library.scan_done")
    drained = await drain(telling.client, with_retries=True)
    assert len(drained.cancelled) == len(drained) == 1
    assert await telling.statuses(event) == {"phone": "failed"}


async def test_agent_that_wants_to_be_left_alone_is_not_called_by_any_job_until_then(pool: Pool) -> None:
    """W06: Retry-After is a snooze that costs no attempt; and what waits for the same agent waits as well."""
    telling = _telling(pool, TooMany("phone", "429", retry_after=timedelta(minutes=5)), names=("phone",))
    first = await telling.raise_one("library.scan_done")
    second = await telling.raise_one("library.scan_failed")
    drained = await drain(telling.client)
    assert len(drained.snoozed) == len(drained) == 2
    assert {job.attempt for job in drained.snoozed} == {0}
    assert _sent(telling) == []
    assert (await telling.deliveries_of(second))["phone"]["attempts"] == 0
    telling.clock.ahead = timedelta(minutes=6)
    await drain(telling.client, with_scheduled=True)
    assert [await telling.statuses(event) for event in (first, second)] == [{"phone": "sent"}, {"phone": "sent"}]


async def test_agent_that_wants_to_be_left_alone_for_ever_is_given_up(pool: Pool) -> None:
    telling = _telling(pool, TooMany("phone", "429", retry_after=timedelta(hours=1)), names=("phone",))
    event = await telling.raise_one("library.scan_done")
    telling.clock.ahead = timedelta(days=2)
    drained = await drain(telling.client)
    assert len(drained.cancelled) == 1
    assert await telling.statuses(event) == {"phone": "failed"}


def _paced(pool: Pool, sender: RecordingSender, *, burst: int) -> Telling:
    clock = MovableClock()
    rate = Rate(per_second=0.01, burst=burst, longest_wait=timedelta(0))  # no turn comes back within this test
    paced = PacedSender(sender, traffic=LocalTraffic(clock), clock=clock, rate=rate)
    return Telling(pool, paced, agents_of("phone"), clock=clock)


async def test_agent_is_not_called_faster_than_its_rate_and_what_has_no_turn_waits_as_it_was(pool: Pool) -> None:
    """What waited for a Retry-After came all at once when it was over."""
    sender = RecordingSender()
    telling = _paced(pool, sender, burst=2)
    events = [await telling.raise_one("library.scan_done") for _ in range(5)]
    telling.clock.ahead = timedelta(days=2)  # for want of a turn nothing is given up
    drained = await drain(telling.client)
    assert (len(sender.sent), len(drained.completed), len(drained.snoozed)) == (2, 2, 3)
    assert {job.attempt for job in drained.snoozed} == {0}
    found = [(await telling.deliveries_of(event))["phone"] for event in events]
    assert [(row["status"], row["attempts"]) for row in found] == [("sent", 1)] * 2 + [("pending", 0)] * 3
    assert [
        (state.last_error, state.blocked_until) for state in (await telling.repository.agent_states()).values()
    ] == [(None, None)]


async def test_agent_that_goes_on_failing_is_left_alone_and_what_it_said_stays_to_be_read(pool: Pool) -> None:
    """Each delivery called it, again and again: there was no breaker."""
    sender = RecordingSender(*[Unavailable("phone", "answered 500")] * 100)
    telling = _paced(pool, sender, burst=100)
    events = [await telling.raise_one("library.scan_done") for _ in range(8)]
    drained = await drain(telling.client, raise_errors=False)
    assert (100 - len(sender.failures), len(drained.failed), len(drained.snoozed)) == (5, 5, 3)
    found = [(await telling.deliveries_of(event))["phone"] for event in events]
    assert [row["attempts"] for row in found] == [1] * 5 + [0] * 3
    assert [state.last_error for state in (await telling.repository.agent_states()).values()] == ["answered 500"]


async def test_event_is_given_up_when_its_agent_has_failed_for_too_long(pool: Pool) -> None:
    telling = _paced(pool, RecordingSender(*[Unavailable("phone", "answered 500")] * 5), burst=100)
    events = [await telling.raise_one("library.scan_done") for _ in range(6)]
    telling.clock.ahead = timedelta(days=2)
    drained = await drain(telling.client, raise_errors=False)
    assert (len(drained.failed), len(drained.cancelled)) == (5, 1)
    assert await telling.statuses(events[5]) == {"phone": "failed"}


async def test_event_that_was_forgotten_meanwhile_is_no_news(pool: Pool) -> None:
    telling = _telling(pool)
    long_ago = datetime.now(UTC) - timedelta(days=40)
    args = NotificationArgs(event_id=uuid7(), event_type="movie.added", timestamp=long_ago, agent_names=("phone",))
    await telling.client.insert(args)
    drained = await drain(telling.client)
    assert [job.output["status"] for job in drained.completed] == ["gone"]
    assert _sent(telling) == []


async def test_burst_is_told_in_one_message(pool: Pool) -> None:
    telling = _telling(pool, names=("phone",))
    events = [await telling.raise_one("movie.added", title=f"Film {number}") for number in range(20)]
    other = await telling.raise_one("library.scan_done")
    drained = await drain(telling.client)
    assert isinstance(telling.sender, RecordingSender)
    assert [message.title for _, message in telling.sender.sent] == ["20 new films", "Scan done"]
    assert len(drained.completed) == 21
    for event in (*events, other):
        assert await telling.statuses(event) == {"phone": "sent"}


async def test_event_that_was_sent_is_never_told_again(pool: Pool) -> None:
    telling = _telling(pool, names=("phone",))
    event = await telling.raise_one("library.scan_done")
    await drain(telling.client)
    again = NotificationArgs(
        event_id=event.id, event_type=event.type, timestamp=event.occurred_at, agent_names=("phone",)
    )
    await telling.client.insert(again)
    drained = await drain(telling.client)
    assert [job.output for job in drained.completed] == [{"agent": "phone", "status": "sent before", "events": 0}]
    assert _sent(telling) == ["phone"]


async def test_delivery_of_a_process_that_died_is_told_again_by_its_job(pool: Pool) -> None:
    """Decided so: nobody knows whether the message arrived, and one that never comes does more harm than one twice."""
    telling = _telling(pool, names=("phone",))
    event = await telling.raise_one("movie.added")
    other = await telling.raise_one("movie.added")
    job_id = await pool.fetchval("SELECT id FROM river_job WHERE args->>'event_id' = $1", str(event.id))
    async with pool.acquire() as conn, conn.transaction():  # what kill -9 leaves behind
        now = datetime.now(UTC)
        await telling.repository.claim(conn, event.id, "phone", job_id=job_id, now=now, gathers="movie.added")
    assert await telling.statuses(other) == {"phone": "sending"}
    drained = await drain(telling.client)
    assert [job.output["status"] for job in drained.completed] == ["sent", "sent before"]
    assert _sent(telling) == ["phone"]
    assert (await telling.deliveries_of(event))["phone"]["attempts"] == 2


async def test_delivery_that_another_job_tells_at_the_moment_is_left_to_it(pool: Pool) -> None:
    telling = _telling(pool, names=("phone",))
    event = await telling.raise_one("movie.added")
    async with pool.acquire() as conn, conn.transaction():
        await telling.repository.claim(conn, event.id, "phone", job_id=999, now=datetime.now(UTC), gathers=None)
    drained = await drain(telling.client)
    assert [job.output["status"] for job in drained.completed] == ["told by another job"]
    assert _sent(telling) == []


async def test_late_result_of_a_lost_attempt_changes_nothing(pool: Pool) -> None:
    telling = _telling(pool, names=("phone",))
    event = await telling.raise_one("library.scan_done")
    early, late = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=1)
    for moment in (early, late):
        async with pool.acquire() as conn, conn.transaction():
            await telling.repository.claim(conn, event.id, "phone", job_id=7, now=moment, gathers=None)
    settled = await telling.repository.settle(
        "phone", DeliveryStatus.FAILED, job_id=7, taken_at=early, now=late, error="too late"
    )
    assert settled == 0
    assert await telling.statuses(event) == {"phone": "sending"}


@pytest.mark.parametrize(
    ("agents", "reason"),
    [
        (agents_of("other"), "the settings name no such agent any more"),
        (agents_of("phone", enabled=False), "the agent is switched off"),
        (agents_of("phone", types=["movie.added"]), "the agent wants no such events any more"),
    ],
)
async def test_agent_that_changed_its_mind_is_noted_as_such(pool: Pool, agents: object, reason: str) -> None:
    before = _telling(pool, names=("phone",))
    event = await before.raise_one("library.scan_done")
    after = Telling(pool, RecordingSender(), agents)  # type: ignore[arg-type]  # they are Agents
    await drain(after.client)
    phone = (await after.deliveries_of(event))["phone"]
    assert (phone["status"], phone["error"]) == ("filtered", reason)
    assert _sent(after) == []


async def test_job_of_the_go_server_tells_all_agents_by_jobs_of_ours(pool: Pool) -> None:
    telling = _telling(pool)
    event_id = uuid7()
    result = await telling.client.insert_raw(
        "notification",
        {
            "event_id": str(event_id),
            "event_type": "library.scan_done",
            "timestamp": "2026-01-02T03:04:05.123456789Z",
            "user_id": "00000000-0000-0000-0000-000000000000",
            "data": {"movies_added": 3, "api_token": "nobody's business"},
            "metadata": {"source": "go"},
            "added_later": True,
        },
    )
    drained = await drain(telling.client)
    jobs = (await telling.client.get(result.job.id)).output["jobs"]
    assert sorted(jobs) == ["desk", "phone"]
    assert len(drained.completed) == 3
    record = await telling.service.get(event_id)
    assert record.event.data == {"movies_added": 3, "api_token": "***"}
    assert (record.event.account_id, record.event.metadata) == (None, {"source": "go"})
    assert {delivery.status for delivery in record.deliveries} == {DeliveryStatus.SENT}


async def test_job_of_the_go_server_for_several_agents_says_which_of_them_there_are_not(pool: Pool) -> None:
    telling = _telling(pool)
    args = NotificationArgs(
        event_id=uuid7(), event_type="movie.added", timestamp=datetime.now(UTC), agent_names=("phone", "watch")
    )
    await telling.client.insert(args)
    await drain(telling.client)
    assert await telling.statuses(args.event) == {"phone": "sent", "watch": "filtered"}


async def test_job_of_the_go_server_for_one_agent_brings_its_event(pool: Pool) -> None:
    telling = _telling(pool)
    args = NotificationArgs(
        event_id=uuid7(),
        event_type="movie.added",
        timestamp=datetime.now(UTC),
        agent_names=("phone",),
        data={"title": "Alien", "year": 1979},
    )
    await telling.client.insert(args)
    await drain(telling.client)
    assert isinstance(telling.sender, RecordingSender)
    assert [message.body for _, message in telling.sender.sent] == ["Alien (1979)"]


async def test_test_message_goes_to_an_agent_that_wants_to_hear_nothing(pool: Pool) -> None:
    telling = Telling(pool, RecordingSender(), agents_of("phone", types=["movie.added"], enabled=False))
    enqueued = await telling.service.test("phone")
    drained = await drain(telling.client)
    assert [job.id for job in drained.completed] == [enqueued.job_id]
    assert _sent(telling) == ["phone"]
    with pytest.raises(AgentNotFound):
        await telling.service.test("desk")


async def test_failed_delivery_can_be_tried_again_and_no_other(pool: Pool) -> None:
    telling = _telling(pool, NotThere("phone", "404"), names=("phone",))
    event = await telling.raise_one("library.scan_done")
    await drain(telling.client)
    enqueued = await telling.service.retry(event.id, "phone")
    assert (await telling.client.get(enqueued.job_id)).state is JobState.AVAILABLE
    await drain(telling.client)
    assert await telling.statuses(event) == {"phone": "sent"}
    with pytest.raises(DeliveryNotFailed):
        await telling.service.retry(event.id, "phone")
    with pytest.raises(DeliveryNotFound):
        await telling.service.retry(event.id, "desk")
    with pytest.raises(EventNotFound):
        await telling.service.retry(uuid7(), "phone")


async def test_job_that_a_person_lets_run_again_tries_its_delivery_again(pool: Pool) -> None:
    telling = _telling(pool, NotThere("phone", "404"), names=("phone",))
    event = await telling.raise_one("library.scan_done")
    drained = await drain(telling.client)
    await telling.client.retry(drained.cancelled[0].id)
    await drain(telling.client)
    assert await telling.statuses(event) == {"phone": "sent"}


async def test_events_are_listed_newest_first_and_by_what_became_of_them(pool: Pool) -> None:
    telling = _telling(pool, NotThere("phone", "404"), names=("phone",))
    events = [await telling.raise_one(name) for name in ("library.scan_done", "movie.added", "auth.login_failed")]
    await drain(telling.client)
    first = await telling.service.list(EventFilter(), limit=2)
    second = await telling.service.list(EventFilter(), limit=2, cursor=first.next_cursor)
    assert [record.event.id for record in (*first.events, *second.events)] == [event.id for event in reversed(events)]
    assert second.next_cursor is None
    failed = await telling.service.list(EventFilter(status=DeliveryStatus.FAILED, agent="phone"))
    assert [record.event.type for record in failed.events] == ["library.scan_done"]
    assert [record.event.type for record in (await telling.service.list(EventFilter(category="auth"))).events] == [
        "auth.login_failed"
    ]
    with pytest.raises(ValueError, match="no cursor"):
        await telling.service.list(EventFilter(), cursor="x")


async def test_list_asks_for_all_deliveries_at_once(pool: Pool) -> None:
    telling = _telling(pool)
    for _ in range(30):
        await telling.raise_one("library.scan_done")
    statements: list[str] = []
    async with pool.acquire() as conn:
        conn.add_query_logger(lambda record: statements.append(record.query))
    await telling.service.list(EventFilter(), limit=30)
    assert len([each for each in statements if "notification_" in each]) == 2


async def test_agents_are_shown_with_what_they_said_last(pool: Pool) -> None:
    telling = _telling(pool, NotThere("phone", "404"))
    await telling.raise_one("library.scan_done")
    await drain(telling.client)
    (phone, phone_state), (desk, desk_state) = await telling.service.agents()
    assert (phone.name, phone_state and phone_state.last_error) == ("phone", "404")
    assert (desk.name, desk_state and desk_state.last_error) == ("desk", None)
    assert desk_state
    assert desk_state.last_sent_at


async def test_events_are_forgotten_when_their_time_is_over(pool: Pool) -> None:
    telling = _telling(pool)
    old = await telling.raise_one("library.scan_done")
    await pool.execute("UPDATE revenge.notification_event SET occurred_at = now() - interval '31 days'")
    new = await telling.raise_one("library.scan_done")
    await telling.client.insert(NotificationCleanupArgs())
    drained = await drain(telling.client, queues=["low"])
    assert drained.completed[0].output["deleted"] == 1
    with pytest.raises(EventNotFound):
        await telling.service.get(old.id)
    assert await telling.statuses(new) == {"phone": "pending", "desk": "pending"}
    assert len((await drain(telling.client)).completed) == 4


async def test_time_beyond_the_calendar_is_refused_and_keeps_no_neighbour_from_being_told(pool: Pool) -> None:
    telling = _telling(pool, names=("phone",))
    wrong = {"event_id": str(uuid7()), "event_type": "library.scan_done", "timestamp": "9999-12-31T23:59:59-05:00"}
    with pytest.raises(InvalidJob, match="beyond the calendar"):
        await telling.client.insert_raw("notification", wrong)
    await pool.execute(
        "INSERT INTO river_job (kind, args, max_attempts) VALUES ('notification', $1, 5)", json.dumps(wrong)
    )
    event = await telling.raise_one("library.scan_done")
    drained = await drain(telling.client, with_retries=True)
    assert (len(drained.cancelled), len(drained.completed)) == (1, 1)
    assert "beyond the calendar" in drained.cancelled[0].errors[0].error
    assert await telling.statuses(event) == {"phone": "sent"}


@pytest.mark.parametrize("days", [0, -1, 10**9])
async def test_events_are_kept_for_a_time_that_is_one(pool: Pool, days: int) -> None:
    telling = _telling(pool)
    with pytest.raises(InvalidJob, match=f"retention_days must be 1 to 36500, got {days}"):
        await telling.client.insert(NotificationCleanupArgs(retention_days=days))
    row = json.dumps({"retention_days": days})
    await pool.execute("INSERT INTO river_job (kind, args, max_attempts) VALUES ('notification_cleanup', $1, 3)", row)
    drained = await drain(telling.client, with_retries=True)
    assert len(drained.cancelled) == len(drained) == 1
