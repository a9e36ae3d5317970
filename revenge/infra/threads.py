"""Blocking calls in threads that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Return what ``call`` returns, from a thread of its own.

    A disk or a network share may block a call for ever. The thread is a daemon and belongs to no pool, so that neither
    a cancelled caller nor the end of the process waits for it.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if result.done():
            return  # the caller was cancelled
        if error is None:
            result.set_result(value)  # type: ignore[arg-type]  # without an error there is a value
        else:
            result.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = call()
        except BaseException as caught:  # noqa: BLE001 - handed to the caller
            # A StopIteration cannot be set on a future.
            error = RuntimeError(repr(caught)) if isinstance(caught, StopIteration) else caught
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name="revenge-blocking", daemon=True).start()
    return await result
