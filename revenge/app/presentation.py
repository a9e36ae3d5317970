"""The JSON shapes that the CLI and the HTTP API share: jobs, queues, and what the library holds."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from revenge.content.library.models import ACTIVE, FileState, Library, Scan, show_path
from revenge.infra.jobs.models import AttemptError, JobRow, JobState, QueueInfo
from revenge.infra.jobs.outcome import LOG
from revenge.infra.jobs.periodic_store import PeriodicInfo
from revenge.infra.jobs.progress import Progress

JsonObject = dict[str, Any]


def job_to_json(row: JobRow, progress: Progress | None, *, with_log: bool = False) -> JsonObject:
    """Return a job as contract.md, 'A job in JSON', has it; ``progress`` is the engine's own, None where it has none.

    ``log`` is what its worker logged in each attempt, null without ``with_log``: it may be much longer than all the rest.
    """
    return {
        "id": row.id,
        "kind": row.kind,
        "queue": row.queue,
        "state": row.state.value,
        "priority": row.priority,
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "args": row.args,
        "metadata": {key: value for key, value in row.metadata.items() if key != LOG},
        "tags": list(row.tags),
        "created_at": time_to_json(row.created_at),
        "scheduled_at": time_to_json(row.scheduled_at),
        "attempted_at": time_to_json(row.attempted_at),
        "finalized_at": time_to_json(row.finalized_at),
        "attempted_by": list(row.attempted_by),
        "errors": [attempt_error_to_json(error) for error in row.errors],
        "output": row.output,
        "progress": progress_to_json(progress) if progress else _progress_of_go(row),
        "log": _logs(row.metadata.get(LOG)) if with_log else None,
    }


def attempt_error_to_json(error: AttemptError) -> JsonObject:
    """Return one failed attempt."""
    return {"at": time_to_json(error.at), "attempt": error.attempt, "error": error.error, "trace": error.trace}


def progress_to_json(progress: Progress) -> JsonObject:
    """Return progress with its time as text."""
    return {**progress.to_dict(), "updated_at": time_to_json(progress.updated_at)}


def queue_to_json(queue: QueueInfo) -> JsonObject:
    """Return a queue as the whole cluster sees it; ``counts`` names every unfinished state."""
    unfinished = (
        JobState.AVAILABLE,
        JobState.PENDING,
        JobState.RETRYABLE,
        JobState.RUNNING,
        JobState.SCHEDULED,
    )
    return {
        "name": queue.name,
        "paused": queue.paused_at is not None,
        "paused_at": time_to_json(queue.paused_at),
        "counts": {state.value: queue.counts.get(state.value, 0) for state in unfinished},
        "oldest_wait_s": queue.oldest_wait_s,
        "workers": queue.workers,
        "created_at": time_to_json(queue.created_at),
        "updated_at": time_to_json(queue.updated_at),
    }


def periodic_to_json(info: PeriodicInfo) -> JsonObject:
    """Return a periodic job as the whole cluster sees it."""
    return {
        "id": info.id,
        "kind": info.kind,
        "schedule": info.schedule,
        "overridden": info.is_overridden,
        "missed": info.missed.value,
        "paused": info.paused_at is not None,
        "paused_at": time_to_json(info.paused_at),
        "run_requested": info.is_run_requested,
        "last_run_at": time_to_json(info.last_run_at),
        "next_run_at": time_to_json(info.next_run_at),
        "last_job_id": info.last_job_id,
        "created_at": time_to_json(info.created_at),
        "updated_at": time_to_json(info.updated_at),
    }


def library_to_json(
    library: Library,
    *,
    latest_scan: Scan | None,
    progress: Progress | None,
    counts: Mapping[FileState, int] | None,
    with_paths: bool = True,
) -> JsonObject:
    """Return a library with its latest scan; ``file_counts`` is null where nobody counted.

    Without ``with_paths`` nothing in it names a folder or a file: such is for those who manage the library.
    """
    shape: JsonObject = {
        "id": str(library.id),
        "name": library.name,
        "type": library.type.value,
        "paths": [show_path(path) for path in library.paths] if with_paths else [],
        "enabled": library.enabled,
        "scan_on_startup": library.scan_on_startup,
        "realtime_monitoring": library.realtime_monitoring,
        "metadata_provider": library.metadata_provider,
        "preferred_language": library.preferred_language,
        "ignore_patterns": list(library.ignore_patterns) if with_paths else [],
        "scanner_config": dict(library.scanner_config) if with_paths else {},
        "file_counts": None if counts is None else {state.value: counts.get(state, 0) for state in FileState},
        "latest_scan": scan_to_json(latest_scan, progress, with_paths=with_paths) if latest_scan else None,
        "created_at": time_to_json(library.created_at),
        "updated_at": time_to_json(library.updated_at),
    }
    if with_paths and any("path_b64" in path_to_json(path) for path in library.paths):
        shape["paths_b64"] = [base64.b64encode(path).decode() for path in library.paths]
    return shape


def scan_to_json(scan: Scan, progress: Progress | None, *, with_paths: bool = True) -> JsonObject:
    """Return a scan under the Go server's names of its counts; ``progress`` is its job's while it is active.

    Without ``with_paths`` it tells neither where it is nor why it failed: both name folders and files.
    """
    counts = scan.counts
    told = progress_to_json(progress) if progress and scan.status in ACTIVE else None
    if told is not None and not with_paths:
        told["message"] = ""
    return {
        "id": str(scan.id),
        "job_id": scan.job_id,
        "library_id": str(scan.library_id),
        "scan_type": scan.type.value,
        "status": scan.status.value,
        "items_scanned": counts.files_seen,
        "items_added": counts.added,
        "items_updated": counts.updated,
        "items_moved": counts.moved,
        "items_unchanged": counts.unchanged,
        "items_missing": counts.missing,
        "items_removed": counts.removed,
        "items_unmatched": counts.unmatched,
        "items_probed": counts.probed,
        "error_count": counts.failed,
        "error_message": scan.error_message if with_paths else None,
        "created_at": time_to_json(scan.created_at),
        "started_at": time_to_json(scan.started_at),
        "completed_at": time_to_json(scan.completed_at),
        "duration_s": round(scan.duration.total_seconds(), 3) if scan.duration is not None else None,
        "progress": told,
    }


def path_to_json(path: bytes) -> JsonObject:
    """Return ``path`` to show, and ``path_b64`` beside it where the bytes are no UTF-8 and the text can't be undone."""
    try:
        return {"path": path.decode()}
    except UnicodeDecodeError:
        return {"path": path.decode(errors="replace"), "path_b64": base64.b64encode(path).decode()}


def time_to_json(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC with a ``Z``, None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _logs(value: object) -> list[JsonObject]:
    """Return the attempts' logs as far as they are River's."""
    entries = value if isinstance(value, list) else []
    return [
        {"attempt": entry["attempt"], "log": entry["log"]}
        for entry in entries
        if isinstance(entry, dict) and isinstance(entry.get("attempt"), int) and isinstance(entry.get("log"), str)
    ]


def _progress_of_go(row: JobRow) -> JsonObject | None:
    """Read what a Go worker says of itself: it writes its progress into ``metadata.output`` while it runs."""
    shape = row.output
    if row.state is not JobState.RUNNING or not isinstance(shape, Mapping):
        return None
    phase, current = shape.get("phase"), shape.get("current")
    if not isinstance(phase, str) or not _is_number(current):
        return None
    total, percent, message = shape.get("total"), shape.get("percent"), shape.get("message")
    return {
        "phase": phase,
        "current": current,
        "total": total if _is_number(total) and total else None,
        "percent": percent if _is_number(percent) and total else None,
        "message": message if isinstance(message, str) else "",
        "rate_per_s": None,
        "eta_s": None,
        "updated_at": time_to_json(row.attempted_at),
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
