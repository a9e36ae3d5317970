"""Decides which other nodes are dead: pure, from what successive beats saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessConfig:
    """How long a silence means death."""

    interval: timedelta = timedelta(seconds=2)
    """Between two beats while there are other nodes."""
    interval_alone: timedelta = timedelta(seconds=5)
    """Between two beats of the only node: nobody waits for them, and the next node is met at its first beat."""
    lock_grace: timedelta = timedelta(seconds=2.5)
    """A node whose lock is free has beaten within this, or it is dead: more than an interval, since a node that merely
    lost its connection says so in its next beat. With ``interval`` twice over it makes the 5 seconds of a kill."""
    beat_lease: timedelta = timedelta(seconds=20)
    """The same for a node without a lock. Long, since a blocked loop cannot beat; with an interval on top below 30 s."""
    blocked_after: timedelta = timedelta(seconds=15)
    """A node that holds its lock and has not beaten for so long is reported as blocked: stopped, or its loop or GIL is held."""
    hand_over_blocked_after: timedelta | None = None
    """After so long its jobs are handed over, too; None: never, since it may work on them."""
    calm: timedelta = timedelta(seconds=30)
    """For so long after a fault of the database or of our own connection nobody is judged in a hurry."""
    calm_grace: timedelta = timedelta(seconds=6)
    """How long a node must have looked dead during that time: the others need a moment to come back, too."""

    def __post_init__(self) -> None:
        for name in ("interval", "interval_alone", "calm_grace"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)
        for name, least in (
            ("lock_grace", self.interval),
            ("beat_lease", self.interval_alone),
            ("blocked_after", self.interval_alone),
            ("hand_over_blocked_after", self.interval_alone),
        ):
            if (value := getattr(self, name)) is not None and value <= least:
                message = f"{name} must be longer than a beat's interval {least}, got {getattr(self, name)}"
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherNode:
    """What a beat saw of another node that nobody has declared dead."""

    id: str
    beaten_at: datetime
    silence: timedelta
    """Since its last beat, by the database's clock."""
    lock_key: int | None
    """None: it has no direct connection, or has just lost it."""
    is_locked: bool
    """Whether a session of the server holds its lock."""


class NodeState(StrEnum):
    """What a node looks like from outside."""

    ALIVE = "alive"
    BLOCKED = "blocked"
    """Its process is there and says nothing: stopped, or its event loop or GIL is held."""
    DEAD = "dead"


def state_of(node: OtherNode, config: LivenessConfig) -> NodeState:
    """Return what a node looks like that nobody has declared dead."""
    if not node.is_locked and is_suspect(node, config) and node.silence > config.lock_grace:
        return NodeState.DEAD
    return NodeState.BLOCKED if node.silence > config.blocked_after else NodeState.ALIVE


def is_suspect(node: OtherNode, config: LivenessConfig) -> bool:
    """Say whether nothing speaks for the node's life, or that it is to be treated so."""
    if node.is_locked:
        limit = config.hand_over_blocked_after
        return limit is not None and node.silence > limit
    # A lock that is free is suspicious at once: whoever merely lost its connection says so in its next beat.
    return node.lock_key is not None or node.silence > config.beat_lease


@dataclass(frozen=True, slots=True)
class _Suspicion:
    since: float
    beaten_at: datetime
    lock_key: int | None


class Watch:
    """Remembers who has looked dead since when; a beat or a new lock clears a suspicion."""

    def __init__(self, config: LivenessConfig) -> None:
        self._config = config
        self._suspicions: dict[str, _Suspicion] = {}
        self._disturbed_at = float("-inf")

    def disturb(self, *, monotonic: float) -> None:
        """Note a fault of the database or of our own connection: what others look like may be its effect."""
        self._disturbed_at = monotonic
        self._suspicions.clear()

    def judge(self, others: Sequence[OtherNode], *, monotonic: float, server_uptime: timedelta) -> list[OtherNode]:
        """Return the nodes that are dead beyond doubt."""
        since_fault = min(monotonic - self._disturbed_at, server_uptime.total_seconds())
        is_calm = since_fault >= self._config.calm.total_seconds()
        stood_s = (self._config.interval if is_calm else self._config.calm_grace).total_seconds()
        suspicions: dict[str, _Suspicion] = {}
        dead: list[OtherNode] = []
        for node in others:
            if not is_suspect(node, self._config):
                continue
            old = self._suspicions.get(node.id)
            if old is None or (old.beaten_at, old.lock_key) != (node.beaten_at, node.lock_key):
                old = _Suspicion(monotonic, node.beaten_at, node.lock_key)
            suspicions[node.id] = old
            # A tenth less than an interval: two beats are not apart by exactly that.
            if monotonic - old.since >= stood_s * 0.9 and node.silence > self._config.lock_grace:
                dead.append(node)
        self._suspicions = suspicions
        return dead
