"""One reader process as seen from this side of its pipes."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from asyncio.subprocess import Process

_HEADER = struct.Struct(">I")

# A probe of a file with a thousand chapters is 200 kB.
_MAX_ANSWER_BYTES: Final = 8 << 20

# A process that has closed its pipe is dead within milliseconds, unless its core is written.
_LAST_BREATH_S: Final = 2.0

# All that a reader may know of our environment, which holds passwords.
_ENVIRONMENT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ")


class ReaderGone(Exception):
    """The process ended, or stopped making sense, before it answered; ``reason`` is for a person.

    ``killed``: by somebody else, such as a machine without memory.
    """

    def __init__(self, reason: str, *, killed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.killed = killed


class ReaderProcess:
    """Reads files one after the other until it is killed."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None  # noqa: S101 - for the type checker; `start` asks for pipes
        assert process.stdout is not None  # noqa: S101 - as above
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout
        self._killed = False
        self.files_asked = 0

    @classmethod
    async def start(cls, *, memory_limit_bytes: int | None, cpu_seconds_per_file: float) -> Self:
        """Start a process; it is not ready before its first answer.

        Raises:
            OSError: the system cannot start another process.
        """
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # the working directory may be a stranger's: import nothing from it
                "-m",
                "revenge.content.library.probe.child",
                str(os.getpid()),
                str(memory_limit_bytes or 0),
                str(cpu_seconds_per_file),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                # Ctrl-C is for the server, which then ends its readers itself.
                start_new_session=True,
            )
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process exists still, perhaps dying."""
        return self._process.returncode is None

    @property
    def usable(self) -> bool:
        return self.alive and not self._killed

    async def ask(self, path: bytes) -> bytes:
        """Return the answer about one file.

        Raises:
            ReaderGone: the process ended instead of answering.
        """
        self.files_asked += 1
        try:
            self._requests.write(_HEADER.pack(len(path)) + path)
            await self._requests.drain()
        except (ConnectionError, RuntimeError) as error:
            raise await self._obituary() from error
        return await self.answer()

    async def answer(self) -> bytes:
        """Return the next message.

        Raises:
            ReaderGone: the process ended instead.
        """
        try:
            (length,) = _HEADER.unpack(await self._answers.readexactly(_HEADER.size))
            if length > _MAX_ANSWER_BYTES:
                self.kill()
                raise ReaderGone("the reader's answer made no sense")
            return await self._answers.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise await self._obituary() from error

    def kill(self) -> None:
        """End the process now, whatever it does; `gone` tells when it is."""
        if self.usable:
            self._killed = True
            self._process.kill()

    async def gone(self) -> int:
        """Wait for the process's end; return its exit code, negative for a signal."""
        return await self._process.wait()

    async def _exit_code(self) -> int:
        # Popen.kill looks first whether the process has ended, and would take the exit code from under asyncio's waiting
        # thread, which then reports 255: one that dies is left alone, and only one that lives on behind a closed pipe killed.
        try:
            async with asyncio.timeout(_LAST_BREATH_S):
                return await self.gone()
        except TimeoutError:
            self.kill()
            return await self.gone()

    async def _obituary(self) -> ReaderGone:
        code = await self._exit_code()
        if code == -signal.SIGXCPU:
            return ReaderGone("took too much processor time")
        return ReaderGone(
            f"crashed the reader (signal {-code})" if code < 0 else f"ended the reader (exit code {code})",
            killed=code in (-signal.SIGKILL, -signal.SIGTERM),
        )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # The package may be run from a source tree that only this process knows of.
    roots = [str(Path(__file__).parents[4]), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**kept, "PYTHONPATH": os.pathsep.join(roots), "PYTHONUTF8": "1"}
