"""Runs ``doomed_node.py`` as a supervisor would."""

import asyncio
import itertools
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


class DoomedNode:
    """A node that is started again whenever it dies, as a supervisor would."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._numbers = itertools.count(1)
        self._process: asyncio.subprocess.Process | None = None
        self._keeping: asyncio.Task[None] | None = None
        self.deaths = 0

    async def start(self, *options: str) -> None:
        await self._spawn(options)
        self._keeping = asyncio.create_task(self._keep(options))

    async def stop(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.wait_for(self._process.wait(), 60)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def _keep(self, options: tuple[str, ...]) -> None:
        while True:
            assert self._process is not None
            await self._process.wait()
            self.deaths += 1
            await self._spawn(options)

    async def _spawn(self, options: tuple[str, ...]) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fakes.doomed_node", self._dsn, f"doomed{next(self._numbers)}", *options),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._process = process
        assert process.stdout is not None
        assert (await asyncio.wait_for(process.stdout.readline(), 60)) == b"ready\n"
