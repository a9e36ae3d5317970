"""Drive a worker's coroutine from a task that other jobs use too."""

import contextvars
from collections.abc import Coroutine, Generator
from typing import Any, Final


class Stepped:
    """Await the rest of a coroutine that waits for ``awaited``, in the context of its first step.

    Its result, or what it raises, is the await's.
    """

    __slots__ = ("_awaited", "_context", "_coroutine")

    def __init__(self, coroutine: Coroutine[Any, Any, object], context: contextvars.Context, awaited: object) -> None:
        self._coroutine = coroutine
        self._context = context
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, object]:
        run, send, throw = self._context.run, self._coroutine.send, self._coroutine.throw
        awaited = self._awaited
        while True:
            try:
                value = yield awaited
            except BaseException as error:  # noqa: BLE001 - passed on as it is
                thrown: BaseException | None = error
            else:
                thrown = None
            try:
                awaited = run(send, value) if thrown is None else run(throw, thrown)
            except StopIteration as stop:
                return stop.value


class next_round:  # noqa: N801 - reads as a verb after await
    """Let the loop run once: see to its sockets and timers."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        yield


class Done:
    """An awaitable that is done: what need not wait may be awaited or not, at the price of neither."""

    __slots__ = ()

    def __await__(self) -> Generator[None, None, None]:
        return
        yield


DONE: Final = Done()
