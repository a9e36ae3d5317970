"""The other side of ``isolation.py``: a client like the parent's, which works one suspect after the other.

The first line of standard input says how the client is made, each further one is a claim.
"""

import asyncio
import base64
import pickle
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from revenge.infra.jobs.attempt import Attempt, StopCause, current_job
from revenge.infra.jobs.child_side import (
    Pipes,
    Reporting,
    begin,
    claim_from,
    failure_answer,
    find,
    result_answer,
    tell,
)
from revenge.infra.jobs.errors import JobCancelled, UnknownKind, describe
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.workplace import current_workplace

if TYPE_CHECKING:
    from revenge.infra.jobs.client import Client


def main() -> int:
    """Serve until the other side closes the pipe or dies."""
    pipes = begin()
    asyncio.run(_serve(pipes))
    return 0


async def _serve(pipes: Pipes) -> None:
    lines = await _lines(pipes.requests)
    async with AsyncExitStack() as stack:
        try:
            client = await stack.enter_async_context(_isolate(orjson.loads(await lines.readline())))
            kinds = client.workers.kinds
        except BaseException as error:  # noqa: BLE001 - the user's code may raise anything
            tell(pipes.answers, orjson.dumps({"error": describe(error)}))
            return
        tell(pipes.answers, orjson.dumps({"kinds": kinds}))
        bench = _Bench(client, pipes.answers)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, bench.end)
        while line := await lines.readline():
            tell(pipes.answers, await bench.work(orjson.loads(line)))


async def _lines(requests: BinaryIO) -> asyncio.StreamReader:
    # River's limit of a row's arguments and metadata is PostgreSQL's.
    reader = asyncio.StreamReader(limit=2**30)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, requests)
    return reader


def _isolate(recipe: dict[str, Any]) -> Any:
    function = find(**recipe["isolate"])
    args, kwargs = pickle.loads(base64.b64decode(recipe["arguments"]))  # noqa: S301 - the parent's own
    return function(*args, **kwargs)


class _Bench:
    """Works one attempt at a time, as the executor does."""

    def __init__(self, client: "Client", answers: BinaryIO) -> None:
        self._client = client
        self._answers = answers
        self._threads = ThreadWorkers(most=1)
        self._attempt: Attempt | None = None
        self._task: asyncio.Task[object] | None = None

    def end(self) -> None:
        """Tell the attempt to end."""
        if self._attempt is not None and self._task is not None:
            self._attempt.cause = StopCause.CANCELLED
            if self._attempt.job is not None:
                self._attempt.job.cancel_requested = True
            self._task.cancel()

    async def work(self, request: dict[str, Any]) -> bytes:
        """Return the answer for one claim."""
        attempt = self._attempt = Attempt(claim_from(request["claim"]))
        try:
            registration = attempt.registration = self._client.workers.get(attempt.claim.kind)
            if registration is None:
                raise UnknownKind(attempt.claim.kind)
            job = attempt.job = Job(attempt.claim, registration.decode(attempt.claim.args))
            job.resume()
            current_job.set(job)
            current_workplace.set(self._client.workplace)
            worker = registration.worker
            # Before its task begins, which inherits where it logs to.
            reporting = Reporting(job, self._answers, log=request["log"])
            work: Any = worker.work(job) if registration.runs_in == "loop" else self._threads.run(attempt)
            self._task = asyncio.ensure_future(work)
            with reporting:
                await asyncio.wait([self._task])
            return result_answer(self._task.result(), job)
        except BaseException as error:  # noqa: BLE001 - whatever user code raises is its attempt's end
            ended = attempt.cause is not None and isinstance(error, (asyncio.CancelledError, JobCancelled))
            return failure_answer(error, attempt.job, ended=ended)
        finally:
            self._task = self._attempt = None


if __name__ == "__main__":
    sys.exit(main())
