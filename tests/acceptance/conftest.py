"""Houses to run ``revenge`` in, and a browser to look at it."""

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.acceptance.house import House, free_port

expect.set_options(timeout=20_000)  # a page on a machine that does much else takes its time
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium; where there is none the test is skipped."""
    if CHROMIUM is None:
        assert not os.environ.get("CI"), "Chromium is missing: .ci/run installs it"
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def house(tmp_path: Path, database: str) -> Iterator[House]:
    """Commands on a fresh database of the run's server."""
    found = House(tmp_path, {"DATABASE_URL": database})
    yield found
    found.close()


@pytest.fixture
def own_house(tmp_path: Path) -> Iterator[House]:
    """Commands with an embedded PostgreSQL of their own."""
    found = House(tmp_path, {})
    yield found
    found.close()


@pytest.fixture
def port() -> int:
    """A free loopback port."""
    return free_port()
