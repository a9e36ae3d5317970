"""Steps and cursors that one engine leaves and the other goes on with, and completion by a worker's own transaction.

Scenarios: resumable_cross_engine_cursor, multi_engine_resumable_cursor, resumable_retry, resumable_validation,
transactional_completion.
"""

import json
from typing import Any

import pytest

from tests.fakes.engine import eventually
from tests.interop.acts import insert, start
from tests.interop.conftest import LIMIT, AnyPeer, Pair, Rows
from tests.interop.ours.peer import OurPeer
from tests.interop.peer import GoPeer

Script = list[dict[str, Any]]

PLAIN = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
FAILS = {"name": "fails", "fail": "no"}

SCRIPTS: dict[str, Script] = {
    "steps are left out": [
        {"steps": [{"name": "a"}, {"name": "b"}, {"name": "c", "fail": "no"}]},
        {"steps": [{"name": "a"}, {"name": "b"}, {"name": "c"}, FAILS]},
        {"steps": [*PLAIN, {"name": "fails"}]},
    ],
    "a snooze keeps them": [
        {"steps": [{"name": "a"}, {"name": "b", "snooze_ms": 600_000}, {"name": "c"}]},
        {"steps": PLAIN},
    ],
    "a failure outside of steps keeps them": [{"steps": PLAIN, "message": "outside"}, {"steps": PLAIN}],
    "a cursor goes on": [
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True, "set": {"page": 2, "x": 1.5}, "fail": "no"}]},
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True, "set": [9007199254740993], "fail": "no"}]},
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True, "set": 3}, FAILS]},
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True}, {"name": "fails"}]},
    ],
    "a first step's cursor goes on": [
        {"steps": [{"name": "b", "cursor": True, "set": "x", "fail": "no"}]},
        {"steps": [{"name": "b", "cursor": True, "fail": "no"}]},
        {"steps": [{"name": "b", "cursor": True}, FAILS]},
        {"steps": [{"name": "b", "cursor": True}, {"name": "fails"}]},
    ],
    "a cursor that is null is one": [
        {"steps": [{"name": "a", "cursor": True, "set": {"n": None}, "fail": "no"}]},
        {"steps": [{"name": "a", "cursor": True}]},
    ],
    "two cursors": [
        {"steps": [{"name": "a", "cursor": True, "set": 1}, {"name": "b", "cursor": True, "set": 2, "fail": "no"}]},
        {"steps": [{"name": "a", "cursor": True}, {"name": "b", "cursor": True, "fail": "no"}]},
        {"steps": [{"name": "a", "cursor": True}, {"name": "b", "cursor": True}]},
    ],
    "nested": [{"steps": [{"name": "a"}, {"name": "b", "inner": [{"name": "c"}]}]}],
    "nested in a cursor step": [
        {"steps": [{"name": "a", "cursor": True, "set": 1, "inner": [{"name": "c", "cursor": True}]}]}
    ],
    "named twice": [{"steps": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}],
    "named twice by a quote": [{"steps": [{"name": 'say "ä<\t\u200b'}, {"name": 'say "ä<\t\u200b', "cursor": True}]}],
    "named twice while left out": [
        {"steps": [{"name": "a"}, {"name": "b"}, FAILS]},
        {"steps": [{"name": "a"}, {"name": "a"}, {"name": "b"}]},
    ],
    "a step is gone": [
        {"steps": [{"name": "a"}, {"name": "old"}, FAILS]},
        {"steps": PLAIN},
        {"do": "ok"},
        {"steps": [{"name": "a"}, {"name": "old"}, {"name": "c"}]},
    ],
    "a cursor's step is gone": [
        {"steps": [{"name": "old", "cursor": True, "set": 1, "fail": "no"}]},
        {"steps": PLAIN},
        {"do": "ok"},
        {"steps": [{"name": "a", "save": "commit"}]},
        {"steps": [{"name": "a"}, FAILS]},
        {"steps": [{"name": "old", "cursor": True}]},
    ],
    "a cursor's step has none any more": [
        {"steps": [{"name": "a", "cursor": True, "set": 1, "fail": "no"}]},
        {"steps": [{"name": "a"}]},
        {"steps": [{"name": "a", "cursor": True}]},
    ],
    "a step saves itself": [
        {"steps": [{"name": "a"}, {"name": "b", "save": "commit", "fail": "after"}]},
        {"steps": [{"name": "a"}, {"name": "b"}, {"name": "c"}]},
    ],
    "a step's save is rolled back": [
        {"steps": [{"name": "a"}, {"name": "b", "save": "rollback", "fail": "after"}]},
        {"steps": [{"name": "a"}, {"name": "b", "save": "rollback"}, FAILS]},
        {"steps": [{"name": "a"}, {"name": "b"}, {"name": "fails"}]},
    ],
    "a cursor saves itself": [
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True, "set": 5, "save": "commit", "fail": "after"}]},
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True, "set": 6, "save": "rollback", "fail": "after"}]},
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True}, FAILS]},
        {"steps": [{"name": "a"}, {"name": "b", "cursor": True}, {"name": "fails"}]},
    ],
}


