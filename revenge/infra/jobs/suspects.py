"""Jobs whose node has died with them more than once: run apart, so that their next crash has one culprit.

The story is told in docs/design/suspects.md.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

from revenge.infra.jobs.attempt import Attempt, StopCause
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import IsolationFailed, StoreError
from revenge.infra.jobs.models import Claim

LOST, OUTAGES = "revenge:lost", "revenge:outages"
"""Metadata keys that count losses of a job's node: those that the job may be to blame for, and those with the database."""
KILLED = "revenge:killed"
"""Metadata key that counts the processes that died of this job beyond doubt."""
ACCUSED = "revenge:accused"
"""Metadata key: the attempt, by its time, that is the only suspect its node runs, and since when."""
FREE_LOSSES = 2
"""Losses from which on a job is a suspect."""
MAX_WORKER_LOSSES = 3
"""Processes that a job may kill before it is discarded: one may be chance, or somebody else's memory."""
RETRY_PAUSE = timedelta(seconds=1)

logger = logging.getLogger("revenge.jobs")


class Accuser(Protocol):
    """Writes down who is run, before it is."""

    async def accuse(self, claim: Claim) -> bool:
        """Return whether the attempt is still its own."""


class Isolated(Protocol):
    """Runs an attempt in a process of its own."""

    async def run(self, attempt: Attempt, *, begin: Callable[[], None]) -> object: ...

    async def close(self) -> None: ...


def is_suspect(claim: Claim) -> bool:
    """Say whether this job's node has died with it often enough."""
    return LOST in (claim.metadata_json or "") and count_of(claim, LOST) >= FREE_LOSSES


def count_of(claim: Claim, key: str) -> int:
    """Return the count in ``key`` of the row's metadata, which another program may have written in any shape."""
    metadata: Any = claim.metadata()
    count = metadata.get(key) if isinstance(metadata, dict) else None
    return count if isinstance(count, int) else 0


class Suspects:
    """Runs suspects in processes of their own; where that cannot be, one at a time, written down before it starts."""

    def __init__(self, *, clock: Clock, accuser: Accuser, isolation: Isolated | None) -> None:
        self._clock = clock
        self._accuser = accuser
        self._isolation = isolation
        self._alone = asyncio.Lock()

    async def run(self, attempt: Attempt, work: Coroutine[Any, Any, object], *, begin: Callable[[], None]) -> object:
        """Return what the worker returns, or raise what it raises.

        Args:
            attempt: the suspect's.
            work: runs it here; closed when another process does.
            begin: called when the worker starts, after the wait for its turn.

        Raises:
            WorkerLost: its process died.
        """
        try:
            if self._isolation is not None:
                try:
                    return await self._isolation.run(attempt, begin=begin)
                except IsolationFailed as error:
                    extra = {"job_id": attempt.claim.id, "kind": attempt.claim.kind, "error": str(error)}
                    logger.error("suspect.not_isolated", extra=extra)  # noqa: TRY400 - the text says it all
            async with self._alone:
                await self._accuse(attempt)
                begin()
                return await work
        finally:
            work.close()

    async def close(self) -> None:
        """Kill what still runs apart."""
        if self._isolation is not None:
            await self._isolation.close()

    async def _accuse(self, attempt: Attempt) -> None:
        while True:
            try:
                is_ours = await self._accuser.accuse(attempt.claim)
            except StoreError as error:
                logger.warning("suspect.not_accused", extra={"job_id": attempt.claim.id, "error": str(error)})
                await self._clock.sleep(RETRY_PAUSE)
                continue
            if not is_ours:
                # Handed on meanwhile; whatever is written about this attempt changes nothing.
                attempt.end(StopCause.CANCELLED)
                raise asyncio.CancelledError
            return
