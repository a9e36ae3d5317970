"""Runs plain ``def work`` in threads."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

from revenge.infra.jobs.attempt import Attempt


class ThreadWorkers:
    """A thread for each such job that runs, kept for the next one.

    A thread cannot be killed: a worker that is told to end learns it from ``job.cancel_requested``, or by
    ``JobCancelled`` from its next ``job.report_progress``. Until then it keeps its slot.
    """

    def __init__(self, *, most: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="revenge-job")

    async def run(self, attempt: Attempt) -> object:
        """Return what the worker returns, or raise what it raises."""
        job, registration = attempt.job, attempt.registration
        assert job is not None  # noqa: S101 - for the type checker: the executor decoded it
        assert registration is not None  # noqa: S101 - as above
        job.raises_on_report = True
        context = contextvars.copy_context()

        def work() -> tuple[object, BaseException | None]:
            # Returned, not raised: a future refuses to carry StopIteration, and SystemExit would end the thread.
            try:
                return context.run(registration.worker.work, job), None
            except BaseException as error:  # noqa: BLE001 - whatever user code raises is its attempt's end
                return None, error

        future = asyncio.get_running_loop().run_in_executor(self._pool, work)
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                # The slot stays taken while the thread runs; the job has been told through its flag.
                job.cancel_requested = True
        result, error = future.result()
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Let idle threads end; those that are stuck in user code end with the process."""
        self._pool.shutdown(wait=False, cancel_futures=True)
