"""What a run tells while it works."""

from collections.abc import Callable
from typing import NamedTuple


class ScanProgress(NamedTuple):
    """How far a phase is; ``total`` is None while nobody knows, ``message`` is the file or folder at hand."""

    phase: str
    current: int
    total: int | None
    message: str


Report = Callable[[ScanProgress], object]
