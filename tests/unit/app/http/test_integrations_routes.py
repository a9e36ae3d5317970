"""Routes of Radarr and Sonarr: who may call, and what is answered when they are away."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.integration_services import Integrations
from revenge.app.http.services import ApiServices
from revenge.infra.http.errors import CallFailed, Refused, TooMany, Unavailable
from revenge.infra.jobs.models import JobState
from revenge.integration.arr.facts import Source
from tests.fakes.integrations import EVENT, SECRET, FakeIntegration, FakeQueue
from tests.fakes.jobs import FakeJobs

KEY = "a-key-that-nobody-guesses"


@pytest.fixture
def radarr() -> FakeIntegration:
    return FakeIntegration()


@pytest.fixture
def queue(jobs: FakeJobs) -> FakeQueue:
    return FakeQueue(jobs)


@pytest.fixture
async def http(services: ApiServices, radarr: FakeIntegration, queue: FakeQueue) -> AsyncIterator[httpx2.AsyncClient]:
    """Calls with the server's key; Sonarr is not used."""
    wired = replace(services, integrations=Integrations(programs={Source.RADARR: radarr}, queue=queue))
    app = create_app(wired, config=HttpConfig(api_key=KEY))
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost", headers={"x-api-key": KEY}
    ) as client:
        yield client


ADMIN = "/api/v1/admin/integrations"


async def test_status_is_what_the_program_says_now(http: httpx2.AsyncClient, radarr: FakeIntegration) -> None:  # W39
    said = (await http.get(f"{ADMIN}/radarr/status")).json()
    assert (said["connected"], said["version"], said["instanceName"]) == (True, "6.0.4", "Films")
    assert said["startTime"] == "2026-01-02T03:04:05Z"
    assert said["syncStatus"] == {
        "isRunning": False,
        "startedAt": "2026-01-02T03:04:05Z",
        "lastSync": "2026-01-02T03:04:05Z",
        "lastSyncError": None,
        "jobId": 9,
        "moviesAdded": 1,
        "moviesUpdated": 2,
        "moviesRemoved": 3,
        "totalMovies": 6,
        "unchanged": 4,
        "failed": 5,
    }
    radarr.client.error = Unavailable("radarr", "GET /api/v3/system/status failed: ConnectError")
    said = (await http.get(f"{ADMIN}/radarr/status")).json()
    assert (said["connected"], said["error"]) == (False, "radarr: GET /api/v3/system/status failed: ConnectError")


async def test_a_sync_is_a_job(http: httpx2.AsyncClient, queue: FakeQueue) -> None:
    answer = await http.post(f"{ADMIN}/radarr/sync")
    assert (answer.status_code, answer.json()["status"], answer.json()["duplicate"]) == (202, "queued", False)
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['job_id']}"
    await http.post(f"{ADMIN}/radarr/sync", json={"id": 5})
    assert queue.asked == [(Source.RADARR, None), (Source.RADARR, 5)]


async def test_a_sync_that_runs_already_is_a_duplicate(http: httpx2.AsyncClient, queue: FakeQueue) -> None:  # W41
    queue.state = JobState.RUNNING
    answer = await http.post(f"{ADMIN}/radarr/sync")
    assert (answer.status_code, answer.json()["status"], answer.json()["duplicate"]) == (202, "running", True)


