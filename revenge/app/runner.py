"""Run a coroutine as the whole process: on uvloop when it is installed, ended by SIGINT and SIGTERM."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import structlog

from revenge.app.lifecycle import LAST_CHANCE, Signals

T = TypeVar("T")

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Leftovers:
    """What a process could not get rid of when it ended; whoever exits must not wait for it."""

    found = False


def run(main: Callable[[Signals], Coroutine[Any, Any, T]], *, cancels: bool, debug: bool = False) -> T:
    """Return what ``main`` returns.

    With ``cancels`` the first signal cancels ``main``; without, ``main`` watches ``Signals.stop`` itself. The second
    sets ``Signals.hurry`` either way. Tasks and threads that do not end when they are told to are left behind, and
    ``Leftovers.found`` is set.

    Raises:
        KeyboardInterrupt: a signal came and ``main`` ended by being cancelled.
    """
    loop = _new_loop()
    # Not asyncio.Runner: it waits for ever for a task that does not let itself be cancelled.
    asyncio.set_event_loop(loop)
    loop.set_debug(debug)
    try:
        return loop.run_until_complete(_main(main, cancels=cancels))
    finally:
        loop.run_until_complete(_clear_up())
        asyncio.set_event_loop(None)
        loop.close()


async def _main(main: Callable[[Signals], Coroutine[Any, Any, T]], *, cancels: bool) -> T:
    signals = Signals()
    signals.install()
    if cancels:
        signals.cancels = asyncio.current_task()
    try:
        return await main(signals)
    except asyncio.CancelledError:
        if signals.stop.is_set():
            raise KeyboardInterrupt from None
        raise
    finally:
        signals.remove()


async def _clear_up() -> None:
    loop = asyncio.get_running_loop()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    left = await _ended(tasks)
    left |= await _ended({asyncio.create_task(loop.shutdown_asyncgens())})
    left |= await _ended({asyncio.create_task(loop.shutdown_default_executor())})
    if left:
        Leftovers.found = True
        logger.warning("process.left_behind", tasks=sorted(task.get_name() for task in left))


async def _ended(tasks: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Wait for tasks, but not for ever; return those that go on."""
    if not tasks:
        return set()
    _, left = await asyncio.wait(tasks, timeout=LAST_CHANCE.total_seconds())
    return left


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
