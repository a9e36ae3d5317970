"""Both read, list, change and delete the same rows in the same way.

Scenarios: differential_job_crud, differential_job_list_filters_and_cursors, job_list_cursor_interchange,
multi_engine_job_list_cursor_interchange, differential_queue_crud, bulk_delete_safety, queue_names_and_unknown_queue_control,
unsafe_int64_job_ids_rpc_list_cursors, job_row_round_trip_all_fields.
"""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest

from tests.interop.acts import insert
from tests.interop.conftest import AnyPeer, Pair, Rows
from tests.interop.ours.peer import OurPeer
from tests.interop.peer import GoPeer

STATES = ("available", "cancelled", "completed", "discarded", "pending", "retryable", "running", "scheduled")
LARGE = 2**53 + 1
"""An id that no double holds."""

SEED = """
INSERT INTO river_job (id, state, kind, queue, priority, args, metadata, tags, attempt, max_attempts, created_at,
    scheduled_at, attempted_at, finalized_at, attempted_by, errors, unique_key, unique_states)
SELECT
    number + $1::bigint, states[number % 8 + 1]::river_job_state, 'kind' || number % 3, 'queue' || number % 2, number % 4 + 1,
    json_build_object('n', number), json_build_object('m', number % 5, 'deep', json_build_object('a', '<ü>')),
    CASE number % 3 WHEN 0 THEN ARRAY['one'] WHEN 1 THEN ARRAY['one', 'two'] ELSE '{}' END::varchar[], number % 3, 25,
    '2026-01-01'::timestamptz + number * interval '1 microsecond',
    '2026-01-02'::timestamptz + number % 7 * interval '1 s',
    CASE WHEN number % 4 > 0 THEN '2026-01-03'::timestamptz + number % 5 * interval '1 ms' END,
    CASE WHEN states[number % 8 + 1] IN ('cancelled', 'completed', 'discarded')
        THEN '2026-01-04'::timestamptz + number % 6 * interval '1 s' END,
    CASE WHEN number % 2 = 0 THEN ARRAY['someone', 'else'] END,
    CASE WHEN number % 3 = 2 THEN ARRAY['{"at": "2026-01-02T03:04:05.678901234+05:30", "attempt": 1, "error": "<e>",
        "trace": "t"}', '{"at": "no time", "attempt": "7", "error": {"b": 1}, "trace": null}', '"text"', '[1, 2]']::jsonb[] END,
    CASE WHEN number % 5 = 0 THEN sha256(number::text::bytea) END, CASE WHEN number % 5 = 0 THEN B'11110101' END
FROM generate_series(1, $2::integer) AS number, (SELECT $3::text[] AS states) AS all_states
"""


async def seed(rows: Rows, *, first_id: int = 0, count: int = 48) -> None:
    """Put rows of all shapes there, past both engines."""
    await rows.pool.execute(SEED, first_id, count, list(STATES))


def comparable(view: dict[str, Any]) -> dict[str, Any]:
    """Return a job's view without what is a matter of style: white space in JSON, the order of a set."""
    texts = {name: json.loads(view[name]) for name in ("args", "metadata")}
    lists = {name: view[name] or [] for name in ("attempted_by", "tags", "errors")}
    errors = [{**error, "at": _instant(error["at"])} for error in lists["errors"]]
    return {**view, **texts, **lists, "errors": errors, "unique_states": sorted(view["unique_states"] or [])}


def _instant(text: str | None) -> datetime | None:
    # Go's zero time is what it reads where there is none.
    return None if text in (None, "0001-01-01T00:00:00Z") else datetime.fromisoformat(str(text))


async def test_every_row_reads_the_same(go: GoPeer, ours: OurPeer, rows: Rows) -> None:
    await seed(rows, first_id=LARGE)
    for number in range(1, 49):
        theirs, own = [await peer.call("get", job_id=LARGE + number) for peer in (go, ours)]
        assert comparable(own) == comparable(theirs)
        assert own["id"] == LARGE + number


