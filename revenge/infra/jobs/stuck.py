"""Notices attempts that were told to end and do not (River: ``JobStuckThreshold``, ``JobStuckHandler``)."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from revenge.infra.jobs.attempt import Attempt, StopCause

logger = logging.getLogger("revenge.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckJob:
    """A job whose worker ignores that it is to end: its deadline passed, or it was cancelled."""

    id: int
    kind: str
    queue: str
    attempt: int
    total: int
    """How many are stuck in this process now, with this one."""


OnStuck = Callable[[StuckJob], bool | None]
"""Told of each stuck job once. True frees its slot: another job is fetched beside the stuck one, which may go on for
ever (River: ``AddWorkerSlot``)."""


@dataclass(slots=True)
class _Told:
    timer: asyncio.TimerHandle
    is_stuck: bool = False
    gave_slot: bool = False


class StuckWatch:
    """Keeps the attempts that were told to end until they do."""

    def __init__(self, *, after: timedelta, on_stuck: OnStuck | None, free: Callable[[str], None]) -> None:
        """Make it.

        Args:
            after: how long an attempt may take to end once it was told to.
            on_stuck: asked whether a stuck job's slot is given away.
            free: gives it.
        """
        self._after_s = after.total_seconds()
        self._on_stuck = on_stuck
        self._free = free
        self.told: dict[Attempt, _Told] = {}
        """Empty but for moments: who works jobs asks for nothing while it is."""
        self.now = 0
        """How many are stuck at present."""
        self.total = 0
        """How many have been since the start."""

    def tell(self, attempt: Attempt, cause: StopCause) -> None:
        """Tell ``attempt`` to end, and see whether it does."""
        attempt.end(cause)
        if attempt not in self.told:
            timer = asyncio.get_running_loop().call_later(self._after_s, self._overdue, attempt)
            self.told[attempt] = _Told(timer)

    def ended(self, attempt: Attempt) -> bool:
        """Take note of an attempt's end; return whether its slot had been given away."""
        told = self.told.pop(attempt, None)
        if told is None:
            return False
        told.timer.cancel()
        if told.is_stuck:
            self.now -= 1
            seconds = asyncio.get_running_loop().time() - attempt.started_at
            logger.info("job.unstuck", extra={**_named(attempt), "duration_ms": round(seconds * 1000)})
        return told.gave_slot

    def close(self) -> None:
        """Watch nobody any more."""
        for told in self.told.values():
            told.timer.cancel()
        self.told.clear()
        self.now = 0

    def _overdue(self, attempt: Attempt) -> None:
        told = self.told[attempt]
        told.is_stuck = True
        self.now += 1
        self.total += 1
        cause = attempt.cause.name.lower() if attempt.cause is not None else ""
        seconds = asyncio.get_running_loop().time() - attempt.started_at
        logger.warning(
            "job.stuck",
            extra={
                **_named(attempt),
                "cause": cause,
                "running_s": round(seconds, 1),
                "ignored_s": self._after_s,
                "stuck_jobs": self.now,
            },
        )
        if self._on_stuck is None:
            return
        claim = attempt.claim
        job = StuckJob(id=claim.id, kind=claim.kind, queue=claim.queue, attempt=claim.attempt, total=self.now)
        try:
            told.gave_slot = self._on_stuck(job) is True
        except Exception:
            logger.exception("job.stuck_handler_failed", extra=_named(attempt))
        if told.gave_slot:
            self._free(claim.queue)


def _named(attempt: Attempt) -> dict[str, object]:
    claim = attempt.claim
    return {"job_id": claim.id, "kind": claim.kind, "queue": claim.queue, "attempt": claim.attempt}
