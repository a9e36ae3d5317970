"""Running a coroutine as the whole process: signals, results, errors."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from revenge.app.lifecycle import Lifecycle, Signals, Step
from revenge.app.runner import run


def _send(order: signal.Signals) -> None:
    os.kill(os.getpid(), order)


def test_result_is_returned_and_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def main(signals: Signals) -> int:
        return 7

    assert run(main, cancels=True) == 7
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM], ids=lambda order: order.name)
def test_signal_ends_a_command_as_an_interruption(order: signal.Signals) -> None:
    entries: list[str] = []

    async def start() -> None:
        entries.append("+")

    async def stop() -> None:
        entries.append("-")

    async def main(signals: Signals) -> None:
        async with Lifecycle([Step(name="part", start=start, stop=stop)], hurry=signals.hurry):
            _send(order)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        run(main, cancels=True)
    assert entries == ["+", "-"]


@pytest.mark.parametrize("order", [signal.SIGINT, signal.SIGTERM], ids=lambda order: order.name)
def test_signal_asks_a_server_to_stop_by_itself(order: signal.Signals) -> None:
    async def main(signals: Signals) -> str:
        _send(order)
        await signals.stop.wait()
        return "stopped"

    assert run(main, cancels=False) == "stopped"


def test_second_signal_sets_hurry() -> None:
    async def main(signals: Signals) -> bool:
        _send(signal.SIGINT)
        await signals.stop.wait()
        first = signals.hurry.is_set()
        _send(signal.SIGINT)
        await signals.hurry.wait()
        return first

    assert run(main, cancels=False) is False


def test_cancel_that_is_no_signal_is_no_interruption() -> None:
    async def main(signals: Signals) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(main, cancels=True)


STUBBORN = """
import asyncio, contextlib, os
from datetime import timedelta
from revenge.app import runner

runner.LAST_CHANCE = timedelta(milliseconds=20)

async def stubborn():
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

async def main(signals):
    task = asyncio.create_task(stubborn(), name="stubborn")
    await asyncio.wait({task}, timeout=0.01)
    return 7

print(runner.run(main, cancels=True), runner.Leftovers.found, flush=True)
os._exit(0)
"""


def test_task_that_does_not_let_itself_be_cancelled_is_left_behind() -> None:
    done = subprocess.run([sys.executable, "-c", STUBBORN], capture_output=True, text=True, check=False, timeout=30)
    assert done.stdout.splitlines()[-1] == "7 True", done.stderr
