"""The pages on unique and periodic jobs show code that runs."""

import re
import sys
from pathlib import Path

import asyncpg
import pytest

from revenge.infra.jobs import Every

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "docs" / "examples"

sys.path.insert(0, str(EXAMPLES))
try:
    import nightly
finally:
    sys.path.remove(str(EXAMPLES))

PAGES = ("unique-jobs.md", "periodic-jobs.md")


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_shows_is_in_the_tested_file(page: str) -> None:
    tested = (EXAMPLES / "nightly.py").read_text()
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        assert block in tested


async def test_a_file_is_imported_by_one_job_at_a_time(pool: asyncpg.Pool) -> None:
    client = nightly.make_client(pool)
    first = await nightly.import_file(client, "/srv/a.mkv")
    assert await nightly.import_file(client, "/srv/a.mkv") == first
    assert await nightly.import_file(client, "/srv/b.mkv") != first
    await client.cancel(first)
    assert await nightly.import_file(client, "/srv/a.mkv") != first


async def test_a_report_is_asked_for_once_a_day(pool: asyncpg.Pool) -> None:
    client = nightly.make_client(pool)
    assert await nightly.report_once_a_day(client)
    assert not await nightly.report_once_a_day(client)


async def test_a_paused_schedule_runs_when_it_is_asked_to(
    pool: asyncpg.Pool, capsys: pytest.CaptureFixture[str]
) -> None:
    client = nightly.make_client(pool)
    await client.run_periodic("inbox")
    await nightly.take_a_break(client)
    assert "nightly-report" in capsys.readouterr().out
    info = await client.periodic.get("nightly-report")
    assert info.paused_at is not None
    assert info.is_run_requested
    assert isinstance(nightly.INBOX.schedule, Every)
