"""One node's network breaks so that only the server notices; it comes back when others have its jobs."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import Client, Job, JobState, notifier, store
from tests.fakes.engine import ActArgs, Gate, eventually
from tests.fakes.fleet import ENDS, LIMIT
from tests.fakes.forwarder import Forwarder
from tests.integration.infra.jobs.conftest import StartClient

SHORT = timedelta(seconds=2)


async def test_a_node_that_was_cut_off_cannot_settle_what_others_have(
    start_client: StartClient, client: Client, pool: asyncpg.Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "HOT_TIMEOUT", SHORT)
    monkeypatch.setattr(notifier, "PING_INTERVAL", SHORT)
    monkeypatch.setattr(notifier, "PING_TIMEOUT", SHORT)
    await pool.execute(ENDS)
    async with Forwarder(database) as way:
        gates = {"ends meanwhile": Gate(), "still runs": Gate()}

        async def hold(job: Job[Any]) -> None:
            await gates[job.args.what](job)

        cut_off = await start_client(hold, dsn=way.dsn, client_id="cut_off")
        results = await client.insert_many([ActArgs(what=what) for what in gates])
        for gate in gates.values():
            await gate.entered.wait()

        async def is_locked() -> bool:
            return bool(await pool.fetchval("SELECT lock_key IS NOT NULL FROM revenge_job_node WHERE id = 'cut_off'"))

        await eventually(is_locked, within=LIMIT)
        way.cut()
        gates["ends meanwhile"].open.set()
        other = Gate()
        other.open.set()
        await start_client(other, client_id="other")
        rows = [await client.wait(result.job.id, timeout=LIMIT) for result in results]
        assert [row.attempted_by for row in rows] == [["cut_off", "other"]] * 2
        way.mend()
        # What still runs there is told to end, and what has ended comes too late.
        async with asyncio.timeout(LIMIT.total_seconds()):
            await gates["still runs"].interrupted.wait()
        running = cut_off._runtime
        assert running is not None

        async def is_stale() -> bool:
            return running._completer.stale == 2

        await eventually(is_stale, within=LIMIT)
        for before in rows:
            assert await client.get(before.id) == before
            assert (before.state, before.attempt, before.errors) == (JobState.COMPLETED, 1, [])
        assert await pool.fetchval("SELECT count(*) FROM ends") == 2
        # It is one of the nodes again.
        job_id = (await cut_off.insert(ActArgs(what="still runs"))).job.id
        gates["still runs"].open.set()
        assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED
        await cut_off.stop()
