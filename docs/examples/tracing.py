"""What docs/extensions.md shows: a trace that follows its jobs, refunds that are not tried in vain, and who watches."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from revenge.infra.jobs import (
    AttemptEnded,
    Cancel,
    Client,
    EventKind,
    Job,
    JobArgs,
    JobGetAvailableCount,
    JobInsertParams,
    Metric,
    Worker,
    Workers,
    WorkOutcome,
)
from revenge.infra.jobs.store import Pool

trace_id: ContextVar[str] = ContextVar("trace_id", default="")


class Tracing:
    """Hands the trace of whoever inserts a job on to the worker."""

    async def insert_begin(self, params: JobInsertParams) -> None:
        params.metadata["trace_id"] = trace_id.get()

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        trace_id.set(job.metadata.get("trace_id", ""))
        return await proceed()


class NoSuchAccount(Exception):
    """The money has nowhere to go."""


class GiveUp:
    """Ends jobs that no retry will help."""

    async def handle_error(self, job: Job[Any], error: BaseException) -> Cancel | None:
        return Cancel("the account is gone") if isinstance(error, NoSuchAccount) else None


class Forgiving:
    """Takes a payment that was made before for a success."""

    async def work_end(self, job: Job[Any], outcome: WorkOutcome) -> WorkOutcome | None:
        if isinstance(outcome.error, FileExistsError):
            return WorkOutcome({"already_paid": True})
        return None


class RefundArgs(JobArgs, kind="refund"):
    account: str
    plugins = (GiveUp(), Forgiving())


class RefundWorker(Worker[RefundArgs]):
    async def work(self, job: Job[RefundArgs]) -> object:
        """Pay the money back, in a real one."""
        match job.args.account:
            case "gone":
                raise NoSuchAccount
            case "paid":
                raise FileExistsError
        return {"trace_id": trace_id.get()}


class Fetched:
    """Counts what fetches bring."""

    def __init__(self) -> None:
        self.jobs: Counter[str] = Counter()

    def metric_emit(self, metric: Metric) -> None:
        match metric:
            case JobGetAvailableCount(queue=queue, count=count):
                self.jobs[queue] += count
            case _:
                pass


def make_client(pool: Pool, fetched: Fetched) -> Client:
    """Return a client that works refunds, and traces whatever it inserts and works."""
    return Client(pool, workers=Workers([RefundWorker()]), plugins=[Tracing(), fetched])


async def slowest(client: Client, count: int) -> AttemptEnded:
    """Watch the next ``count`` refunds that end here; return the one that ran longest."""
    ended: list[AttemptEnded] = []
    with client.subscribe_local(events=[EventKind.JOB_COMPLETED], kinds=["refund"]) as events:
        async for event in events:
            if isinstance(event, AttemptEnded):
                ended.append(event)
            if len(ended) == count:
                break
    return max(ended, key=lambda event: event.statistics.run_duration)
