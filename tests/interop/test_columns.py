"""Whatever is done to a job, the row that Go leaves and the row that we leave are the same: each column, JSON by bytes.

Times are compared by their order, and by which of them are equal. What differs on purpose is taken out here, and listed
in ``docs/river/differences.md``: the class name before an error's text, and the trace of an ordinary failure.

Scenarios: differential_job_crud, job_row_round_trip_all_fields, snooze_once_metadata_transition,
single_implementation_worker_outcomes, cooperative_remote_cancellation, timeout_cancellation,
hard_shutdown_soft_stop_classification, shutdown_after_cancel_attempt, panic_attempt_trace, maintenance_rescuer_stale_selection,
periodic_run_on_start.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from tests.interop.acts import errors_of, insert, start, start_listening
from tests.interop.conftest import AnyPeer, Rows
from tests.interop.ours.peer import OurPeer
from tests.interop.peer import GoPeer

Act = Callable[[AnyPeer, Rows], Awaitable[int]]

TIMES = ("attempted_at", "created_at", "finalized_at", "scheduled_at")
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
LONG: Mapping[str, Any] = {"retry_ms": 600_000}
OURS_PREFIX = re.compile(r"^(Failure|TimeoutError): ")
TIMED_OUT = re.compile(r"^(context deadline exceeded|the attempt took longer than its .* s)$")


async def picture(rows: Rows, job_id: int) -> dict[str, Any]:
    """Return a row with nothing left that differs between two runs of the same thing."""
    columns = await rows.pool.fetch(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
        "WHERE attrelid = 'river_job'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    texts = ", ".join(f"{name}::text" for name, _ in columns if name not in TIMES)
    row = await rows.pool.fetchrow(f"SELECT {texts}, {', '.join(TIMES)} FROM river_job WHERE id = $1", job_id)
    assert row is not None
    found = dict(row)
    moments = sorted({found[name] for name in TIMES if found[name] is not None})
    found |= {name: moments.index(found[name]) if found[name] is not None else None for name in TIMES}
    found["metadata"] = _masked(found["metadata"], "cancel_attempted_at")
    if found["errors"] is not None:
        found["errors"] = [_error(error) for error in errors_of(await rows.job(job_id))]
    found["attempted_by"] = (found["attempted_by"] or "").replace("go", "name").replace("ours", "name")
    return found


def _masked(text: str, key: str) -> str:
    value = json.loads(text).get(key)
    if value is None:
        return text
    assert RFC_3339.fullmatch(value), value
    return text.replace(json.dumps(value), '"a time"')


def _error(error: dict[str, Any]) -> dict[str, Any]:
    assert RFC_3339.fullmatch(error["at"]), error
    text = TIMED_OUT.sub("timed out", OURS_PREFIX.sub("", error["error"]))
    return {"keys": list(error), "attempt": error["attempt"], "error": text}


def worked(state: str, *attempts: Mapping[str, Any], config: Mapping[str, Any] | None = None, **opts: Any) -> Act:
    """Insert, work, and look when the job is in ``state`` after its first attempt."""

    async def act(peer: AnyPeer, rows: Rows) -> int:
        await start(peer, **(config or {}))
        job_id = await insert(peer, *map(dict, attempts), **opts)
        await rows.when(job_id, state, attempted_by=[peer.name])
        return job_id

    return act


def seeded(state: str, then: Callable[[AnyPeer, Rows, int], Awaitable[None]], **columns: str) -> Act:
    """Put a row there, past both engines, and do ``then`` to it; values are SQL."""

    async def act(peer: AnyPeer, rows: Rows) -> int:
        final = "now()" if state in {"completed", "cancelled", "discarded"} else "NULL"
        given = {
            "state": f"'{state}'",
            "kind": "'job'",
            "args": """'{"kept": [1, 2.50, null], "a": {"b": "<&>"}}'""",
            "max_attempts": "3",
            "finalized_at": final,
            "created_at": "now() - interval '1 day'",
            **columns,
        }
        job_id: int = await rows.pool.fetchval(
            f"INSERT INTO river_job ({', '.join(given)}) VALUES ({', '.join(given.values())}) RETURNING id"
        )
        await then(peer, rows, job_id)
        return job_id

    return act


def called(command: str) -> Callable[[AnyPeer, Rows, int], Awaitable[None]]:
    """Do one command to the job."""

    async def then(peer: AnyPeer, _: Rows, job_id: int) -> None:
        await peer.call(command, job_id=job_id)

    return then


def led(until: str) -> Callable[[AnyPeer, Rows, int], Awaitable[None]]:
    """Lead until the job is in a state."""

    async def then(peer: AnyPeer, rows: Rows, job_id: int) -> None:
        await start(
            peer,
            queues={"elsewhere": {"max_workers": 1}},
            quick=True,
            rescue_after_ms=3_600_000,
            **LONG,
        )
        await rows.when(job_id, until)

    return then


async def held(peer: AnyPeer, job_id: int) -> None:
    """Wait until a job has begun."""
    while (await peer.event("work_started"))["job"]["id"] != job_id:
        pass


def cancelled_while_held(until: str, then: str = "", *, message: str = "") -> Act:
    """Cancel from outside what runs."""

    async def act(peer: AnyPeer, rows: Rows) -> int:
        await start(peer, **LONG)
        job_id = await insert(peer, {"do": "hold", "then": then, "message": message})
        await peer.event("work_started")
        await peer.call("cancel", job_id=job_id)
        await rows.when(job_id, until)
        return job_id

    return act


def stopped_while_held(until: str, then: str = "", *, asked_to_cancel: bool = False) -> Act:
    """Stop the client hard under what runs."""

    async def act(peer: AnyPeer, rows: Rows) -> int:
        await start_listening(peer, rows, **LONG)
        job_id = await insert(peer, {"do": "hold", "then": then, "message": "by itself"})
        await held(peer, job_id)
        if asked_to_cancel:
            await _ask_unheard(rows)
        await peer.call("stop", client=peer.name, how="cancel")
        await rows.when(job_id, until)
        return job_id

    return act


def cancel_unheard(until: str, **does: Any) -> Act:
    """Ask to cancel without a notification, and let the job end by itself before anybody polls."""

    async def act(peer: AnyPeer, rows: Rows) -> int:
        await start_listening(peer, rows, **LONG)
        job_id = await insert(peer, {"do": "hold", **does})
        await held(peer, job_id)
        await _ask_unheard(rows)
        await peer.call("release", job_id=job_id)
        await rows.when(job_id, until)
        return job_id

    return act


async def _ask_unheard(rows: Rows) -> None:
    await rows.pool.execute(
        """UPDATE river_job SET metadata = metadata || '{"cancel_attempted_at": "2026-01-02T03:04:05.6789Z"}'"""
    )


async def periodic_on_start(peer: AnyPeer, rows: Rows) -> int:
    """Insert a periodic job as the leader does at its start."""
    job = {"id": "each-day", "kind": "job", "args": {"n": 1}, "every_ms": 86_400_000, "run_on_start": True}
    await start(peer, queues={"elsewhere": {"max_workers": 1}}, quick=True, periodic=[job])
    await rows.when(1, "available")
    # Ours is created and due at one moment, Go's is due a moment before it is created.
    await rows.pool.execute("UPDATE river_job SET created_at = scheduled_at")
    return 1


async def promoted_too_late(peer: AnyPeer, rows: Rows) -> int:
    """Promote a unique job whose key another one holds."""
    unique = {"by_args": True, "by_queue": True, "by_state": ["available", "pending", "running", "scheduled"]}
    job_id = await insert(peer, scheduled_at="2026-01-01T00:00:00Z", unique=unique)
    await rows.pool.execute("UPDATE river_job SET state = 'retryable'")  # left its key
    await insert(peer, unique=unique)
    await led("discarded")(peer, rows, job_id)
    return job_id


STUCK = {
    "attempt": "1",
    "attempted_by": "ARRAY['a dead one']",
    "attempted_at": "now() - interval '2 hours'",
}
ASKED = """'{"cancel_attempted_at": "2026-01-02T03:04:05.6789Z", "mine": 1.50}'"""
LATER = "now() + interval '1 hour'"
FULL = "array_fill('somebody'::text, ARRAY[100])"

ACTS: Mapping[str, Act] = {
    "fetched": worked("running", {"do": "hold"}),
    "completed": worked("completed", {"do": "ok"}, tags=["one", "two"], metadata={"z": 1, "a": [None, "ü"]}),
    "completed with output": worked("completed", {"do": "output", "value": {"b": [1.5, "<&>"], "a": None}}),
    "failed": worked("retryable", {"do": "fail", "message": "what <went> wrong"}, config=LONG),
    "failed, retried soon": worked("available", {"do": "fail", "message": "again"}, config={"retry_ms": 4000}),
    "discarded": worked("discarded", {"do": "fail", "message": "for good"}, max_attempts=1),
    "panicked": worked("retryable", {"do": "panic", "message": "broken"}, config=LONG),
    "of an unknown kind": worked("retryable", kind="of_nobody", config=LONG),
    "timed out": worked("retryable", {"do": "hold"}, config={"workers": {"job": {"timeout_ms": 300}}, **LONG}),
    "cancelled by its worker": worked("cancelled", {"do": "cancel", "message": "no use"}),
    "snoozed": worked("scheduled", {"do": "snooze", "ms": 600_000}, metadata={"snoozes": 41}),
    "snoozed for a moment": worked("available", {"do": "snooze", "ms": 4000}),
    "cancelled while it ran": cancelled_while_held("cancelled"),
    "cancelled while it ran, but succeeds": cancelled_while_held("completed", "ok"),
    "cancelled while it ran, and fails": cancelled_while_held("cancelled", "fail", message="anyway"),
    "cancelled unheard, then succeeds": cancel_unheard("completed"),
    "cancelled unheard, then snoozes": cancel_unheard("cancelled", after="snooze", ms=1000),
    "cancelled unheard, then fails": cancel_unheard("cancelled", after="fail", message="late"),
    "stopped": stopped_while_held("available"),
    "stopped, but succeeds": stopped_while_held("completed", "ok"),
    "stopped, and fails by itself": stopped_while_held("retryable", "fail"),
    "stopped, and cancels itself": stopped_while_held("cancelled", "cancel"),
    "stopped after an unheard cancel": stopped_while_held("cancelled", asked_to_cancel=True),
    "fetched by the hundred and first": seeded(
        "available",
        lambda peer, rows, job_id: _completed(peer, rows, job_id),
        attempted_by=FULL,
        attempt="2",
    ),
    "rescued": seeded("running", led("retryable"), **STUCK),
    "rescued again": seeded("running", led("retryable"), **STUCK, metadata="""'{"river:rescue_count": 2}'"""),
    "rescued without attempts left": seeded("running", led("discarded"), **{**STUCK, "attempt": "3"}),
    "rescued when it was to be cancelled": seeded("running", led("cancelled"), **STUCK, metadata=ASKED),
    "promoted": seeded("scheduled", led("available"), scheduled_at="now()"),
    "promoted for its retry": seeded("retryable", led("available"), scheduled_at="now()", attempt="1"),
    "promoted too late": promoted_too_late,
    "periodic, on start": periodic_on_start,
    **{
        f"cancelled while {state}": seeded(state, called("cancel"), metadata="""'{"mine": 1.50}'""")
        for state in ("available", "pending", "retryable", "scheduled", "completed", "cancelled", "discarded")
    },
    "cancelled in its first wait": seeded("scheduled", called("cancel"), scheduled_at=LATER),
    **{
        f"retried by hand while {state}": seeded(
            state, called("retry"), metadata=ASKED, attempt="3", scheduled_at=LATER if state == "scheduled" else "now()"
        )
        for state in ("pending", "retryable", "scheduled", "completed", "cancelled", "discarded", "running")
    },
    "retried by hand with attempts left": seeded("completed", called("retry"), attempt="2"),
    "retried by hand when due": seeded("available", called("retry"), scheduled_at="now() - interval '1 s'"),
    "retried by hand before it was due": seeded("available", called("retry"), scheduled_at=LATER),
}


async def _completed(peer: AnyPeer, rows: Rows, job_id: int) -> None:
    await start(peer)
    await rows.when(job_id, "completed")


@pytest.mark.parametrize("what", ACTS)
async def test_the_row_is_the_same_whoever_did_it(go: GoPeer, ours: OurPeer, rows: Rows, what: str) -> None:
    pictures = []
    for peer in (go, ours):
        await rows.pool.execute("TRUNCATE river_job, river_queue, river_leader RESTART IDENTITY")
        job_id = await ACTS[what](peer, rows)
        pictures.append(await picture(rows, job_id))
        if peer is go:
            await peer.kill()

    assert pictures[1] == pictures[0]


@pytest.mark.parametrize("did", ["served", "paused", "paused twice", "resumed", "all paused", "all resumed"])
async def test_the_queues_row_is_the_same_whoever_did_it(go: GoPeer, ours: OurPeer, rows: Rows, did: str) -> None:
    commands: dict[str, list[tuple[str, str]]] = {
        "served": [],
        "paused": [("queue_pause", "default")],
        "paused twice": [("queue_pause", "default")] * 2,
        "resumed": [("queue_pause", "default"), ("queue_resume", "default"), ("queue_resume", "default")],
        "all paused": [("queue_pause", "*")],
        "all resumed": [("queue_pause", "default"), ("queue_resume", "*")],
    }
    pictures = []
    for peer in (go, ours):
        await rows.pool.execute("TRUNCATE river_queue, river_leader")
        await start(peer)
        await peer.call("stop", client=peer.name)
        for command, name in commands[did]:
            await peer.call(command, name=name)
        row = await rows.pool.fetchrow("SELECT *, metadata::text AS json FROM river_queue")
        assert row is not None
        times = ("created_at", "paused_at", "updated_at")
        moments = sorted({row[name] for name in times if row[name]})
        pictures.append({**row, **{name: moments.index(row[name]) if row[name] else None for name in times}})

    assert pictures[1] == pictures[0]
