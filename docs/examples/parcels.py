"""A job in steps: an order is charged once, each of its parcels is sent once, and the last change completes the job."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from revenge.infra.jobs import Cursor, Job, JobArgs, JobLog, Snooze, Worker

if TYPE_CHECKING:
    import asyncpg

logger = logging.getLogger(__name__)


class ShipArgs(JobArgs, kind="ship_order"):
    """The order."""

    order_id: int


class ShipWorker(Worker[ShipArgs]):
    """Ships an order; an attempt begins where the one before it ended."""

    plugins = (JobLog(),)

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool

    async def work(self, job: Job[ShipArgs]) -> None:
        """Charge, send, and be done with the row that says so."""
        await job.step("charge", self.charge, job)
        await job.cursor_step("send", int, self.send, job)
        await job.step("finish", self.finish, job)

    async def charge(self, job: Job[ShipArgs]) -> None:
        """Charge, and store by the same transaction that this step is done."""
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute("INSERT INTO charges (order_id) VALUES ($1)", job.args.order_id)
            await job.save_step(conn=conn)

    async def send(self, cursor: Cursor[int], job: Job[ShipArgs]) -> Snooze | None:
        """Send the parcels behind the cursor; go on in an hour when one is not packed yet."""
        statement = "SELECT id, is_packed FROM parcels WHERE order_id = $1 AND id > $2 ORDER BY id"
        for parcel in await self.pool.fetch(statement, job.args.order_id, cursor.value or 0):
            if not parcel["is_packed"]:
                return Snooze(timedelta(hours=1))
            logger.info("sending", extra={"parcel": parcel["id"]})
            await self.pool.execute("UPDATE parcels SET times_sent = times_sent + 1 WHERE id = $1", parcel["id"])
            cursor.set(parcel["id"])
        return None

    async def finish(self, job: Job[ShipArgs]) -> None:
        """Complete the job exactly when the order is shipped."""
        async with self.pool.acquire() as conn, conn.transaction():
            await conn.execute("UPDATE orders SET is_shipped = true WHERE id = $1", job.args.order_id)
            await job.complete(conn=conn, output={"order": job.args.order_id})