FILTERS: dict[str, dict[str, Any]] = {
    "none": {},
    "ids": {"ids": [3, 5, 7, 4711]},
    "kinds": {"kinds": ["kind1", "kind2"]},
    "queues": {"queues": ["queue1"]},
    "priorities": {"priorities": [1, 4]},
    "one state": {"states": ["retryable"]},
    "states": {"states": ["running", "completed"]},
    "all tags": {"tags_all": ["one", "two"]},
    "any tag": {"tags_any": ["two", "three"]},
    "metadata": {"metadata": '{"m": 2}'},
    "all of it": {"kinds": ["kind1"], "queues": ["queue1"], "states": ["pending", "discarded"], "tags_any": ["one"]},
}
ORDERS: dict[str, dict[str, Any]] = {
    "by id": {},
    "by id, last first": {"order_by": "id", "direction": "desc"},
    "by time": {"order_by": "time"},
    "by time, last first": {"order_by": "time", "direction": "desc"},
    "by time of what runs": {"order_by": "time", "states": ["running", "available"]},
    "by time of what runs, last first": {"order_by": "time", "states": ["running", "available"], "direction": "desc"},
    "by time of what ended": {"order_by": "time", "states": ["completed", "running"]},
    "by their end": {"order_by": "finalized_at"},
    "by their end, last first": {"order_by": "finalized_at", "direction": "desc", "states": ["completed"]},
    "by when they are due": {"order_by": "scheduled_at"},
}


@pytest.mark.parametrize("filtered", FILTERS)
async def test_a_filter_finds_the_same(go: GoPeer, ours: OurPeer, rows: Rows, filtered: str) -> None:
    await seed(rows)
    theirs, own = [await peer.call("list", **FILTERS[filtered]) for peer in (go, ours)]
    assert [comparable(job) for job in own["jobs"]] == [comparable(job) for job in theirs["jobs"]]
    assert own["jobs"]


@pytest.mark.parametrize("ordered", ORDERS)
async def test_a_page_of_one_goes_on_in_the_other(pair: Pair, rows: Rows, ordered: str) -> None:
    await seed(rows, first_id=LARGE)
    whole = [job["id"] for job in (await pair.go.call("list", first=1000, **ORDERS[ordered]))["jobs"]]
    assert [job["id"] for job in (await pair.ours.call("list", first=1000, **ORDERS[ordered]))["jobs"]] == whole

    found: list[int] = []
    after: dict[str, Any] = {}
    for peer in (pair.one, pair.other) * len(whole):
        page = await peer.call("list", first=5, **ORDERS[ordered], **after)
        found += [job["id"] for job in page["jobs"]]
        if len(page["jobs"]) < 5 or not page.get("cursor"):
            break
        after = {"after": page["cursor"]}
    assert found == whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0 - 1},
        {"first": 10_001},
        {"order_by": "finalized_at", "states": ["running"]},
        {"after": "no cursor"},
    ],
)
async def test_what_one_refuses_to_list_the_other_does_too(go: GoPeer, ours: OurPeer, wrong: dict[str, Any]) -> None:
    for peer in (go, ours):
        with pytest.raises(Exception):  # noqa: B017 - Go panics on some, and each has its own words
            await asyncio.wait_for(peer.call("list", **wrong), 5)


@pytest.mark.parametrize(
    "wanted",
    [{"ids": [1, 2, 3, 6]}, {"kinds": ["kind1"], "first": 4}, {"states": ["completed", "running"]}, {"all": True}],
)
async def test_many_are_deleted_alike_and_never_what_runs(
    go: GoPeer, ours: OurPeer, rows: Rows, wanted: dict[str, Any]
) -> None:
    left = []
    for peer in (go, ours):
        await rows.pool.execute("TRUNCATE river_job")
        await seed(rows)
        gone = [job["id"] for job in (await peer.call("delete_many", **wanted))["jobs"]]
        stay = [row[0] for row in await rows.pool.fetch("SELECT id FROM river_job ORDER BY id")]
        assert sorted([*gone, *stay]) == list(range(1, 49))
        left.append((sorted(gone), stay))
    assert left[0] == left[1]
    assert await rows.pool.fetchval("SELECT count(*) FROM river_job WHERE state = 'running'") == 6


