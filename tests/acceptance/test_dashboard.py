"""The dashboard in a real Chromium: what a person sees and does."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from fastapi import FastAPI
from playwright.async_api import Browser, Locator, Page, Route, expect

from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices, Check
from revenge.content.library.models import ScanCounts, ScanFileError, ScanStatus
from revenge.infra.jobs import JobState
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.fakes.serving import serving

KEY = "a-key-that-nobody-guesses"
PHONE = {"width": 360, "height": 740}

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@dataclass
class Stage:
    """A server on fakes, and a page that looks at it."""

    page: Page
    jobs: FakeJobs
    libraries: FakeLibraries
    readiness: FakeReadiness
    url: str = ""
    complaints: list[str] = field(default_factory=list)
    """Errors of scripts, refusals of the security policy, and requests to elsewhere."""

    def app(self, config: HttpConfig | None = None) -> FastAPI:
        services = ApiServices(
            client=self.jobs,
            libraries=self.libraries,
            counts=self.libraries,
            readiness=self.readiness,
            metrics=FakeMetrics(),
            view=VIEW,
        )
        return create_app(services, config=config)

    def listen(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.complaints.append(message.text) if "Content Security" in message.text else None,
        )
        self.page.on(
            "request",
            lambda request: None if request.url.startswith(self.url) else self.complaints.append(request.url),
        )

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.url + path)

    def job(self, job_id: int) -> Locator:
        return self.page.locator(f'[data-job="{job_id}"]')


@pytest.fixture
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    """A page that has not been opened yet, in front of a server that needs no key."""
    jobs = FakeJobs()
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    stage = Stage(page, jobs, FakeLibraries(jobs), FakeReadiness())
    async with serving(stage.app()) as stage.url:
        stage.listen()
        yield stage
        await page.close()
    assert stage.complaints == []


async def test_a_bar_moves_while_its_job_reports(stage: Stage) -> None:
    films = stage.libraries.add("Films")
    job = stage.jobs.running("movie_library_scan", args={"library_id": str(films.id)})
    await stage.open()
    bar = stage.page.get_by_role("progressbar", name="Scan of Films")
    for current in (100, 250, 900):
        stage.jobs.report(job.id, "probing", current, 1000, message=f"Heat {current}.mkv", rate_per_s=92.4, eta_s=9.0)
        await expect(bar).to_have_attribute("aria-valuenow", str(current // 10))
        await expect(stage.job(job.id)).to_contain_text(f"Heat {current}.mkv")
    await expect(stage.job(job.id)).to_contain_text("900 of 1,000")
    await expect(stage.job(job.id)).to_contain_text("92/s")
    await expect(stage.job(job.id)).to_contain_text("9 s left")
    width = await stage.job(job.id).locator(".bar-fill").evaluate("e => new DOMMatrix(getComputedStyle(e).transform).a")
    assert width > 0.2
    stage.jobs.end(job.id)
    await expect(stage.job(job.id)).to_contain_text("Completed")
    await expect(stage.job(job.id)).to_have_count(0, timeout=10_000)
    await expect(stage.page.get_by_text("All quiet")).to_be_visible()


async def test_a_job_that_starts_while_somebody_looks_appears(stage: Stage) -> None:
    await stage.open()
    await expect(stage.page.get_by_text("Live")).to_be_visible()
    job = stage.jobs.running("radarr_sync")
    await expect(stage.job(job.id)).to_contain_text("Radarr sync")


async def test_an_unknown_total_is_drawn_as_one(stage: Stage) -> None:
    job = stage.jobs.running("radarr_sync")
    stage.jobs.report(job.id, "listing", 310, None)
    await stage.open()
    bar = stage.page.get_by_role("progressbar", name="Radarr sync")
    await expect(bar).to_have_class(re.compile("unknown"))
    assert await bar.get_attribute("aria-valuenow") is None
    await expect(stage.job(job.id)).to_contain_text("310")


async def test_cancel_says_cancelling_and_then_cancelled(stage: Stage) -> None:
    job = stage.jobs.running()
    stage.jobs.report(job.id, "counting", 1, 4)
    await stage.open()
    async with stage.page.expect_response("**/cancel") as answer:
        await stage.page.get_by_role("button", name="Cancel Count").click()
    await (await answer.value).finished()
    await expect(stage.job(job.id)).to_contain_text("Cancelling…")
    assert stage.jobs.rows[job.id].metadata["cancel_attempted_at"]
    stage.jobs.end(job.id, JobState.CANCELLED)
    await expect(stage.job(job.id)).to_contain_text("Cancelled")


async def test_an_end_that_is_told_before_the_answer_to_a_cancel_stays_told(stage: Stage) -> None:
    job = stage.jobs.running()
    await stage.open()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        stage.jobs.end(job.id, JobState.CANCELLED)
        await expect(stage.job(job.id)).to_contain_text("Cancelled")
        await route.fulfill(response=answer)

    await stage.page.route("**/cancel", answer_late)
    async with stage.page.expect_response("**/cancel"):
        await stage.page.get_by_role("button", name="Cancel Count").click()
    # Before the lists are read again, every 15 s: that would take away one that looks as if it ran on.
    await expect(stage.job(job.id)).to_have_count(0, timeout=10_000)


async def test_an_address_that_changes_while_the_page_appears_is_followed(stage: Stage) -> None:
    await stage.page.add_init_script(
        """const add = window.addEventListener;
        window.addEventListener = (name, ...rest) => {
            if (name === "hashchange") history.replaceState(null, "", "#/unmatched");
            add.call(window, name, ...rest);
        };"""
    )
    await stage.open("#/movies")
    await expect(stage.page.get_by_role("heading", name="Unmatched")).to_be_visible()


async def test_a_cancel_asked_for_elsewhere_is_seen(stage: Stage) -> None:
    job = stage.jobs.running()
    await stage.jobs.cancel(job.id)
    await stage.open()
    await expect(stage.job(job.id)).to_contain_text("Cancelling")


async def test_the_scan_button_starts_a_scan_and_shows_it(stage: Stage) -> None:
    films = stage.libraries.add("Films", "/srv/films")
    await stage.open()
    await expect(stage.page.get_by_text("never scanned")).to_be_visible()
    await stage.page.get_by_role("button", name="Scan Films").click()
    await expect(stage.page.get_by_role("progressbar", name="Scan of Films")).to_be_visible()
    await expect(stage.page.get_by_role("button", name="Scan Films")).to_have_text("Scanning…")
    (scan,) = stage.libraries.all_scans.values()
    assert scan.library_id == films.id
    assert scan.job_id is not None
    stage.libraries.end_scan(scan, counts=ScanCounts(files_seen=7, added=7))
    stage.jobs.end(scan.job_id)
    await expect(stage.page.get_by_role("button", name="Scan Films")).to_have_text("Scan")
    await expect(stage.page.get_by_role("region", name="Last scans")).to_contain_text("7 added")


async def test_a_scan_that_somebody_else_started_meanwhile_is_told_in_words(stage: Stage) -> None:
    films = stage.libraries.add("Films")
    await stage.open()
    button = stage.page.get_by_role("button", name="Scan Films")
    await expect(button).to_be_visible()
    stage.libraries.add_scan(films, ScanStatus.RUNNING, job_id=7)
    await button.click()
    await expect(stage.page.get_by_role("alert")).to_contain_text("being scanned already")


async def test_errors_of_single_files_unfold(stage: Stage) -> None:
    films = stage.libraries.add("Films")
    scan = stage.libraries.add_scan(films, counts=ScanCounts(files_seen=9, unchanged=7, failed=2))
    stage.libraries.errors[scan.id] = [
        ScanFileError(b"/srv/films/Broken (2011).mkv", "no video stream"),
        ScanFileError(b"/srv/films/<b>Locked</b>.mkv", "permission denied"),
    ]
    await stage.open()
    scans = stage.page.get_by_role("region", name="Last scans")
    await scans.get_by_text("2 files could not be read").click()
    await expect(scans).to_contain_text("Broken (2011).mkv")
    await expect(scans).to_contain_text("<b>Locked</b>.mkv")


async def test_a_failed_scan_says_why(stage: Stage) -> None:
    stage.libraries.add_scan(stage.libraries.add("Films"), ScanStatus.FAILED, error_message="/mnt/nas is not mounted")
    await stage.open()
    await expect(stage.page.get_by_role("region", name="Last scans")).to_contain_text("/mnt/nas is not mounted")


async def test_adding_a_library_scans_it_and_a_wrong_folder_is_told(stage: Stage) -> None:
    stage.libraries.broken_folders.add(b"/srv/flims")
    await stage.open()
    await stage.page.get_by_role("button", name="Add your first library").click()
    dialog = stage.page.get_by_role("dialog", name="Add a library")
    await dialog.get_by_label("Name").fill("Films")
    await dialog.get_by_label("Folders").fill("/srv/flims")
    await dialog.get_by_role("button", name="Add and scan").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("does not exist")
    await dialog.get_by_label("Folders").fill("/srv/films\n  /srv/more films  \n")
    await dialog.get_by_role("button", name="Add and scan").click()
    await expect(dialog).to_have_count(0)
    await expect(stage.page.get_by_role("progressbar", name="Scan of Films")).to_be_visible()
    (library,) = stage.libraries.libraries.values()
    assert library.paths == (b"/srv/films", b"/srv/more films")


async def test_queues_show_what_waits_and_pause_and_resume(stage: Stage) -> None:
    for _ in range(3):
        stage.jobs.add(queue="low")
    await stage.open()
    queues = stage.page.get_by_role("region", name="Queues")
    await expect(queues).to_contain_text("3 waiting")
    await queues.get_by_role("button", name="Pause queue low").click()
    await expect(queues.get_by_role("button", name="Resume queue low")).to_be_visible()
    assert set(stage.jobs.paused) == {"low"}
    await queues.get_by_role("button", name="Resume queue low").click()
    await expect(queues.get_by_role("button", name="Pause queue low")).to_be_visible()
    assert not stage.jobs.paused


async def test_a_failure_is_told_with_its_error_and_can_be_retried(stage: Stage) -> None:
    await stage.open()
    await expect(stage.page.get_by_text("Live")).to_be_visible()
    job = stage.jobs.running("notification")
    stage.jobs.end(job.id, JobState.DISCARDED, error="discord: 503 Service Unavailable")
    failures = stage.page.get_by_role("region", name="Failures")
    await expect(failures).to_contain_text("discord: 503 Service Unavailable")
    await failures.get_by_role("button", name="Retry Notification").click()
    await expect(failures).to_have_count(0)
    assert stage.jobs.rows[job.id].state is JobState.AVAILABLE


async def test_a_job_opens_beside_the_page_and_its_address_can_be_kept(stage: Stage) -> None:
    job = stage.jobs.running("notification", args={"to": "<script>alert(1)</script>"})
    stage.jobs.end(job.id, JobState.DISCARDED, error="boom")
    await stage.open(f"/#/jobs/{job.id}")
    sheet = stage.page.get_by_role("dialog", name="Notification")
    await expect(sheet).to_contain_text("boom")
    await expect(sheet).to_contain_text("<script>alert(1)</script>")
    await stage.page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)
    await expect(stage.page).to_have_url(re.compile("#/$"))
    await expect(stage.page.get_by_role("main")).to_be_focused()  # it was nowhere: nobody had opened the dialog by hand


async def test_who_closes_what_a_link_opened_is_at_the_link_again(stage: Stage) -> None:
    job = stage.jobs.running("radarr_sync")
    await stage.open()
    link = stage.job(job.id).get_by_role("link")
    await link.press("Enter")
    await stage.page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(link).to_be_focused()


@pytest.mark.parametrize("address", ["#/nowhere", "#/moviesque", "#/jobs/one", "#/movies/603"])
async def test_an_address_that_is_none_is_told_and_leads_home(stage: Stage, address: str) -> None:
    await stage.open(f"/{address}")
    await expect(stage.page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await expect(stage.page.get_by_role("heading", name="Running")).to_have_count(0)
    await stage.page.get_by_role("link", name="See what is going on now").click()
    await expect(stage.page.get_by_role("heading", name="Running")).to_be_visible()


async def test_the_way_past_the_header_leaves_the_page_as_it_is(stage: Stage) -> None:
    await stage.open("/#/nowhere")
    await stage.page.get_by_role("link", name="Skip to the content").press("Enter")
    await expect(stage.page.get_by_role("main")).to_be_focused()
    await expect(stage.page).to_have_url(re.compile("#/nowhere$"))


async def test_escape_closes_what_is_told_of_health(stage: Stage) -> None:
    await stage.open()
    health = stage.page.get_by_role("banner").get_by_text("Healthy")
    await health.click()
    slots = stage.page.get_by_text("for jobs in all queues")
    await expect(slots).to_be_visible()
    await stage.page.keyboard.press("Escape")
    await expect(slots).to_be_hidden()


async def test_of_many_jobs_that_have_just_ended_the_last_few_are_shown(stage: Stage) -> None:
    """At a phone's width they pushed the libraries out of sight."""
    await stage.open()
    await expect(stage.page.get_by_text("Live")).to_be_visible()
    await stage.page.evaluate(
        "() => { const real = setTimeout; setTimeout = (f, ms) => real(f, ms === 4000 ? 60000 : ms) }"
    )
    jobs = [stage.jobs.running("radarr_sync") for _ in range(12)]
    await expect(stage.page.locator(".job")).to_have_count(12)
    for job in jobs[1:]:
        stage.jobs.end(job.id)
    await expect(stage.page.locator(".job.ended")).to_have_count(5)
    await expect(stage.page.get_by_text("and 6 more")).to_be_visible()
    await expect(stage.job(jobs[0].id)).to_be_visible()


