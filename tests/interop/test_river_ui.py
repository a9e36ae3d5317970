"""River UI over a database that only we have written: every page works, and every action does what it says."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.async_api import async_playwright, expect

from tests.fakes.engine import eventually
from tests.interop.acts import insert, start
from tests.interop.conftest import LIMIT, Rows
from tests.interop.ours.peer import OurPeer
from tests.interop.peer import NoGo, build

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
STATES = ("available", "cancelled", "completed", "discarded", "pending", "retryable", "running", "scheduled")
PAUSE = re.compile("^Pause(?! live)")
"""There is a button that pauses the page's own updates, too."""
LATER = "2031-01-01T00:00:00Z"


@pytest.fixture(scope="session")
def river_ui_program() -> Path:
    """River UI as its makers publish it, with its front end built in."""
    try:
        return build(Path(__file__).parent / "riverui", package="riverqueue.com/riverui/cmd/riverui", name="riverui")
    except NoGo as reason:
        pytest.skip(str(reason))


@dataclass(frozen=True, slots=True)
class Ui:
    """River UI, the engine that wrote its database, and one job of each state."""

    http: httpx2.AsyncClient
    ours: OurPeer
    rows: Rows
    jobs: dict[str, int]

    async def get(self, path: str, **params: Any) -> Any:
        """Return what the API answers."""
        answer = await self.http.get(f"/api/{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def ids(self, **params: Any) -> list[int]:
        """Return the ids of a list of jobs."""
        return [job["id"] for job in (await self.get("jobs", **params))["data"]]

    async def act(self, action: str, *job_ids: int) -> None:
        """Press a button of the list of jobs."""
        answer = await self.http.post(f"/api/jobs/{action}", json={"ids": [str(job_id) for job_id in job_ids]})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def one_of_each_state(ours: OurPeer, rows: Rows) -> dict[str, int]:
    """Let our engine bring a job into each state, and return their ids."""
    await start(ours, queues={"default": {"max_workers": 5}, "bulk": {"max_workers": 2}}, retry_ms=600_000)
    jobs = {
        "completed": await insert(ours, {"do": "output", "value": {"files": 3}}, queue="bulk", tags=["nightly"]),
        "retryable": await insert(ours, {"do": "fail", "message": "no <such> file"}, priority=2),
        "discarded": await insert(ours, {"do": "fail", "message": "never"}, max_attempts=1),
        "cancelled": await insert(ours, {"do": "cancel", "message": "no use"}),
        "scheduled": await insert(ours, scheduled_at=LATER, metadata={"by": "a test"}),
        "pending": await insert(ours, pending=True),
        "available": await insert(ours, kind="other", queue="served_by_nobody"),
        "running": await insert(ours, {"do": "hold"}),
    }
    for state, job_id in jobs.items():
        await rows.when(job_id, state)
    return jobs


@pytest.fixture
async def ui(river_ui_program: Path, database: str, ours: OurPeer, rows: Rows) -> AsyncIterator[Ui]:
    """River UI on ``database``."""
    jobs = await one_of_each_state(ours, rows)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        river_ui_program,
        env={
            **os.environ,
            "DATABASE_URL": database,
            "RIVER_HOST": "127.0.0.1",
            "PORT": str(port),
            "RIVER_SCHEMA": "public",
            "RIVER_LOG_LEVEL": "error",
        },
        stdout=asyncio.subprocess.DEVNULL,
    )
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:

        async def serves() -> bool:
            try:
                return bool((await http.get("/api/health-checks/minimal")).status_code == 200)
            except httpx2.TransportError:
                return False

        try:
            await eventually(serves, within=LIMIT)
            yield Ui(http, ours, rows, jobs)
        finally:
            process.kill()
            await process.wait()


async def test_it_shows_every_job_as_it_is(ui: Ui) -> None:
    for state, job_id in ui.jobs.items():
        assert await ui.ids(state=state) == [job_id]
        job = await ui.get(f"jobs/{job_id}")
        assert (job["id"], job["state"]) == (job_id, state)
    assert await ui.ids() == [ui.jobs["running"]]

    counts = await ui.get("states")
    assert {state: counts[state]["count"] for state in STATES} == dict.fromkeys(STATES, 1)


async def test_it_shows_errors_output_and_who_worked(ui: Ui) -> None:
    failed = await ui.get(f"jobs/{ui.jobs['retryable']}")
    (error,) = failed["errors"]
    assert (error["attempt"], error["error"]) == (1, "Failure: no <such> file")
    assert "Traceback" in error["trace"]
    assert (failed["attempted_by"], failed["priority"]) == (["ours"], 2)
    done = await ui.get(f"jobs/{ui.jobs['completed']}")
    assert (done["metadata"], done["tags"]) == ({"output": {"files": 3}}, ["nightly"])
    waiting = await ui.get(f"jobs/{ui.jobs['scheduled']}")
    assert (waiting["scheduled_at"], waiting["metadata"]) == (LATER, {"by": "a test"})


async def test_its_filters_find_what_they_say(ui: Ui) -> None:
    assert await ui.ids(state="completed", queues="bulk") == [ui.jobs["completed"]]
    assert await ui.ids(state="completed", queues="default") == []
    assert await ui.ids(state="completed", tags="nightly") == [ui.jobs["completed"]]
    assert await ui.ids(state="retryable", priorities="2") == [ui.jobs["retryable"]]
    assert await ui.ids(state="available", kinds="other") == [ui.jobs["available"]]
    assert await ui.ids(state="available", ids=str(ui.jobs["available"]), limit=1) == [ui.jobs["available"]]
    kinds = await ui.get("autocomplete", facet="job_kind", match="oth")
    assert kinds["data"] == ["other"]
    queues = await ui.get("autocomplete", facet="queue_name")
    assert queues["data"] == ["bulk", "default"]


