"""An executor whose results a test can look at."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.processes import ProcessWorkers
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.retry import ExponentialRetry
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.worker import Worker


@dataclass
class Executing:
    """The executor, and what it has settled."""

    executor: Executor
    done: list[int] = field(default_factory=list)
    settled: dict[int, Settlement] = field(default_factory=dict)
    freed: list[str] = field(default_factory=list)
    """Queues of the slots that became free."""

    def add_done(self, claim: Claim) -> None:
        self.done.append(claim.id)

    def add(self, settlement: Settlement) -> None:
        self.settled[settlement.id] = settlement

    async def run(self, claims: Sequence[Claim]) -> None:
        """Work ``claims`` to their ends."""
        self.executor.start(claims)
        await self.executor.wait_idle()


@asynccontextmanager
async def executing(*workers: Worker[Any], **settings: Any) -> AsyncIterator[Executing]:
    """Give one for ``workers``; ``settings`` are the executor's."""
    clock, threads, processes = SystemClock(), ThreadWorkers(most=4), ProcessWorkers(keep=1)
    found = Executing.__new__(Executing)
    found.done, found.settled, found.freed = [], {}, []
    found.executor = Executor(
        clock=clock,
        workers=Workers(workers),
        results=found,
        verdicts=Verdicts(clock=clock, retry_policy=ExponentialRetry()),
        timeout=timedelta(seconds=30),
        threads=threads,
        processes=processes,
        on_free=found.freed.append,
        **settings,
    )
    yield found
    found.executor.close()
    threads.close()
    await processes.close()
