"""Work that goes from one engine to the other, both ways.

Scenarios: candidate_insert_reference_work, reference_insert_candidate_work, claimed_row_decode_isolation,
clock_boundary_scheduling, custom_schema_candidate_migrate_reference_work, custom_schema_reference_migrate_candidate_work,
external_terminal_completion_race, mixed_unknown_kind_error, reserved_metadata_cross_engine, rolling_deployment_same_protocol,
mixed_connection_pool_bound, multi_engine_resource_bound, pool_pressure_completion.
"""

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Migrator
from tests.interop.acts import insert, start
from tests.interop.conftest import Pair, Rows, StartPeer
from tests.interop.ours.peer import CONNECTIONS, OurPeer

BEFORE = timedelta(seconds=1)


async def test_a_job_of_one_is_worked_by_the_other(pair: Pair, rows: Rows) -> None:
    await start(pair.other)
    job_id = await insert(pair.one, {"do": "fail", "message": "once"}, {"do": "output", "value": {"seen": ["<ü>", 1]}})

    row = await rows.when(job_id, "completed")

    assert (row["attempt"], row["attempted_by"]) == (2, [pair.other.name] * 2)
    assert json.loads(row["metadata"]) == {"output": {"seen": ["<ü>", 1]}}
    (error,) = [json.loads(text) for text in row["error_texts"]]
    assert list(error) == ["at", "error", "trace", "attempt"]  # the order of jsonb
    assert error["attempt"] == 1
    assert error["error"].endswith("once")
    as_one_sees_it = await pair.one.call("get", job_id=job_id)
    assert (as_one_sees_it["state"], len(as_one_sees_it["errors"])) == ("completed", 1)
    assert datetime.fromisoformat(as_one_sees_it["errors"][0]["at"]) < row["finalized_at"]


async def test_an_attempt_of_each_adds_up(pair: Pair, rows: Rows) -> None:
    script: list[dict[str, Any]] = [{"do": "fail", "message": "first"}, {"do": "snooze", "ms": 600_000}, {"do": "ok"}]
    job_id = await insert(pair.one, *script, max_attempts=2, metadata={"kept": {"b": 1, "a": None}})
    await start(pair.one, retry_ms=600_000)
    await rows.when(job_id, "retryable", attempt=1)
    await pair.one.call("stop", client=pair.one.name)
    await start(pair.other)

    await pair.one.call("retry", job_id=job_id)
    await rows.when(job_id, "scheduled", attempt=1)
    await pair.other.call("stop", client=pair.other.name)
    await start(pair.one)
    await pair.other.call("retry", job_id=job_id)

    row = await rows.when(job_id, "completed")
    assert (row["attempt"], row["max_attempts"], len(row["error_texts"])) == (2, 2, 1)
    assert row["attempted_by"] == [pair.one.name, pair.other.name, pair.one.name]
    assert json.loads(row["metadata"]) == {"kept": {"b": 1, "a": None}, "snoozes": 1}


async def test_one_undecodable_row_strands_no_other(pair: Pair, rows: Rows) -> None:
    bad = await rows.pool.fetchval(
        "INSERT INTO river_job (kind, args, max_attempts, errors) VALUES ('job', '{}', 1, ARRAY[NULL]::jsonb[]) RETURNING id"
    )
    odd = await rows.pool.fetchval(
        """INSERT INTO river_job (kind, args, max_attempts, errors)
        VALUES ('job', '[1, 2]', 1, ARRAY['"text"', '7']::jsonb[]) RETURNING id"""
    )
    good = [await insert(pair.one) for _ in range(5)]
    await start(pair.other)

    for job_id in good:
        await rows.when(job_id, "completed")
    assert (await rows.when(bad, "discarded" if pair.other is pair.go else "completed"))["attempt"] == 1
    assert (await rows.when(odd, "completed" if pair.other is pair.go else "discarded"))["attempt"] == 1


async def test_a_scheduled_job_is_promoted_by_one_and_worked_by_the_other_when_it_is_due(
    pair: Pair, rows: Rows
) -> None:
    await start(pair.other, leader_election_disabled=True)
    await start(pair.one, queues={"elsewhere": {"max_workers": 1}}, workers={"elsewhere": {}}, quick=True)
    at = datetime.now(UTC) + timedelta(seconds=2)

    job_ids = [await insert(pair.other, scheduled_at=(at - earlier).isoformat()) for earlier in (timedelta(0), BEFORE)]

    for job_id in job_ids:
        row = await rows.when(job_id, "completed")
        assert row["scheduled_at"] <= row["attempted_at"] <= row["finalized_at"]
        assert row["attempted_by"] == [pair.other.name]
    assert (await rows.led_by(pair.one.name))["leader_id"] == pair.one.name


