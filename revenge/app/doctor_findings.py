"""What the engine's tables say about the processes that work on them, as findings of the doctor: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from revenge.infra.jobs import NO_TIMEOUT, NodeInfo, NodeState

MAX_SKEW_S = 2.0
"""The engine goes by the database's clock, whatever a machine's says; the log's times and the API's do not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look showed."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    """What to do where something is wrong."""


def nodes_finding(nodes: Sequence[NodeInfo]) -> Finding:
    """Return how the processes are that work jobs."""
    alive = sum(node.state is NodeState.ALIVE for node in nodes)
    still = [node for node in nodes if node.state is NodeState.BLOCKED]
    if not still:
        return Finding(name="nodes", ok=True, detail=f"{alive} at work")
    told = ", ".join(
        f"{node.id} (process {node.pid} on {node.host}) for {node.silence.total_seconds():.0f} s" for node in still
    )
    advice = "look for worker.blocks_loop in its log; it keeps its jobs, unless jobs.hand_over_blocked_after is set"
    return Finding(name="nodes", ok=False, detail=f"{alive} at work; standing still: {told}", advice=advice)


def clocks_finding(nodes: Sequence[NodeInfo]) -> Finding:
    """Return how far the clocks of the processes that work jobs are from the database's."""
    offsets = {node.id: node.stats.get("clock_offset_s") for node in nodes if node.state is not NodeState.DEAD}
    known = {node_id: value for node_id, value in offsets.items() if isinstance(value, (int, float))}
    wrong = {node_id: value for node_id, value in known.items() if abs(value) > MAX_SKEW_S}
    if not wrong:
        worst = max(map(abs, known.values()), default=0.0)
        return Finding(name="nodes' clocks", ok=True, detail=f"within {worst:.2f} s of the database's")
    told = ", ".join(
        f"{node_id} is {abs(value):.1f} s {'behind' if value > 0 else 'ahead'}" for node_id, value in wrong.items()
    )
    return Finding(name="nodes' clocks", ok=False, detail=told, advice="set the clocks of these machines by NTP")


def leader_finding(
    leader: str | None, nodes: Sequence[NodeInfo], *, limits: Mapping[str, timedelta], rescue_after: timedelta
) -> Finding:
    """Return who does the queue's housekeeping, and whether that leader would take long jobs from living processes.

    A leader without a node row is River's, in Go: it rescues whatever has run for an hour, or what it is set to.
    """
    if leader is None:
        return Finding(name="leader", ok=True, detail="nobody leads at present")
    if leader in {node.id for node in nodes}:
        return Finding(name="leader", ok=True, detail=f"{leader} leads")
    long = sorted(kind for kind, limit in limits.items() if limit is NO_TIMEOUT or limit > rescue_after)
    detail = f"{leader} leads, a client of River's in Go"
    if not long:
        return Finding(name="leader", ok=True, detail=detail)
    detail += f": it takes jobs away that have run for its RescueStuckJobsAfter (an hour by default): {', '.join(long)}"
    advice = "set RescueStuckJobsAfter there above these jobs' deadlines, or LeaderElectionDisabled: docs/beside-go.md"
    return Finding(name="leader", ok=False, detail=detail, advice=advice)


def go_finding(current_schema: str | None, schema: str) -> Finding:
    """Return what clients of River's in Go must be told of this database; nothing is wrong without any."""
    if current_schema == schema:
        return Finding(name="Go clients", ok=True, detail=f"they find the channels of {schema} by themselves")
    detail = (
        f"the first schema on this role's search path is {current_schema}, and not that of River's tables, {schema}"
    )
    advice = f'where there are any: river.Config{{Schema: "{schema}"}}, RIVER_SCHEMA={schema} for River UI, or nobody hears the other'
    return Finding(name="Go clients", ok=True, detail=detail, advice=advice)
