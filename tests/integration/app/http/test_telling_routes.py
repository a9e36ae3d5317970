"""Notifications, the activity log and statistics over HTTP, on a real database."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import pytest

from revenge.app.http.app import create_app
from revenge.app.http.services import ApiServices
from revenge.app.http.telling_services import TellingServices
from revenge.infra.database.connection import Pool
from revenge.infra.http.errors import NotThere
from revenge.infra.jobs.testing import drain
from revenge.service.activity.models import NewEntry
from revenge.service.activity.repository import ActivityRepository
from revenge.service.activity.service import ActivityService
from revenge.service.statistics.service import StatisticsService
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
        telling=TellingServices(
            notifications=telling.service,
            activity=ActivityService(
                ActivityRepository(telling.pool),
                clock=telling.clock,
                security_retention_days=365,
                on_entry=lambda _security: None,
            ),
            statistics=StatisticsService(telling.pool, clock=telling.clock, hourly_for=timedelta(days=30)),
        ),
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


async def test_activity_is_listed_by_who_and_by_what(http: httpx2.AsyncClient, telling: Telling) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    entries = [
        NewEntry(id=UUID(int=1), occurred_at=moment, action="user.login", account_id=UUID(int=7), success=False),
        NewEntry(
            id=UUID(int=2),
            occurred_at=moment + timedelta(seconds=1),
            action="library.scan",
            resource_type="library",
            resource_id="42",
            changes={"force": True},
        ),
    ]
    await ActivityRepository(telling.pool).insert(entries)
    base = "/api/v1/admin/activity"
    everything = (await http.get(base)).json()["entries"]
    assert [entry["action"] for entry in everything] == ["library.scan", "user.login"]
    assert (everything[1]["created_at"], everything[1]["security"]) == ("2026-01-02T03:04:05Z", True)
    assert (await http.get(f"{base}/users/{NOBODY}")).json()["entries"] == [everything[1]]
    assert (await http.get(f"{base}/resources/library/42")).json()["entries"] == [everything[0]]
    for params in (
        {"success": "false"},
        {"security": "true"},
        {"end_time": "2026-01-02T03:04:06Z"},
        {"user_id": NOBODY},
    ):
        assert (await http.get(base, params=params)).json()["entries"] == [everything[1]]
    stats = (await http.get(f"{base}/stats")).json()
    assert (stats["total_count"], stats["failed_count"], stats["oldest_entry"]) == (2, 1, "2026-01-02T03:04:05Z")
    assert (await http.get(f"{base}/actions")).json() == {"actions": []}
    page = (await http.get(base, params={"limit": 1})).json()
    rest = (await http.get(base, params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [*page["entries"], *rest["entries"]] == everything
    assert (await http.get(base, params={"cursor": "nonsense"})).status_code == 404
    assert (await http.get(base, params={"success": "yes"})).status_code == 422


async def test_statistics_are_read_with_their_history(http: httpx2.AsyncClient, telling: Telling) -> None:
    """W48: what was counted could not be read anywhere."""
    stats = "/api/v1/admin/stats"
    assert (await http.get(stats)).json() == {"at": None, "stats": {}}
    await StatisticsService(telling.pool, clock=telling.clock, hourly_for=timedelta(days=30)).aggregate()
    now = (await http.get(stats)).json()
    assert now["stats"]["total_movies"] == 0
    history = (await http.get(f"{stats}/history", params={"key": "total_movies"})).json()
    assert history == {"key": "total_movies", "points": [{"at": now["at"], "value": 0}], "next_cursor": None}
    assert (await http.get(f"{stats}/history", params={"key": "weather"})).status_code == 422


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("activity?start_time=0001-01-01T00:00:00%2B14:00", 422),
        ("stats/history?key=total_movies&start_time=0001-01-01T00:00:00%2B14:00", 422),
        ("stats/history?key=total_movies&cursor=0001-01-01T00:00:00%2B14:00", 404),
    ],
)
async def test_times_beyond_the_calendar_are_refused(http: httpx2.AsyncClient, place: str, status: int) -> None:
    answer = await http.get(f"/api/v1/admin/{place}")
    assert answer.status_code == status
    assert answer.json()["type"] != "about:blank"
