"""Beats for this node, and hands back the jobs of nodes that have died; run by every node."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import orjson

from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.liveness import LivenessConfig, NodeState, OtherNode, Watch, state_of
from revenge.infra.jobs.maintenance.decision import GoneJob, Policies, decide_lost, is_guilty
from revenge.infra.jobs.maintenance.rescue import gone_job_from, rescue_many, rescue_rivalled
from revenge.infra.jobs.models import JobState
from revenge.infra.jobs.nodes import Presence, Sighting
from revenge.infra.jobs.store import Connection, Store
from revenge.infra.jobs.suspects import KILLED, LOST, OUTAGES

logger = logging.getLogger("revenge.jobs")


class NodeRescuer:
    """One pass beats, and judges the other nodes by what the beat saw; those that are dead lose their jobs.

    Every node does this and no lease is needed: the dead node's row is locked and marked in the transaction that hands
    its jobs back, so that only one does it, and a node that turns out to live is told with its next beat.
    """

    def __init__(
        self, *, clock: Clock, config: LivenessConfig, store: Store, presence: Presence, policies: Policies
    ) -> None:
        self._clock = clock
        self._config = config
        self._store = store
        self._presence = presence
        self._policies = policies
        self._watch = Watch(config)
        self._has_others = True
        self._blocked: set[str] = set()
        self._leftovers: set[str] = set()

    def interval(self) -> timedelta:
        """Return the time to the next pass: shorter while there are other nodes to look after."""
        return self._config.interval if self._has_others else self._config.interval_alone

    def disturb(self) -> None:
        """Note that the LISTEN connection was lost: nobody is judged in a hurry for a while."""
        self._watch.disturb(monotonic=self._clock.monotonic())

    async def enter(self) -> None:
        """Register this node before it fetches, and hand back the jobs of a dead predecessor with the same id.

        Raises:
            StoreError: the database could not be read or written.
        """
        predecessor = await self._presence.predecessor()
        if predecessor is not None and predecessor.lock_key is not None and not predecessor.is_locked:
            await self.rescue(predecessor)
        elif predecessor is not None and predecessor.is_locked:
            logger.error("node.id_shared", extra={"client_id": self._presence.client_id})
        await self._presence.register()

    async def run_once(self) -> int:
        """Beat, and hand back the jobs of every node that is dead; return how many jobs.

        Raises:
            StoreError: the database could not be read or written; a dead node's jobs move together or not at all.
        """
        try:
            sighting: Sighting = await self._presence.beat()
        except StoreError:
            self.disturb()
            raise
        self._has_others = bool(sighting.others)
        self._report_blocked(sighting.others)
        dead = self._watch.judge(
            sighting.others, monotonic=self._clock.monotonic(), server_uptime=sighting.server_uptime
        )
        rescued = 0
        for node_id in list(self._leftovers):
            rescued += await self._rescue_leftovers(node_id)
        for node in dead:
            rescued += await self.rescue(node)
        return rescued

    async def rescue(self, node: OtherNode) -> int:
        """Declare ``node`` dead and hand its running jobs back; return how many.

        Nothing happens when it has beaten since it was seen, or when another node was first.

        Raises:
            StoreError: the database could not be read or written; nothing was changed.
        """
        async with self._store.transaction() as conn:
            if await self._store.fetchval("node_mark_dead", node.id, node.beaten_at, conn=conn) is None:
                return 0
            moved = await self._hand_back(node.id, conn)
        extra: Mapping[str, Any] = {
            "node": node.id,
            "silence_s": round(node.silence.total_seconds(), 1),
            "was_blocked": node.is_locked,
            "jobs": len(moved),
        }
        logger.warning("node.dead", extra=extra)
        return len(moved)

    def _report_blocked(self, others: Sequence[OtherNode]) -> None:
        """Log the nodes that have stopped to turn without being dead, and those that turn again."""
        blocked = {node.id: node for node in others if state_of(node, self._config) is NodeState.BLOCKED}
        for node_id in blocked.keys() - self._blocked:
            silence_s = round(blocked[node_id].silence.total_seconds(), 1)
            logger.warning("node.blocked", extra={"node": node_id, "silence_s": silence_s})
        for node_id in self._blocked.intersection(node.id for node in others) - blocked.keys():
            logger.info("node.unblocked", extra={"node": node_id})
        self._blocked = set(blocked)

    async def _rescue_leftovers(self, node_id: str) -> int:
        self._leftovers.discard(node_id)
        async with self._store.transaction() as conn:
            moved = await self._hand_back(node_id, conn)
        rivalled = [job for job in await self._lost_with(node_id) if job.is_rivalled]
        singly: list[asyncpg.Record] = []
        for error, counter, jobs in _sorted_out(node_id, rivalled):
            moves = [(job, decide_lost(job, self._policies)) for job in jobs]
            singly += await rescue_rivalled(self._store, moves, error=error, counter=counter, now=self._clock.now())
        if len(singly) < len(rivalled):
            self._leftovers.add(node_id)
        await self._notify(singly)
        return len(moved) + len(singly)

    async def _hand_back(self, node_id: str, conn: Connection) -> list[asyncpg.Record]:
        """Hand back all but what somebody holds, or may hold up: that is left over for the passes that follow."""
        lost = await self._lost_with(node_id, conn)
        moved: list[asyncpg.Record] = []
        for error, counter, jobs in _sorted_out(node_id, [job for job in lost if not job.is_rivalled]):
            moves = [(job, decide_lost(job, self._policies)) for job in jobs]
            moved += await rescue_many(
                self._store, moves, error=error, counter=counter, now=self._clock.now(), conn=conn
            )
        if len(moved) < len(lost):
            # Nothing else comes back to a node that is marked.
            self._leftovers.add(node_id)
        await self._notify(moved, conn)
        return moved

    async def _lost_with(self, node_id: str, conn: Connection | None = None) -> list[GoneJob]:
        return [gone_job_from(row) for row in await self._store.fetch("job_get_lost", node_id, conn=conn)]

    async def _notify(self, moved: Sequence[asyncpg.Record], conn: Connection | None = None) -> None:
        queues = sorted({row["queue"] for row in moved if row["state"] == JobState.AVAILABLE})
        if queues:
            # One space after the colon: Go's own bytes.
            payloads = [f'{{"queue": {orjson.dumps(queue).decode()}}}' for queue in queues]
            await self._store.notify("river_insert", payloads, conn=conn)


def _sorted_out(node_id: str, jobs: Sequence[GoneJob]) -> Iterator[tuple[str, str, list[GoneJob]]]:
    """Yield the text of the error, the counter and the jobs of each way to be lost."""
    error = f"worker lost: node {node_id} died"
    guilty = [job for job in jobs if is_guilty(job)]
    outages = [job for job in jobs if job.is_outage]
    innocent = [job for job in jobs if not is_guilty(job) and not job.is_outage]
    yield f"{error} of this job, the only suspect that it ran", KILLED, guilty
    yield error, OUTAGES, outages
    yield f"{error} while it worked on this job", LOST, innocent
