"""Where the links of mails lead: the dashboard, in a real Chromium, for people who are not logged in."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.async_api import Browser, Page, expect

from revenge.infra.database.connection import Pool
from tests.fakes.account_house import AccountHouse
from tests.fakes.serving import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture
def house(pool: Pool) -> AccountHouse:
    return AccountHouse(pool)


@pytest.fixture
async def server(browser: Browser, house: AccountHouse) -> AsyncIterator[str]:
    # The browser first: where there is none, nothing is started.
    async with serving(house.app) as url:
        yield url


@pytest.fixture
async def page(browser: Browser, server: str) -> AsyncIterator[Page]:
    page = await browser.new_page(viewport={"width": 360, "height": 740})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await page.close()
    assert complaints == []


async def test_a_forgotten_password_is_chosen_anew(page: Page, house: AccountHouse, server: str) -> None:
    await house.ada()
    await house.mails.ask_reset("ada")
    await house.deliver()
    await page.goto(f"{server}/#{urlsplit(house.box.link()).fragment}")
    await page.get_by_label("New password").fill("her second password")
    await page.get_by_label("The same again").fill("a slip of the hand")
    await page.get_by_role("button", name="Set it").click()
    await expect(page.get_by_role("alert")).to_have_text("The two passwords differ.")
    await page.get_by_label("The same again").fill("her second password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("It is set")

    async with httpx2.AsyncClient(base_url=server) as http:
        login = {"username": "ada", "password": "her second password"}
        assert (await http.post("/api/v1/auth/login", json=login)).status_code == 200

    await page.get_by_role("link", name="Go on").click()
    await expect(page.get_by_label("API key")).to_be_visible()


async def test_an_address_is_confirmed_once(page: Page, house: AccountHouse, server: str) -> None:
    ada = await house.ada()
    await house.mails.ask_verification(ada.id)
    await house.deliver()
    link = f"{server}/#{urlsplit(house.box.link()).fragment}"
    await page.goto(link)
    await page.get_by_role("button", name="Yes, confirm it").click()
    await expect(page.get_by_role("status")).to_have_text("Your address is confirmed.")
    assert (await house.accounts.get(ada.id)).email_verified_at

    await page.reload()
    await page.get_by_role("button", name="Yes, confirm it").click()
    await expect(page.get_by_role("alert")).to_contain_text("link")