async def test_a_job_that_is_gone_is_told_in_words(stage: Stage) -> None:
    await stage.open("/#/jobs/404")
    await expect(stage.page.get_by_role("dialog")).to_contain_text("There is no job 404")


async def test_everything_works_by_keyboard_alone(stage: Stage) -> None:
    stage.libraries.add("Films")
    job = stage.jobs.running()
    await stage.open()
    await expect(stage.job(job.id)).to_be_visible()
    keyboard = stage.page.keyboard

    async def tab_to(name: str) -> None:
        for _ in range(40):
            await keyboard.press("Tab")
            focused = (
                "e => document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"
            )
            if await stage.page.evaluate(focused) == name:
                ring = await stage.page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
                assert ring == "solid", f"{name} does not show that it has the focus"
                return
        raise AssertionError(f"{name} is not reached by Tab")

    await tab_to("Cancel Count")
    await keyboard.press("Enter")
    await expect(stage.job(job.id)).to_contain_text("Cancelling…")
    await tab_to("Scan Films")
    await keyboard.press("Space")
    await expect(stage.page.get_by_role("progressbar", name="Scan of Films")).to_be_visible()
    await tab_to("Pause queue bulk")
    await keyboard.press("Enter")
    await expect(stage.page.get_by_role("button", name="Resume queue bulk")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_at_phone_width_nothing_is_cut_and_buttons_fit_a_thumb(stage: Stage, scheme: str) -> None:
    long = "x" * 180
    films = stage.libraries.add("Films " + long, f"/srv/{long}/films")
    stage.libraries.add_scan(films, ScanStatus.FAILED, error_message=f"/srv/{long}/films is gone")
    job = stage.jobs.running("movie_library_scan", args={"library_id": str(films.id)}, queue=f"low_{'y' * 50}")
    stage.jobs.slots[f"low_{'y' * 50}"] = 1
    stage.jobs.report(job.id, "probing", 1, 3, message=f"{long}.mkv", rate_per_s=1234567.8, eta_s=123456)
    failed = stage.jobs.running()
    stage.jobs.end(failed.id, JobState.DISCARDED, error=f"no such file: {long}")
    await stage.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    await stage.page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await stage.open()
    await expect(stage.job(job.id)).to_be_visible()
    await expect(stage.page.get_by_role("region", name="Failures")).to_be_visible()
    assert await _overflow(stage.page) <= 0
    for button in await stage.page.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
    await stage.page.get_by_role("link", name=re.compile("^Scan of")).first.click()
    await expect(stage.page.get_by_role("dialog")).to_contain_text("probing", ignore_case=True)
    assert await _overflow(stage.page) <= 0


async def _overflow(page: Page) -> int:
    wider: int = await page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('body, dialog[open], dialog[open] *, main, main > *, .panel')]"
        ".map(e => e.getBoundingClientRect().right)) - innerWidth"
    )
    scrolls: int = await page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return max(wider, scrolls)


