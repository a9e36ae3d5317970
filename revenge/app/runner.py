"""Run a coroutine as the whole process: on uvloop when it is installed, ended by SIGINT and SIGTERM."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from revenge.app.lifecycle import Signals

T = TypeVar("T")


def run(main: Callable[[Signals], Coroutine[Any, Any, T]], *, cancels: bool, debug: bool = False) -> T:
    """Return what ``main`` returns.

    With ``cancels`` the first signal cancels ``main``; without, ``main`` watches ``Signals.stop`` itself. The second
    sets ``Signals.hurry`` either way.

    Raises:
        KeyboardInterrupt: a signal came and ``main`` ended by being cancelled.
    """
    with asyncio.Runner(debug=debug, loop_factory=_loop_factory()) as runner:
        return runner.run(_main(main, cancels=cancels))


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


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
