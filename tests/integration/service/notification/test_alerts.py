"""Jobs that fail for good are noticed once, whoever discarded them, and told of once in a while."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest

from revenge.app.alerts import EndedJobsOfQueue
from revenge.infra.database.connection import Pool
from revenge.infra.http.errors import Unavailable
from revenge.infra.jobs import Client, ClientConfig, InsertOpts, Job, JobArgs, Worker, Workers
from revenge.infra.jobs.testing import drain
from revenge.service.notification.alerts import Alerts
from tests.fakes.telling import RecordingSender, Telling, agents_of


class BrokenArgs(JobArgs, kind="broken"):
    """No arguments."""


class BrokenWorker(Worker[BrokenArgs]):
    """Fails."""

    async def work(self, job: Job[BrokenArgs]) -> None:
        message = "no such disk, password=hunter22"
        raise RuntimeError(message)


class Watch:
    """A process that looks for jobs that failed for good."""

    def __init__(self, pool: Pool, *failures: BaseException) -> None:
        self.pool = pool
        self.telling = Telling(pool, RecordingSender(*failures), agents_of("phone"))
        self.client = Client(pool, config=ClientConfig(queues={"default": 1}), workers=Workers([BrokenWorker()]))
        self.alerts = Alerts(
            pool,
            jobs=EndedJobsOfQueue(Client(pool)),
            service=self.telling.service,
            repository=self.telling.repository,
            clock=self.telling.clock,
            every=timedelta(minutes=10),
            on_delivery=self.telling.count,
        )

    async def discard(self, n: int = 1) -> None:
        await self.client.insert_many([(BrokenArgs(), InsertOpts(max_attempts=1)) for _ in range(n)])
        await drain(self.client, raise_errors=False)

    async def told(self) -> Sequence[dict[str, Any]]:
        rows = await self.pool.fetch(
            "SELECT data FROM revenge.notification_event WHERE type = 'jobs.discarded' ORDER BY id"
        )
        return [orjson.loads(row["data"]) for row in rows]


@pytest.fixture
def watch(pool: Pool) -> Watch:
    return Watch(pool)


async def test_job_that_failed_for_good_is_told_of_once(watch: Watch) -> None:
    """W13."""
    await watch.discard()
    assert [await watch.alerts.run_once() for _ in range(3)] == [1, 0, 0]
    (told,) = await watch.told()
    assert (told["kind"], told["count"], len(told["job_ids"])) == ("broken", 1, 1)
    assert "no such disk" in told["error"]
    assert "hunter22" not in str(told)
    assert len((await drain(watch.telling.client)).completed) == 1


async def test_kind_that_fails_again_and_again_is_told_of_once_in_a_while_and_none_is_left_out(watch: Watch) -> None:
    await watch.discard(3)
    await watch.alerts.run_once()
    await watch.discard(600)
    await watch.alerts.run_once()
    assert [told["count"] for told in await watch.told()] == [3]
    watch.telling.clock.ahead = timedelta(minutes=11)
    await watch.alerts.run_once()
    told = await watch.told()
    assert [each["count"] for each in told] == [3, 600]
    assert len(told[1]["job_ids"]) == 10


async def test_what_a_dead_node_left_is_noticed_by_the_next_that_looks(watch: Watch, pool: Pool) -> None:
    """W13: whoever discards it, the rescuer or a Go service, its row is what counts."""
    await watch.discard()
    transaction_lost = pool.acquire()
    async with transaction_lost as conn:
        transaction = conn.transaction()
        await transaction.start()
        await conn.fetchval("SELECT pg_advisory_xact_lock(hashtextextended('revenge.discarded_job', 0))")
        assert await watch.alerts.run_once() == 0  # another looks
        await transaction.rollback()  # and dies
    assert await watch.alerts.run_once() == 1
    assert len(await watch.told()) == 1


async def test_job_that_is_tried_again_and_fails_again_is_told_of_again(watch: Watch, pool: Pool) -> None:
    await watch.discard()
    await watch.alerts.run_once()
    await watch.client.retry(await pool.fetchval("SELECT id FROM river_job WHERE kind = 'broken'"))
    await drain(watch.client, raise_errors=False)
    watch.telling.clock.ahead = timedelta(minutes=11)
    assert await watch.alerts.run_once() == 1
    assert len(await watch.told()) == 2


async def test_messages_that_fail_make_no_messages(pool: Pool) -> None:
    watch = Watch(pool, *[Unavailable("phone", "away")] * 5)
    await watch.telling.raise_one("library.scan_done")
    await drain(watch.telling.client, with_retries=True, raise_errors=False)
    assert await watch.alerts.run_once() == 1
    assert await watch.told() == []


async def test_delivery_whose_job_was_cancelled_is_no_longer_waited_for(watch: Watch, pool: Pool) -> None:
    event = await watch.telling.raise_one("library.scan_done")
    await watch.telling.client.cancel(await pool.fetchval("SELECT id FROM river_job"))
    await watch.alerts.run_once()
    phone = (await watch.telling.deliveries_of(event))["phone"]
    assert (phone["status"], phone["error"]) == ("failed", "its job was cancelled")
    await watch.telling.service.retry(event.id, "phone")
    await watch.alerts.run_once()
    await drain(watch.telling.client)
    assert await watch.telling.statuses(event) == {"phone": "sent"}


async def test_old_rows_are_forgotten_but_for_the_last(watch: Watch, pool: Pool) -> None:
    await watch.discard(3)
    await watch.alerts.run_once()
    watch.telling.clock.ahead = timedelta(days=40)
    await watch.alerts.run_once()
    assert await pool.fetchval("SELECT count(*) FROM revenge.discarded_job") == 1
