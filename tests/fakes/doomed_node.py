"""A node in a process of its own whose jobs may end it: ``python -m tests.fakes.doomed_node DSN CLIENT_ID [apart]``.

It says ``ready`` when it works. With ``apart`` it can make its client again in another process.
"""

import asyncio
import ctypes
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import asyncpg

from revenge.infra.jobs import Client, ClientConfig, Job, JobArgs, LinearRetry, StopConfig, Worker, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.suspects import FREE_LOSSES
from tests.fakes.engine import ActArgs

NAP = timedelta(milliseconds=600)
"""Long enough to be running when a neighbour crashes."""


class InThreadArgs(JobArgs, kind="act_in_thread"):
    what: str = ""


class Doomed(Worker[ActArgs]):
    """Does what the arguments say, in the event loop."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def work(self, job: Job[ActArgs]) -> object:
        match job.args.what:
            case "nap":
                if job.metadata.get("revenge:lost", 0) < FREE_LOSSES:
                    # It has neighbours; suspects stand in line, and are quick.
                    await SystemClock().sleep(NAP)
                # What it stands on is there, wherever it runs.
                return await self._pool.fetchval("SELECT 7")
            case "fail":
                await SystemClock().sleep(NAP)
                raise ValueError("on its own")
            case "hang":
                job.report_progress(current=os.getpid(), total=2**40)
                await asyncio.Event().wait()
            case "hold the loop":
                job.report_progress(current=os.getpid(), total=2**40)
                while True:
                    pass
            case what:
                await crash_in_company(what)
        return None


class DoomedInThread(Worker[InThreadArgs]):
    """The same in a thread."""

    timeout = timedelta(seconds=6)

    def work(self, job: Job[InThreadArgs]) -> None:
        crash(job.args.what)


async def crash_in_company(what: str) -> None:
    """Crash when the neighbours that were fetched together run."""
    await SystemClock().sleep(NAP / 4)
    crash(what)


def crash(what: str) -> None:
    """End this process, and not by an exception."""
    match what:
        case "segfault":
            ctypes.string_at(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
        case "sleep":
            threading.Event().wait()


@asynccontextmanager
async def make_client(dsn: str, client_id: str, *, apart: bool) -> AsyncIterator[Client]:
    """Give a client that is not started."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield Client(
            pool,
            config=ClientConfig(
                client_id=client_id,
                queues={"default": 60},
                retry_policy=LinearRetry(step=timedelta(milliseconds=50)),
                timeout=timedelta(minutes=5),
                stop=StopConfig(soft=timedelta(seconds=1), cancel=timedelta(seconds=3)),
            ),
            workers=Workers([Doomed(pool), DoomedInThread()]),
            schema="public",
            listen=lambda: asyncpg.connect(dsn),
            isolate=partial(make_client, dsn, client_id, apart=False) if apart else None,
        )


async def main(dsn: str, client_id: str, *, apart: bool) -> None:
    """Work until told to stop."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with make_client(dsn, client_id, apart=apart) as client:
        await client.start()
        print("ready", flush=True)  # noqa: T201 - what the test waits for
        await stop.wait()
        await client.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], apart="apart" in sys.argv[3:]))
