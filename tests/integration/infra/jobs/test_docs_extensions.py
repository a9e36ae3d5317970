"""The page on plugins and local events shows code that runs."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from revenge.infra.jobs import JobState

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "docs" / "examples"
LIMIT = timedelta(seconds=30)

with pytest.MonkeyPatch.context() as patched:
    patched.syspath_prepend(str(EXAMPLES))
    import tracing


def test_what_the_page_shows_is_in_the_tested_file() -> None:
    tested = (EXAMPLES / "tracing.py").read_text()
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "extensions.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        assert block in tested


async def test_a_trace_follows_its_job_and_refunds_end_as_their_plugins_want(pool: asyncpg.Pool) -> None:
    fetched = tracing.Fetched()
    client = tracing.make_client(pool, fetched)
    watching = asyncio.create_task(tracing.slowest(client, 2))
    # It subscribes in its first step.
    await asyncio.to_thread(lambda: None)
    tracing.trace_id.set("t-1")
    fine, gone, paid = await client.insert_many(
        [tracing.RefundArgs(account=account) for account in ("alice", "gone", "paid")]
    )
    tracing.trace_id.set("")
    await client.start()
    try:
        rows = [await client.wait(inserted.job.id, timeout=LIMIT) for inserted in (fine, gone, paid)]
        ended = await asyncio.wait_for(watching, 30)
    finally:
        await client.stop()
    assert [row.state for row in rows] == [JobState.COMPLETED, JobState.CANCELLED, JobState.COMPLETED]
    assert rows[0].output == {"trace_id": "t-1"}
    assert rows[1].errors[0].error.startswith("NoSuchAccount")
    assert rows[2].output == {"already_paid": True}
    assert ended.job.id in (fine.job.id, paid.job.id)
    assert fetched.jobs["default"] == 3