async def test_it_answers_about_itself(ui: Ui) -> None:
    assert (await ui.get("health-checks/complete"))["status"] == "ok"
    assert (await ui.get("features"))["extensions"] == {}  # none of River Pro's tables is there
    assert "version" in await ui.get("version")


async def test_cancel_ends_what_waits_and_what_runs(ui: Ui) -> None:
    chosen = [ui.jobs[state] for state in ("available", "pending", "retryable", "scheduled", "running")]

    await ui.act("cancel", *chosen)

    for job_id in chosen:
        await ui.rows.when(job_id, "cancelled")
    assert (await ui.get("states"))["cancelled"]["count"] == len(chosen) + 1


async def test_retry_runs_again_what_has_ended(ui: Ui) -> None:
    await ui.act("retry", ui.jobs["completed"], ui.jobs["cancelled"], ui.jobs["discarded"])

    await ui.rows.when(ui.jobs["completed"], "completed", attempt=2)
    await ui.rows.when(ui.jobs["cancelled"], "cancelled", attempt=2)
    await ui.rows.when(ui.jobs["discarded"], "discarded", attempt=2, max_attempts=2)


async def test_retry_of_a_unique_job_whose_place_is_taken_is_a_conflict(ui: Ui) -> None:
    unique = {"by_args": True, "by_state": ["available", "pending", "running", "scheduled"]}
    first = await insert(ui.ours, {"do": "ok"}, unique=unique)
    await ui.rows.when(first, "completed")
    await insert(ui.ours, {"do": "ok"}, unique=unique, scheduled_at=LATER)

    answer = await ui.http.post("/api/jobs/retry", json={"ids": [str(first)]})

    assert answer.status_code == 409
    assert (await ui.rows.job(first))["state"] == "completed"


async def test_delete_takes_what_does_not_run(ui: Ui) -> None:
    await ui.act("delete", ui.jobs["completed"], ui.jobs["pending"])
    assert await ui.rows.find(ui.jobs["completed"]) is None

    refused = await ui.http.post("/api/jobs/delete", json={"ids": [str(ui.jobs["running"])]})

    assert refused.status_code == 400
    assert (await ui.rows.job(ui.jobs["running"]))["state"] == "running"
    gone = await ui.http.get(f"/api/jobs/{ui.jobs['completed']}")
    assert gone.status_code == 404


async def test_queues_are_shown_paused_and_resumed(ui: Ui) -> None:
    queues = {queue["name"]: queue for queue in (await ui.get("queues", limit=10))["data"]}
    assert {name: (queue["count_available"], queue["count_running"]) for name, queue in queues.items()} == {
        "bulk": (0, 0),
        "default": (0, 1),
    }

    paused = await ui.http.put("/api/queues/bulk/pause")
    assert paused.status_code == 200
    assert (await ui.get("queues/bulk"))["paused_at"] is not None
    # Our client has heard of it when it leaves a job alone that it would have fetched at once.
    job_id = await insert(ui.ours, queue="bulk")
    await ui.rows.when(await insert(ui.ours), "completed")
    assert (await ui.rows.job(job_id))["state"] == "available"

    resumed = await ui.http.put("/api/queues/bulk/resume")
    assert resumed.status_code == 200
    await ui.rows.when(job_id, "completed")
    assert (await ui.get("queues/bulk"))["paused_at"] is None


async def test_a_queues_metadata_is_replaced_and_read_back(ui: Ui) -> None:
    limits = {"global_limit": 3, "local_limit": 1, "partition": {"by_args": None, "by_kind": None}}

    answer = await ui.http.patch("/api/queues/bulk", json={"concurrency": limits})

    assert answer.status_code == 200
    shown = (await ui.get("queues/bulk"))["concurrency"]
    assert (shown["global_limit"], shown["local_limit"]) == (3, 1)
    # Concurrency limits are River Pro's: our engine keeps the metadata and does not act on it.
    await ui.rows.when(await insert(ui.ours, queue="bulk"), "completed")


@pytest.mark.browser
async def test_every_page_of_it_opens_and_its_buttons_work(ui: Ui) -> None:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = await browser.new_page(base_url=str(ui.http.base_url), viewport={"width": 1400, "height": 1000})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None,
        )
        for state, job_id in ui.jobs.items():
            await page.goto(f"/jobs?state={state}")
            await expect(page.locator(f'a[href$="/jobs/{job_id}"]').first).to_be_visible(timeout=60_000)
            await page.goto(f"/jobs/{job_id}")
            await expect(page.get_by_text(str(job_id)).first).to_be_visible(timeout=60_000)
        await page.goto(f"/jobs/{ui.jobs['retryable']}")
        await expect(page.get_by_text("no <such> file").first).to_be_visible(timeout=60_000)
        await page.get_by_role("button", name="Cancel").first.click()
        await ui.rows.when(ui.jobs["retryable"], "cancelled")
        await page.goto("/queues")
        await expect(page.get_by_text("bulk").first).to_be_visible(timeout=60_000)
        await page.goto("/queues/bulk")
        await page.get_by_role("button", name=PAUSE).first.click()

        async def is_paused() -> bool:
            return (await ui.get("queues/bulk"))["paused_at"] is not None

        await eventually(is_paused, within=LIMIT)
        await browser.close()
    assert complaints == []