async def test_profiles_and_folders_are_the_program_s(http: httpx2.AsyncClient) -> None:
    profiles = (await http.get(f"{ADMIN}/radarr/quality-profiles")).json()
    assert profiles == {"profiles": [{"id": 1, "name": "HD", "upgradeAllowed": True, "cutoff": 7, "minFormatScore": 0}]}
    folders = (await http.get(f"{ADMIN}/radarr/root-folders")).json()
    assert folders == {"folders": [{"id": 1, "path": "/movies", "accessible": True, "freeSpace": 5}]}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Unavailable("radarr", "away"), 502, "integration-failed"),
        (Refused("radarr", "401", status=401), 502, "integration-failed"),
        (TooMany("radarr", "wait", retry_after=timedelta(seconds=7)), 503, "integration-busy"),
    ],
)
async def test_a_program_that_is_away_is_a_problem(
    http: httpx2.AsyncClient, radarr: FakeIntegration, error: CallFailed, status: int, code: str
) -> None:
    radarr.client.error = error
    for path in ("quality-profiles", "root-folders"):
        answer = await http.get(f"{ADMIN}/radarr/{path}")
        assert (answer.status_code, answer.json()["type"]) == (status, f"urn:revenge:problem:{code}")
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "status"), ("POST", "sync"), ("GET", "quality-profiles"), ("GET", "root-folders"), ("GET", "webhooks")],
)
async def test_a_program_that_is_not_used_says_so(http: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await http.request(method, f"{ADMIN}/sonarr/{path}")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:revenge:problem:integration-disabled")


async def test_all_of_it_is_for_administrators(http: httpx2.AsyncClient) -> None:
    for path in ("status", "quality-profiles", "root-folders", "webhooks"):
        assert (await http.get(f"{ADMIN}/radarr/{path}", headers={"x-api-key": "wrong"})).status_code == 401
    assert (await http.post(f"{ADMIN}/radarr/sync", headers={"x-api-key": SECRET})).status_code == 401


async def test_webhooks_are_listed_with_what_became_of_them(http: httpx2.AsyncClient) -> None:
    said = (await http.get(f"{ADMIN}/radarr/webhooks")).json()
    assert said["events"][0] == {
        "id": str(EVENT),
        "event_type": "Test",
        "subject": "event:7",
        "received_at": "2026-01-02T03:04:05Z",
        "seen": 2,
        "job_id": 5,
        "handled_at": None,
        "outcome": None,
    }
    assert (await http.get(f"{ADMIN}/radarr/webhooks?cursor=nonsense")).status_code == 404


HOOK = "/api/v1/webhooks/radarr"


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"radarr:{password}".encode()).decode()


@pytest.mark.parametrize("headers", [{"x-webhook-secret": SECRET}, {"authorization": basic(SECRET)}])
async def test_a_webhook_is_taken_with_its_secret(
    http: httpx2.AsyncClient, radarr: FakeIntegration, headers: dict[str, str]
) -> None:
    del http.headers["x-api-key"]
    answer = await http.post(HOOK, json={"eventType": "Test"}, headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"event_id": str(EVENT), "job_id": 5, "duplicate": False})
    assert radarr.inbox.taken == [{"eventType": "Test"}]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-webhook-secret": ""},
        {"x-webhook-secret": SECRET[:-1]},
        {"x-webhook-secret": SECRET + "x"},
        {"x-api-key": KEY},
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": basic("wrong")},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic " + base64.b64encode(SECRET.encode()).decode()},
        {"authorization": "Basic " + base64.b64encode(b"a:\xff").decode()},
    ],
)
async def test_a_webhook_without_its_secret_is_refused(  # W40
    http: httpx2.AsyncClient, radarr: FakeIntegration, headers: dict[str, str]
) -> None:
    del http.headers["x-api-key"]
    answer = await http.post(HOOK, content=b"{not even JSON", headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:revenge:problem:webhook-secret-required")
    assert radarr.inbox.taken == []


async def test_no_webhook_is_taken_while_no_secret_is_set(
    http: httpx2.AsyncClient, radarr: FakeIntegration
) -> None:  # W40
    for secret in (None, ""):
        radarr.webhook_secret = secret
        answer = await http.post(HOOK, json={"eventType": "Test"}, headers={"x-webhook-secret": ""})
        assert answer.status_code in (401, 503)
    assert radarr.inbox.taken == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"", 400), (b"\xff", 400), (b"[]", 422), (b"5", 422), (b"{}", 422), (b"[" * 5000, 400)],
)
async def test_what_is_no_webhook_is_a_problem(http: httpx2.AsyncClient, body: bytes, status: int) -> None:
    answer = await http.post(HOOK, content=body, headers={"x-webhook-secret": SECRET})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_webhook_that_is_too_large_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await http.post(HOOK, content=b" " * 1_100_000, headers={"x-webhook-secret": SECRET})
    assert answer.status_code == 413


async def test_an_unknown_event_is_taken(http: httpx2.AsyncClient) -> None:  # W40
    answer = await http.post(HOOK, json={"eventType": "Quite New"}, headers={"x-webhook-secret": SECRET})
    assert answer.status_code == 202