async def test_a_job_that_was_completed_by_others_while_it_ran_stays_so(pair: Pair, rows: Rows) -> None:
    await start(pair.one)
    job_ids = [await insert(pair.other, {"do": "hold"}) for _ in range(2)]
    for _ in job_ids:
        await pair.one.event("work_started")

    await rows.pool.execute("UPDATE river_job SET state = 'completed', finalized_at = now(), metadata = '{\"by\": 1}'")
    before = [await rows.job(job_id) for job_id in job_ids]
    await pair.one.call("release")
    for _ in job_ids:
        await pair.one.event("work_ended")
    await pair.one.call("stop", client=pair.one.name)

    assert [await rows.job(job_id) for job_id in job_ids] == before


async def test_a_kind_that_nobody_knows_fails_its_attempt_in_the_same_words(pair: Pair, rows: Rows) -> None:
    await start(pair.one, retry_ms=600_000)
    job_id = await insert(pair.other, kind="of_nobody")

    row = await rows.when(job_id, "retryable")

    assert row["attempt"] == 1
    error = json.loads(row["error_texts"][0])
    assert error["error"] == "job kind is not registered in the client's Workers bundle: of_nobody"


async def test_in_a_shared_queue_each_takes_the_kinds_it_knows(pair: Pair, rows: Rows) -> None:
    for peer in (pair.one, pair.other):
        await start(peer, workers={f"only_{peer.name}": {}}, only_known_kinds=True)
    kinds = ["only_go", "only_ours"] * 10

    job_ids = [await insert(pair.one, kind=kind) for kind in kinds]

    for job_id, kind in zip(job_ids, kinds, strict=True):
        row = await rows.when(job_id, "completed")
        assert (row["attempt"], row["attempted_by"]) == (1, [kind.removeprefix("only_")])


async def test_ones_services_replace_the_others_while_jobs_flow(pair: Pair, rows: Rows) -> None:
    await start(pair.one)
    jobs = [{"kind": "job", "args": {"n": number}} for number in range(300)]
    first = await pair.other.call("insert_many", jobs=jobs)
    await start(pair.other)
    await pair.one.call("stop", client=pair.one.name)
    second = await pair.one.call("insert_many", jobs=jobs)

    for result in [*first, *second]:
        row = await rows.when(result["job"]["id"], "completed")
        assert (row["attempt"], len(row["attempted_by"])) == (1, 1)
    assert row["attempted_by"] == [pair.other.name]
    await rows.led_by(pair.other.name)


@pytest.mark.parametrize("migrated_by", ["go", "ours"])
async def test_a_schema_of_another_name_serves_both(
    empty_database: str, start_go: StartPeer, go_program: Path, migrated_by: str
) -> None:
    schema = "Other_Schema"
    async with asyncpg.create_pool(
        empty_database, min_size=1, max_size=2, server_settings={"search_path": f'"{schema}"'}
    ) as pool:
        await pool.execute(f'CREATE SCHEMA "{schema}"')
        go = await start_go(schema=schema)
        async with pool.acquire() as conn:
            if migrated_by == "go":
                await go.call("migrate", direction="up")
            await Migrator([MAIN, REVENGE_JOBS], schema=schema).up(conn)
        async with OurPeer(empty_database, schema=schema) as ours:
            rows = Rows(pool)
            for peer, other in ((go, ours), (ours, go)):
                await start(peer, fetch_poll_interval_ms=3_600_000)
                job_id = await insert(other, {"do": "hold"})
                await peer.event("work_started")
                await other.call("cancel", job_id=job_id)
                assert (await rows.when(job_id, "cancelled"))["attempted_by"] == [peer.name]
                await peer.call("stop", client=peer.name)
        assert await pool.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


async def test_hundreds_of_jobs_need_no_more_connections_than_the_pool_has(pair: Pair, rows: Rows) -> None:
    many = {"default": {"max_workers": 200}}
    await start(pair.go, queues=many)
    await start(pair.ours, queues=many)
    jobs = [{"kind": "job", "args": {"attempts": [{"do": "hold"}]}}] * 400
    results = await pair.one.call("insert_many", jobs=jobs)
    for peer in (pair.go, pair.ours):
        for _ in range(200):
            await peer.event("work_started")

    held = await rows.pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ours'")
    # Their results meet a pool that others have taken.
    async with AsyncExitStack() as taken:
        for _ in range(CONNECTIONS):
            await taken.enter_async_context(pair.ours.pool.acquire())
        await pair.ours.call("release")
        await pair.go.call("release")
        await rows.pool.execute("SELECT pg_sleep(1)")

    for result in results:
        row = await rows.when(result["job"]["id"], "completed")
        assert (row["attempt"], len(row["attempted_by"])) == (1, 1)
    assert held <= CONNECTIONS + 1
