"""How large a batch may be: smaller for good after timeouts in a row."""

from datetime import timedelta

from revenge.infra.jobs.clock import Clock

FULL, REDUCED = 10_000, 1_000
"""River: `BatchSizeDefault` and `BatchSizeReduced`."""
TIMEOUTS = 3
WITHIN = timedelta(minutes=10)
"""River: this many timeouts in a row within this time open the breaker."""
PAUSE_SHORTEST, PAUSE_LONGEST = timedelta(milliseconds=50), timedelta(seconds=1)
"""River: `BatchBackoffMin` and `BatchBackoffMax`, between full batches."""
TIMEOUT = timedelta(seconds=30)
"""River: for one batch."""


class BatchSize:
    """The number of rows of a batch; three timeouts in a row reduce it for the rest of the process."""

    def __init__(self, *, clock: Clock, full: int = FULL, reduced: int = REDUCED) -> None:
        self._clock = clock
        self._full = full
        self._reduced = reduced
        self._timeouts: list[float] = []
        self._is_open = False

    @property
    def rows(self) -> int:
        """How many rows the next batch may have."""
        return self._reduced if self._is_open else self._full

    def timed_out(self) -> None:
        """Count a batch that took too long."""
        now = self._clock.monotonic()
        self._timeouts = [at for at in self._timeouts if now - at <= WITHIN.total_seconds()]
        self._timeouts.append(now)
        self._is_open = self._is_open or len(self._timeouts) >= TIMEOUTS

    def succeeded(self) -> None:
        """Forget the timeouts that came before."""
        self._timeouts.clear()
