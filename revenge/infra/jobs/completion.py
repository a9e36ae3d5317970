"""Completes a job by its worker's own transaction (River: ``JobCompleteTx``)."""

from collections.abc import Mapping
from typing import Any

from revenge.infra.jobs import outcome
from revenge.infra.jobs.errors import AttemptLost
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.store import AnyConnection
from revenge.infra.jobs.workplace import workplace


async def complete(claim: Claim, metadata: Mapping[str, Any], *, conn: AnyConnection, blocking: bool = False) -> None:
    """Write by the transaction of ``conn`` that this attempt has succeeded, and merge ``metadata``.

    With ``blocking``, for a connection that blocks, it awaits nothing.

    Raises:
        AttemptLost: the attempt is another's by now, or was ended otherwise.
        RuntimeError: no worker calls, or one in a process of its own.
        StoreError: the database could not do it.
    """
    place = workplace()
    now = place.clock.now()
    # With metadata, though it be empty, a second call meets the row that the first has completed.
    settlement = outcome.completed(claim, now=now, metadata=outcome.metadata_json(metadata))
    store = place.store_for(blocking=blocking)
    persisted = await store.settle_many([settlement], now=now, conn=conn)
    if (claim.id, JobState.COMPLETED) not in persisted:
        raise AttemptLost(claim.id, claim.attempt)
