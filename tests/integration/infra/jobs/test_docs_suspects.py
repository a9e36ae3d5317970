"""The example of docs/design/suspects.md does what the page says, and is what the page shows."""

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import JobState

DOCS = Path(__file__).parents[4] / "docs"
EXAMPLE = DOCS / "examples" / "thumbnails.py"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("thumbnails", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "thumbnails", module)
    spec.loader.exec_module(module)
    return module


async def test_the_example_loses_its_suspect_and_not_its_process(
    example: Any, database: str, pool: asyncpg.Pool
) -> None:
    async with example.thumbnail_client(database) as client:
        job_id = (await client.insert(example.ThumbnailArgs(picture_id=13))).job.id
        await pool.execute("""UPDATE river_job SET max_attempts = 1, metadata = '{"revenge:lost": 2}'""")
        await client.start()
        try:
            row = await client.wait(job_id, timeout=timedelta(seconds=60))
        finally:
            await client.stop()
    assert row.state is JobState.DISCARDED
    assert row.errors[0].error == "worker lost: the process died with signal 6 (SIGABRT)"


def test_the_page_shows_the_examples_own_lines() -> None:
    page = (DOCS / "design" / "suspects.md").read_text()
    shown = page.partition("```python\n")[2].partition("```")[0]
    assert shown.strip() in EXAMPLE.read_text()
