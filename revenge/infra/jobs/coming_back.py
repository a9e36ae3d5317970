"""The jobs of this node that come back soon, retried or snoozed: looked for when they are due, and not at the next poll."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.server_clock import ServerClock

DUE_MARGIN = timedelta(milliseconds=5)
"""So long after its time a job that comes back is looked for, and longer where our clock is known less well."""


class ComingBack:
    """Keeps them from the end of the attempt until that is written."""

    def __init__(self, *, clock: ServerClock, hint_at: Callable[[str, timedelta], None]) -> None:
        """``hint_at`` looks into a queue after so long."""
        self._clock = clock
        self._hint_at = hint_at
        self._unwritten: dict[int, Settlement] = {}

    def __len__(self) -> int:
        return len(self._unwritten)

    def add(self, settlement: Settlement) -> None:
        """Take an end that is about to be written."""
        if settlement.state is JobState.AVAILABLE:
            self._unwritten[settlement.id] = settlement

    def written(self, persisted: Iterable[tuple[int, JobState]], *, are_all: bool) -> None:
        """Take the states that were written; ``are_all``: nothing is left to write."""
        for job_id, state in persisted:
            settlement = self._unwritten.pop(job_id, None)
            if settlement is not None and settlement.scheduled_at is not None and state is JobState.AVAILABLE:
                due_in = max(settlement.scheduled_at - self._clock.now(), timedelta(0))
                self._hint_at(settlement.queue, due_in + DUE_MARGIN + self._clock.error)
        if are_all:
            # Those whose attempt had been taken away.
            self._unwritten.clear()