async def test_a_restart_of_the_server_is_survived_without_a_reload(browser: Browser) -> None:
    jobs = FakeJobs()
    page = await browser.new_page()
    stage = Stage(page, jobs, FakeLibraries(jobs), FakeReadiness())
    job = jobs.running()
    async with serving(stage.app()) as stage.url:
        await stage.open()
        await expect(stage.job(job.id)).to_be_visible()
        await page.evaluate("() => { window.kept = true }")
    await expect(page.get_by_text("Reconnecting…")).to_be_visible()
    jobs.end(job.id)
    other = jobs.running("radarr_sync")
    async with serving(stage.app(), port=int(stage.url.rpartition(":")[2])):
        await expect(page.get_by_text("Live")).to_be_visible(timeout=15_000)
        await expect(stage.job(other.id)).to_contain_text("Radarr sync")
        await expect(stage.job(job.id)).to_have_count(0)
        jobs.report(other.id, "listing", 5, 10)
        await expect(stage.job(other.id)).to_contain_text("5 of 10")
        assert await page.evaluate("() => window.kept")
        await page.close()


async def test_a_page_that_was_opened_before_its_data_is_there_waits(stage: Stage) -> None:
    async def away(route: object) -> None:
        await route.abort()  # type: ignore[attr-defined]  # playwright's own type is not exported for handlers

    await stage.page.route("**/api/v1/session", away)
    await stage.open()
    await expect(stage.page.get_by_text("Connecting…")).to_be_visible()
    await stage.page.unroute("**/api/v1/session")
    await expect(stage.page.get_by_text("Live")).to_be_visible(timeout=15_000)


