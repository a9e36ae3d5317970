"""Rows and options in the words of the Go peer (``views.go``, ``insert.go``)."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from revenge.infra.jobs import (
    InsertOpts,
    InsertResult,
    JobListParams,
    JobOrder,
    JobRow,
    JobState,
    QueueInfo,
    UniqueOpts,
)
from revenge.infra.jobs.encoding import encode_time
from revenge.infra.jobs.models import AttemptError


def milliseconds(ms: float) -> timedelta:
    """Return ``ms`` as a duration."""
    return timedelta(milliseconds=ms)


def insert_opts(given: Mapping[str, Any] | None) -> InsertOpts:
    """Return the options that Go's names stand for."""
    options = dict(given or {})
    unique = dict(options.pop("unique", {}))
    if "scheduled_at" in options:
        options["scheduled_at"] = datetime.fromisoformat(options["scheduled_at"])
    period = unique.pop("by_period_ms", 0)
    states = unique.pop("by_state", None)
    if unique or period or states is not None:
        options["unique"] = UniqueOpts(
            by_period=milliseconds(period) if period else None,
            by_state=None if states is None else [JobState(state) for state in states],
            **unique,
        )
    return InsertOpts(**options)


def with_states(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``filters`` with our states."""
    return {**filters, "states": [JobState(state) for state in filters.get("states", ())]}


def list_params(filters: Mapping[str, Any]) -> JobListParams:
    """Return what Go's names stand for; its lists are the oldest first where nothing is said."""
    given = with_states(filters)
    names = {"first": "limit", "tags_all": "tags", "after": "cursor"}
    given = {names.get(name, name): value for name, value in given.items()}
    given["descending"] = given.pop("direction", "asc") == "desc"
    given["order_by"] = JobOrder(given.get("order_by", "id"))
    if "metadata" in given:
        given["metadata"] = json.loads(given["metadata"])
    return JobListParams(**given)


def queue_view(queue: QueueInfo) -> dict[str, Any]:
    """Show a queue as the Go peer does."""
    return {
        "name": queue.name,
        "metadata": json.dumps(queue.metadata),
        "created_at": moment(queue.created_at),
        "paused_at": moment(queue.paused_at),
        "updated_at": moment(queue.updated_at),
    }


def job_view(row: JobRow) -> dict[str, Any]:
    """Show a row as the Go peer does; args and metadata are JSON text, not yet the stored bytes."""
    return {
        "id": row.id,
        "state": row.state.value,
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "attempted_at": moment(row.attempted_at),
        "created_at": moment(row.created_at),
        "finalized_at": moment(row.finalized_at),
        "scheduled_at": moment(row.scheduled_at),
        "priority": row.priority,
        "args": json.dumps(row.args),
        "attempted_by": row.attempted_by,
        "errors": [_error_view(error) for error in row.errors],
        "kind": row.kind,
        "metadata": json.dumps(row.metadata),
        "queue": row.queue,
        "tags": row.tags,
        "unique_key": (row.unique_key or b"").hex(),
        "unique_states": [state.value for state in row.unique_states],
    }


def result_view(result: InsertResult) -> dict[str, Any]:
    """Show what an insert did."""
    return {"job": job_view(result.job), "duplicate": result.duplicate}


def moment(at: datetime | None) -> str | None:
    """Return a time as Go writes it."""
    return None if at is None else encode_time(at)


def _error_view(error: AttemptError) -> dict[str, Any]:
    return {"at": moment(error.at), "attempt": error.attempt, "error": error.error, "trace": error.trace}
