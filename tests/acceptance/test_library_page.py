"""The page of films and shows in a real Chromium, in front of a server that has scanned and matched some."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.acceptance.house import House
from tests.fakes.whole_server import World, whole_server

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PHONE = ViewportSize(width=360, height=740)


@pytest.fixture
async def world(
    browser: Browser, house: House, tmp_path: Path, pool: "asyncpg.Pool[asyncpg.Record]"
) -> AsyncIterator[World]:
    # The browser first: where there is none, nothing is started.
    async with whole_server(house, pool, tmp_path) as world:
        yield world


@pytest.fixture
async def page(browser: Browser, world: World) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto(f"{world.http.base_url}#/movies")
    yield page
    await page.close()
    assert complaints == []


async def test_films_and_shows_are_seen_found_opened_and_refreshed(page: Page, world: World, browser: Browser) -> None:
    posters = page.locator(".posters img")
    await expect(posters).to_have_count(2)
    assert await posters.first.evaluate("async image => (await image.decode(), image.naturalWidth)") == 342

    await page.get_by_role("searchbox").fill("nosferatuu")
    await expect(page.locator(".posters a")).to_have_count(1)
    found = page.get_by_role("link", name="Nosferatu")
    await found.focus()
    await page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Nosferatu")
    await expect(sheet).to_contain_text("1 version")
    await expect(sheet).to_contain_text("Nosferatu (1922).mkv")
    await page.keyboard.press("Escape")
    await expect(sheet).to_have_count(0)

    await page.get_by_role("navigation", name="What is shown").get_by_role("link", name="Shows").click()
    await expect(page.locator(".posters a")).to_have_count(1)
    await page.locator(".posters a").click()
    show = page.get_by_role("dialog")
    await expect(show).to_contain_text("2 of")
    await show.locator("summary", has_text="Season 1").click()
    await expect(show.locator(".episodes li").first).to_be_visible()
    await show.get_by_role("button", name="Refresh").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Completed")

    phone = await browser.new_page(viewport=PHONE)
    await phone.goto(f"{world.http.base_url}#/movies")
    await expect(phone.locator(".posters img")).to_have_count(2)
    assert await phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    await phone.close()


async def test_what_is_not_sure_is_chosen_by_a_person(page: Page, world: World) -> None:
    item = await world.value("SELECT id FROM revenge.library_item WHERE kind = 'movie' AND title = 'Nosferatu'")
    await world.pool.execute(
        "UPDATE revenge.library_item SET match_state = 'unmatched', movie_id = NULL WHERE id = $1", item
    )
    await world.pool.execute(
        "INSERT INTO revenge.match_candidate (item_id, position, provider, provider_id, title, year, score, evidence)"
        " VALUES ($1, 1, 'tmdb', '653', 'Nosferatu', 1922, 0.7, '{}')",
        item,
    )
    await page.goto(f"{world.http.base_url}#/unmatched")
    row = page.locator(".row", has_text="Nosferatu (1922).mkv")
    await row.get_by_role("button", name="Nosferatu (1922) 70 %").click()
    await expect(row).to_have_count(0)
    assert await world.value("SELECT match_state FROM revenge.library_item WHERE id = $1", item) == "manual"