async def test_with_a_key_it_asks_for_it_and_keeps_it_out_of_reach(browser: Browser) -> None:
    jobs = FakeJobs()
    job = jobs.running()
    page = await browser.new_page()
    stage = Stage(page, jobs, FakeLibraries(jobs), FakeReadiness())
    async with serving(stage.app(HttpConfig(api_key=KEY))) as stage.url:
        stage.listen()
        await stage.open()
        field = page.get_by_label("API key")
        await expect(field).to_be_focused()
        await field.fill("a guess")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("not this server's API key")
        await field.fill(KEY)
        await page.keyboard.press("Enter")
        await expect(stage.job(job.id)).to_be_visible()
        seen = "() => document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + location.href"
        assert KEY not in await page.evaluate(seen)
        assert await page.evaluate("() => document.cookie") == ""
        await page.reload()
        await expect(stage.job(job.id)).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("API key")).to_be_visible()
        await page.close()
    assert stage.complaints == []


async def test_a_server_that_is_not_well_says_so(stage: Stage) -> None:
    stage.readiness.checks["schema"] = Check(ok=False, detail="run revenge migrate up")
    await stage.open()
    await stage.page.get_by_text("1 problem").click()
    await expect(stage.page.get_by_text("run revenge migrate up")).to_be_visible()


