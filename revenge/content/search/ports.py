"""What keeping search up to date needs of others."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol


class Hold(Protocol):
    """True while nobody else in the cluster has it."""

    def __bool__(self) -> bool: ...


class Holds(Protocol):
    """Lets one at a time do something: the engine's ``Client.once_per_cluster``."""

    def __call__(self, name: str, *, ttl: timedelta) -> AbstractAsyncContextManager[Hold]: ...


class Report(Protocol):
    """Is told how far it is."""

    def __call__(self, *, phase: str, current: int, total: int | None = None, message: str = "") -> object: ...


Monotonic = Callable[[], float]
"""Seconds on a clock that never goes back."""
