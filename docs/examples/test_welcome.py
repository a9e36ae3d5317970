"""The tests of docs/testing.md: no database, no waiting."""

from datetime import timedelta

import pytest
from welcome import Busy, MailArgs, MailWorker, SignUp

from revenge.infra.jobs import Worker
from revenge.infra.jobs.testing import (
    MemoryClient,
    StoppedClock,
    assert_enqueued,
    drain,
    refute_enqueued,
    work_one,
)


class Outbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.error: Exception | None = None

    async def send(self, address: str, text: str) -> str:
        if self.error is not None:
            raise self.error
        self.sent.append(f"{text} to {address}")
        return f"message-{len(self.sent)}"


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def jobs_workers(outbox: Outbox) -> list[Worker[MailArgs]]:
    return [MailWorker(outbox)]


# What is inserted


async def test_signing_up_asks_for_a_mail_now_and_one_in_a_week(
    jobs_client: MemoryClient, stopped_clock: StoppedClock
) -> None:
    now = stopped_clock.now()
    await SignUp(jobs_client).sign_up("ada@example.org", now=now)

    await assert_enqueued(jobs_client, MailArgs(address="ada@example.org", text="welcome"))
    reminder = await assert_enqueued(
        jobs_client,
        MailArgs,
        args={"address": "ada@example.org"},
        tags=["reminder"],
        scheduled_at=now + timedelta(days=7),
    )
    assert reminder.queue == "mail"
    await refute_enqueued(jobs_client, MailArgs, args={"address": "bob@example.org"})


async def test_signing_up_twice_asks_for_no_second_mail(jobs_client: MemoryClient, stopped_clock: StoppedClock) -> None:
    for _ in range(2):
        await SignUp(jobs_client).sign_up("ada@example.org", now=stopped_clock.now())
    await assert_enqueued(jobs_client, MailArgs, count=2)


# What is worked


async def test_the_reminder_is_sent_after_a_week(
    jobs_client: MemoryClient, stopped_clock: StoppedClock, outbox: Outbox
) -> None:
    await SignUp(jobs_client).sign_up("ada@example.org", now=stopped_clock.now())
    drained = await drain(jobs_client)
    assert len(drained.completed) == 1
    assert outbox.sent == ["welcome to ada@example.org"]

    await stopped_clock.advance(timedelta(days=7))
    await drain(jobs_client)
    assert outbox.sent == ["welcome to ada@example.org", "still there? to ada@example.org"]


async def test_a_mail_that_can_not_be_sent_is_tried_25_times(jobs_client: MemoryClient, outbox: Outbox) -> None:
    outbox.error = ConnectionError("nobody answers")
    await jobs_client.insert(MailArgs(address="ada@example.org", text="welcome"))
    with pytest.raises(ConnectionError):
        await drain(jobs_client)

    drained = await drain(jobs_client, with_retries=True, raise_errors=False)
    [job] = drained.discarded
    assert job.attempt == 25
    assert job.errors[-1].error == "ConnectionError: nobody answers"


# One worker by itself


async def test_a_mail_s_id_is_its_output(outbox: Outbox) -> None:
    worked = await work_one(MailWorker(outbox), MailArgs(address="ada@example.org", text="hi"))
    assert worked.output == {"message_id": "message-1"}
    assert [report.message for report in worked.reports] == ["ada@example.org"]


async def test_a_busy_server_is_asked_again_in_five_minutes(outbox: Outbox, stopped_clock: StoppedClock) -> None:
    outbox.error = Busy()
    worked = await work_one(MailWorker(outbox), MailArgs(address="ada@example.org", text="hi"), clock=stopped_clock)
    assert worked.outcome == "snoozed"
    assert worked.job.scheduled_at == stopped_clock.now() + timedelta(minutes=5)


async def test_what_is_no_address_is_given_up(outbox: Outbox) -> None:
    worked = await work_one(MailWorker(outbox), MailArgs(address="ada", text="hi"))
    assert worked.outcome == "cancelled"
    assert not outbox.sent