def attempts_of(script: Script) -> Script:
    """Return a script whose attempts are steps unless they say something else."""
    return [{"do": "steps", **attempt} for attempt in script]


@pytest.mark.parametrize("name", SCRIPTS)
async def test_both_leave_and_go_on_with_the_same(name: str, go: GoPeer, ours: OurPeer, rows: Rows) -> None:
    """Each script is worked by Go alone, by ours alone, and by both in turns: what ran and what is stored is the same."""
    for peer in (go, ours):
        await start(peer, retry_ms=600_000, queues={peer.name: {"max_workers": 2}})
    script = attempts_of(SCRIPTS[name])
    expected = await trace(script, [go], rows)
    others: list[list[AnyPeer]] = [[ours], [go, ours], [ours, go]]
    for peers in others:
        assert await trace(script, peers, rows) == expected


async def trace(script: Script, peers: list[AnyPeer], rows: Rows) -> list[Any]:
    """Work a job's attempts by ``peers`` in turns; return what each attempt ran, its error, and the metadata it left."""
    job_id = await rows.pool.fetchval(
        "INSERT INTO river_job (kind, args, max_attempts, queue, scheduled_at) VALUES ('job', $1, 25, 'nobody', now())"
        " RETURNING id",
        json.dumps({"attempts": script}),
    )
    told: list[Any] = []
    for number in range(len(script)):
        peer = peers[number % len(peers)]
        await rows.pool.execute(
            "UPDATE river_job SET queue = $2, state = 'available', scheduled_at = now() WHERE id = $1",
            job_id,
            peer.name,
        )
        await rows.pool.execute(
            "SELECT pg_notify('public.river_insert', json_build_object('queue', $1::text)::text)", peer.name
        )
        await peer.event("work_ended", job_id=job_id)
        row = await ended(rows, job_id)
        ran = [(step["step"], step["cursor"]) for step in peer.told("step", job_id=job_id)]
        for _ in ran:
            await peer.event("step", job_id=job_id)
        told.append((row["state"], ran, metadata_of(row), errors_in(row)))
    return told


async def ended(rows: Rows, job_id: int) -> Any:
    """Return the row when its attempt has ended."""

    async def look() -> Any:
        row = await rows.job(job_id)
        return row if row["state"] not in ("available", "running") else None

    return await eventually(look, within=LIMIT)


def metadata_of(row: Any) -> Any:
    return json.loads(row["metadata"])


def errors_in(row: Any) -> list[str]:
    """Return the texts of the attempts' errors; ours have their class before them, but River's own have not."""
    return [json.loads(text)["error"].removeprefix("Failure: ") for text in row["error_texts"] or ()]


async def test_a_job_that_its_worker_completed_stays_so(pair: Pair, rows: Rows) -> None:
    job_id = await insert(pair.one, {"do": "complete_tx", "message": "too late"})
    await start(pair.other)

    row = await rows.when(job_id, "completed")
    await pair.other.call("stop", client=pair.other.name)

    after = await rows.job(job_id)
    assert after == row
    assert (after["attempt"], errors_in(after), json.loads(after["metadata"])) == (1, [], {})
    as_one_sees_it = await pair.one.call("get", job_id=job_id)
    assert (as_one_sees_it["state"], as_one_sees_it["errors"]) == ("completed", [])
