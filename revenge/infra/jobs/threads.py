"""Runs plain ``def work`` in threads."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.workplace import current_loop

Outcome = tuple[object, BaseException | None]


class ThreadWorkers:
    """A thread for each such job that runs, kept for the next one.

    A thread cannot be killed: a worker that is told to end learns it from ``job.cancel_requested``, or by
    ``JobCancelled`` from its next ``job.report_progress``. Until then it keeps its slot.
    """

    def __init__(self, *, most: int) -> None:
        """Make it; ``most`` idle threads are kept. How many run at once is the queues' affair."""
        self.most = most
        self._idle: list[_Thread] = []
        self._is_closed = False

    async def run(self, attempt: Attempt) -> object:
        """Return what the worker returns, or raise what it raises."""
        job, registration = attempt.job, attempt.registration
        assert job is not None  # noqa: S101 - for the type checker: the executor decoded it
        assert registration is not None  # noqa: S101 - as above
        job.raises_on_report = True
        context = contextvars.copy_context()
        context.run(current_loop.set, asyncio.get_running_loop())

        def work() -> Outcome:
            # Returned, not raised: a future refuses to carry StopIteration, and SystemExit would end the thread.
            try:
                return context.run(registration.worker.work, job), None
            except BaseException as error:  # noqa: BLE001 - whatever user code raises is its attempt's end
                return None, error

        future = self._start(work)
        while not future.done():
            try:
                await asyncio.wait([future])
            except asyncio.CancelledError:
                # The slot stays taken while the thread runs; the job has been told through its flag.
                job.cancel_requested = True
                if self._is_closed:
                    raise
        result, error = future.result()
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Let idle threads end, and nobody wait any more for those that are stuck; these end with the process."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().tasks.put(None)

    def _start(self, work: Callable[[], Outcome]) -> asyncio.Future[Outcome]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        thread = self._idle.pop() if self._idle else _Thread()

        def ended(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)
            if self._is_closed or len(self._idle) >= self.most:
                thread.tasks.put(None)
            else:
                self._idle.append(thread)

        def run() -> None:
            outcome = work()
            # The loop may be gone by the time that an abandoned worker ends.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended, outcome)

        thread.tasks.put(run)
        return future


class _Thread:
    """Runs one task after the other until it is given None. A daemon, unlike those of ``concurrent.futures``, which a
    process waits for when it ends: one stuck worker would keep it from ending."""

    def __init__(self) -> None:
        self.tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        threading.Thread(target=self._run, name="revenge-job", daemon=True).start()

    def _run(self) -> None:
        while (task := self.tasks.get()) is not None:
            task()
            del task