@pytest.mark.parametrize("wrong", [{}, {"all": True, "ids": [1]}])
async def test_a_delete_of_everything_is_said_on_purpose(
    go: GoPeer, ours: OurPeer, rows: Rows, wrong: dict[str, Any]
) -> None:
    await seed(rows)
    for peer in (go, ours):
        with pytest.raises(Exception):  # noqa: B017 - each has its own words
            await peer.call("delete_many", **wrong)
    assert await rows.pool.fetchval("SELECT count(*) FROM river_job") == 48


async def test_what_one_changes_the_other_reads(pair: Pair, rows: Rows) -> None:
    job_id = await insert(pair.one, scheduled_at="2031-01-01T00:00:00Z", metadata={"mine": 1})
    steps: tuple[tuple[AnyPeer, str, dict[str, Any]], ...] = (
        (pair.other, "update", {"output": {"b": [1, None], "a": "<ü>"}}),
        (pair.one, "cancel", {}),
        (pair.other, "retry", {}),
        (pair.one, "delete", {}),
    )
    for peer, command, more in steps:
        seen = await peer.call(command, job_id=job_id, **more)
        if command != "delete":
            both = [comparable(await each.call("get", job_id=job_id)) for each in (pair.one, pair.other)]
            assert both == [comparable(seen)] * 2
    for peer in (pair.one, pair.other):
        for command in ("get", "cancel", "retry", "delete"):
            with pytest.raises(Exception, match=r"(?i)not found|no job"):
                await peer.call(command, job_id=job_id)


@pytest.mark.parametrize("twice", ["cancel", "retry"])
async def test_two_at_once_see_the_winners_row(pair: Pair, rows: Rows, twice: str) -> None:
    for _ in range(10):
        job_id = await insert(pair.one, scheduled_at="2031-01-01T00:00:00Z")
        views = await asyncio.gather(pair.one.call(twice, job_id=job_id), pair.other.call(twice, job_id=job_id))
        assert {view["state"] for view in views} == {"cancelled" if twice == "cancel" else "available"}


QUEUE_COMMANDS: list[tuple[str, dict[str, Any]]] = [
    ("queue_update", {"metadata": {"b": {"z": 1.50, "a": None}, "a": "<ü>"}}),
    ("queue_pause", {}),
    ("queue_pause", {}),
    ("queue_resume", {}),
    ("queue_update", {"metadata": {}}),
]


async def test_queues_are_changed_alike(go: GoPeer, ours: OurPeer, rows: Rows) -> None:
    texts = []
    for peer in (go, ours):
        await rows.pool.execute("TRUNCATE river_queue")
        await rows.pool.execute("INSERT INTO river_queue (name, updated_at) VALUES ('some|queue', now())")
        seen = []
        for command, more in QUEUE_COMMANDS:
            await peer.call(command, name="some|queue", **more)
            row = await rows.pool.fetchrow("SELECT metadata::text, paused_at IS NULL AS awake FROM river_queue")
            views = [await each.call("queue_get", name="some|queue") for each in (go, ours)]
            assert json.loads(views[0].pop("metadata")) == json.loads(views[1].pop("metadata"))
            assert views[0] == views[1]
            seen.append(dict(row or {}))
        texts.append(seen)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("command", ["queue_pause", "queue_resume", "queue_get"])
async def test_a_queue_that_nobody_served_is_not_found(go: GoPeer, ours: OurPeer, command: str) -> None:
    for peer in (go, ours):
        with pytest.raises(Exception, match=r"(?i)not found|no queue"):
            await peer.call(command, name="nobodys")
        if command != "queue_get":
            await peer.call(command, name="*")


NAMES = ("a", "a_b-c|d", "a" * 64, "a" * 65, "A", "a__b", "_a", "a-", "a b", "ä", "", "a.b", "0", "a|-b", "a\n")


async def test_both_take_and_refuse_the_same_queue_names(go: GoPeer, ours: OurPeer) -> None:
    async def takes(peer: AnyPeer, name: str) -> bool:
        try:
            await peer.call("insert", kind="job", args={}, opts={"queue": name})
        except Exception:  # noqa: BLE001 - a refusal is what is asked about
            return False
        return True

    for name in NAMES:
        if name:  # an empty name means "not said" in Go
            assert await takes(go, name) == await takes(ours, name), name
