"""What docs/own-process.md shows: a program that works jobs until it is told to end."""

import asyncio
import signal
import sys

import asyncpg

from revenge.infra.jobs import Client, ClientConfig, Job, JobArgs, Worker, Workers


class GreetArgs(JobArgs, kind="greet"):
    name: str


class GreetWorker(Worker[GreetArgs]):
    async def work(self, job: Job[GreetArgs]) -> str:
        return f"Hello {job.args.name}"


async def main(dsn: str) -> None:
    """Work until SIGINT or SIGTERM."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=8) as pool:
        client = Client(
            pool,
            config=ClientConfig(queues={"default": 20}),
            workers=Workers([GreetWorker()]),
            listen=dsn,
        )
        await client.start()
        await told.wait()
        await client.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
