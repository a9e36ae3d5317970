"""Notifications over HTTP, on a real database."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx2
import pytest

from revenge.app.http import ApiServices, create_app
from revenge.app.http.telling_services import TellingServices
from revenge.infra.database.connection import Pool
from revenge.infra.http.errors import NotThere
from revenge.infra.jobs.testing import drain
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.fakes.telling import RecordingSender, Telling, agents_of

EVENTS = "/api/v1/notifications"
NOBODY = str(UUID(int=7))


@pytest.fixture
def telling(pool: Pool) -> Telling:
    return Telling(pool, RecordingSender(NotThere("phone", "Gotify answered 404")), agents_of("phone", "desk"))


@pytest.fixture
async def http(telling: Telling) -> AsyncIterator[httpx2.AsyncClient]:
    jobs = FakeJobs()
    services = ApiServices(
        client=jobs,
        libraries=FakeLibraries(jobs),
        readiness=FakeReadiness(),
        metrics=FakeMetrics(),
        view=VIEW,
        telling=TellingServices(notifications=telling.service),
    )
    transport = httpx2.ASGITransport(create_app(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_event_is_shown_with_what_became_of_it(http: httpx2.AsyncClient, telling: Telling) -> None:
    event = await telling.raise_one("library.scan_done", library="Films", added=3)
    await drain(telling.client)
    shown = (await http.get(f"{EVENTS}/{event.id}")).json()
    assert (shown["type"], shown["category"], shown["data"]) == (
        "library.scan_done",
        "library",
        {"library": "Films", "added": 3},
    )
    assert shown["timestamp"].endswith("Z")
    assert {each["agent"]: (each["status"], each["error"]) for each in shown["deliveries"]} == {
        "phone": ("failed", "Gotify answered 404"),
        "desk": ("sent", None),
    }
    assert (await http.get(EVENTS)).json() == {"events": [shown], "next_cursor": None}
    failed = {"status": "failed", "agent": "phone", "category": "library", "type": "library.scan_done"}
    assert (await http.get(EVENTS, params=failed)).json()["events"] == [shown]
    assert (await http.get(EVENTS, params={**failed, "agent": "desk"})).json()["events"] == []


async def test_failed_delivery_is_tried_again_when_asked(http: httpx2.AsyncClient, telling: Telling) -> None:
    event = await telling.raise_one("library.scan_done")
    await drain(telling.client)
    again = f"{EVENTS}/{event.id}/deliveries/phone/retry"
    answer = await http.post(again)
    assert (answer.status_code, answer.json()["agent"]) == (202, "phone")
    await drain(telling.client)
    assert await telling.statuses(event) == {"phone": "sent", "desk": "sent"}
    refused = await http.post(again)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:revenge:problem:delivery-not-failed")


async def test_test_message_is_an_event_that_can_be_followed(http: httpx2.AsyncClient, telling: Telling) -> None:
    answer = await http.post(f"{EVENTS}/agents/desk/test")
    assert answer.status_code == 202
    assert isinstance(telling.sender, RecordingSender)
    telling.sender.failures.clear()
    await drain(telling.client)
    shown = (await http.get(answer.headers["location"])).json()
    assert (shown["type"], [each["status"] for each in shown["deliveries"]]) == ("test.notification", ["sent"])


async def test_agents_are_shown_without_their_addresses(http: httpx2.AsyncClient, telling: Telling) -> None:
    await telling.raise_one("library.scan_done")
    await drain(telling.client)
    phone, desk = (await http.get(f"{EVENTS}/agents")).json()["agents"]
    assert (phone["name"], phone["scheme"], phone["last_error"]) == ("phone", "json", "Gotify answered 404")
    assert (desk["name"], desk["last_error"], desk["last_failed_at"]) == ("desk", None, None)
    assert "url" not in phone


async def test_types_are_listed(http: httpx2.AsyncClient) -> None:
    types = {each["type"]: each for each in (await http.get(f"{EVENTS}/types")).json()["types"]}
    assert types["movie.added"] == {
        "type": "movie.added",
        "category": "content",
        "title": "New film",
        "urgency": "success",
        "gathers": True,
    }


@pytest.mark.parametrize(
    ("method", "path", "problem"),
    [
        ("POST", "agents/nobody/test", "agent-not-found"),
        ("GET", NOBODY, "event-not-found"),
        ("POST", f"{NOBODY}/deliveries/phone/retry", "event-not-found"),
        ("GET", "?cursor=nonsense", "unknown-cursor"),
    ],
)
async def test_what_is_not_there_is_404(http: httpx2.AsyncClient, method: str, path: str, problem: str) -> None:
    url = f"{EVENTS}{path}" if path.startswith("?") else f"{EVENTS}/{path}"
    answer = await http.request(method, url)
    assert (answer.status_code, answer.json()["type"]) == (404, f"urn:revenge:problem:{problem}")