async def test_the_colours_can_be_chosen_and_are_kept(stage: Stage) -> None:
    await stage.page.emulate_media(color_scheme="light")
    await stage.open()
    button = stage.page.get_by_role("button", name=re.compile("^Colours"))
    await button.click()
    await button.click()
    await expect(button).to_have_accessible_name("Colours: dark")
    await stage.page.reload()
    background = "() => getComputedStyle(document.body).backgroundColor"
    assert await stage.page.evaluate(background) == "rgb(19, 20, 22)"


async def test_who_wants_no_motion_gets_none(stage: Stage) -> None:
    job = stage.jobs.running()
    stage.jobs.report(job.id, "counting", 1, None)
    await stage.page.emulate_media(reduced_motion="reduce")
    await stage.open()
    fill = stage.job(job.id).locator(".bar-fill")
    await expect(fill).to_be_visible()
    assert await fill.evaluate("e => getComputedStyle(e).animationName") == "none"


async def test_a_burst_of_jobs_does_not_freeze_the_page(stage: Stage) -> None:
    await stage.open()
    await expect(stage.page.get_by_text("Live")).to_be_visible()
    slow = stage.jobs.running("radarr_sync")
    for number in range(2000):
        stage.jobs.end(stage.jobs.running(queue="high").id)
        if number % 50 == 0:
            await asyncio.wait([asyncio.create_task(stage.jobs.queues())])
    stage.jobs.report(slow.id, "listing", 9, 10)
    await expect(stage.job(slow.id)).to_contain_text("9 of 10")
    assert await stage.page.locator(".job").count() <= 22
