"""A pool of reader processes, each of which can be killed without hurting anything else."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from revenge.content.library.probe.errors import ProbeFailed, ProberUnavailable
from revenge.content.library.probe.models import Probe
from revenge.content.library.probe.process import ReaderGone, ReaderProcess

# Loading FFmpeg's libraries from a slow disk under load; 0.2 s on a quiet machine.
_START_LIMIT: Final = timedelta(seconds=30)

# A process stuck in the kernel (a dead network share) outlives even SIGKILL for a while.
_STOP_LIMIT: Final = timedelta(seconds=5)

_LEAST_MEMORY_BYTES: Final = 256 << 20

_log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Seat:
    """A place for one reader; empty until it is needed and after the reader was killed."""

    reader: ReaderProcess | None = None


class Prober:
    """Probes media files, at most ``processes`` at a time; more callers wait for their turn.

    A file that crashes, hangs or exhausts its reader costs that reader alone: the next probe gets a new one.
    """

    def __init__(
        self,
        *,
        processes: int = 2,
        deadline: timedelta = timedelta(seconds=20),
        memory_limit_bytes: int | None = 1 << 30,
        files_per_process: int = 2000,
    ) -> None:
        """Check the limits; nothing is started.

        ``deadline`` is one file's time in its reader, waiting for a free reader not counted.
        ``memory_limit_bytes`` bounds a reader's address space, of which libraries alone take 120 MB;
        None: no bound. ``files_per_process``: a reader is replaced after so many, in case FFmpeg leaks.

        Raises:
            ValueError: a limit is out of range; the message names it and the value.
        """
        if processes < 1:
            raise ValueError(f"processes must be at least 1, got {processes}")
        if deadline <= timedelta(0):
            raise ValueError(f"deadline must be positive, got {deadline}")
        if memory_limit_bytes is not None and memory_limit_bytes < _LEAST_MEMORY_BYTES:
            raise ValueError(f"memory_limit_bytes must be at least {_LEAST_MEMORY_BYTES}, got {memory_limit_bytes}")
        if files_per_process < 1:
            raise ValueError(f"files_per_process must be at least 1, got {files_per_process}")
        self._processes = processes
        self._deadline = deadline
        self._memory_limit_bytes = memory_limit_bytes
        self._files_per_process = files_per_process
        # A None among the seats wakes the waiters one after the other: the prober was stopped.
        self._free: asyncio.Queue[_Seat | None] = asyncio.Queue()
        self._readers: set[ReaderProcess] = set()
        self._started = False
        self._stopped = False

    @property
    def pids(self) -> frozenset[int]:
        """The process ids of the living readers."""
        return frozenset(reader.pid for reader in self._readers if reader.usable)

    async def start(self) -> None:
        """Start all readers; does nothing when started already.

        Raises:
            ProberUnavailable: a reader could not be started (PyAV is not installed, no memory), or the prober
                was stopped before; no reader is left running.
        """
        if self._started:
            return
        self._started = True
        seats = [_Seat() for _ in range(self._processes)]
        try:
            async with asyncio.TaskGroup() as group:
                for seat in seats:
                    group.create_task(self._reader_in(seat))
        except BaseExceptionGroup as failures:
            await self.stop()
            raise failures.exceptions[0] from None
        except asyncio.CancelledError:
            await self.stop()
            raise
        for seat in seats:
            self._free.put_nowait(seat)

    async def stop(self) -> None:
        """End all readers for good, within five seconds; probes under way or waiting end with `ProberUnavailable`."""
        if self._stopped:
            return
        self._stopped = True
        self._free.put_nowait(None)
        for reader in self._readers:
            reader.kill()
        if not self._readers:
            return
        ends = [asyncio.ensure_future(reader.gone()) for reader in self._readers]
        _, stuck = await asyncio.wait(ends, timeout=_STOP_LIMIT.total_seconds())
        for end in stuck:
            end.cancel()
        if stuck:
            _log.warning("probe.reader_stuck", pids=[reader.pid for reader in self._readers if reader.alive])

    async def probe(self, path: bytes) -> Probe:
        """Return what the file at ``path`` holds; waits while all readers are busy.

        A cancelled call kills the reader it used.

        Raises:
            ProbeFailed: the file is no readable video, or took its reader down with it.
            ProberUnavailable: not started, stopped meanwhile, or no reader can be started; says nothing about the file.
        """
        if not self._started:
            raise ProberUnavailable("the prober was not started")
        seat = await self._free.get()
        try:
            if seat is None or self._stopped:
                raise ProberUnavailable("the prober was stopped")
            return await self._probe_in(seat, path)
        finally:
            self._free.put_nowait(seat)

    async def _probe_in(self, seat: _Seat, path: bytes) -> Probe:
        while True:
            reader = await self._reader_in(seat)
            unspoilt = reader.files_asked == 0
            try:
                async with asyncio.timeout(self._deadline.total_seconds()):
                    answer = await reader.ask(path)
                return self._decode(answer, reader)
            except TimeoutError:
                reader.kill()
                _log.warning(
                    "probe.reader_killed", path=path.decode(errors="replace"), deadline_s=self._deadline.total_seconds()
                )
                raise ProbeFailed(f"took longer than {self._deadline.total_seconds():g} s", access=True) from None
            except ReaderGone as gone:
                if self._stopped:
                    raise ProberUnavailable("the prober was stopped") from gone
                _log.warning("probe.reader_lost", path=path.decode(errors="replace"), error=gone.reason)
                # An earlier file may have spoilt this reader's memory, or somebody killed it
                # while it was idle: the file is guilty when a new reader fails on it too.
                if unspoilt:
                    raise ProbeFailed(gone.reason, access=gone.killed) from gone
            except asyncio.CancelledError:
                reader.kill()
                raise

    async def _reader_in(self, seat: _Seat) -> ReaderProcess:
        """Return the seat's reader, a new one where it is dead, spent or missing."""
        reader = seat.reader
        if reader is not None and reader.usable and reader.files_asked < self._files_per_process:
            return reader
        if reader is not None:
            reader.kill()
        seat.reader = None
        self._readers = {reader for reader in self._readers if reader.alive}
        seat.reader = await self._new_reader()
        return seat.reader

    async def _new_reader(self) -> ReaderProcess:
        try:
            reader = await ReaderProcess.start(
                memory_limit_bytes=self._memory_limit_bytes,
                cpu_seconds_per_file=self._deadline.total_seconds(),
            )
        except OSError as error:
            raise ProberUnavailable(f"cannot start a reader process: {error}") from error
        self._readers.add(reader)
        if self._stopped:
            reader.kill()
            raise ProberUnavailable("the prober was stopped")
        try:
            async with asyncio.timeout(_START_LIMIT.total_seconds()):
                hello = json.loads(await reader.answer())
        except TimeoutError:
            reader.kill()
            raise ProberUnavailable(
                f"a reader process did not start within {_START_LIMIT.total_seconds():g} s"
            ) from None
        except (ReaderGone, ValueError) as error:
            raise ProberUnavailable(f"a reader process did not start: {error}") from error
        except asyncio.CancelledError:
            reader.kill()
            raise
        if "unfit" in hello:
            reader.kill()
            raise ProberUnavailable(str(hello["unfit"]))
        return reader

    def _decode(self, answer: bytes, reader: ReaderProcess) -> Probe:
        try:
            message: dict[str, Any] = json.loads(answer)
            found = Probe.from_dict(message["probe"]) if message.get("probe") else None
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            reader.kill()
            raise ProbeFailed("the reader's answer made no sense") from error
        if message.get("exhausted"):
            reader.kill()
        if "failed" in message:
            raise ProbeFailed(str(message["failed"]), partial=found, access=message.get("access") is True)
        if found is None:
            reader.kill()
            raise ProbeFailed("the reader's answer made no sense")
        return found
