"""Whatever goes wrong, the answer is a problem document that says what to do and nothing secret."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices, Check
from revenge.infra.jobs import StoreError
from tests.fakes.jobs import FakeJobs
from tests.fakes.services import FakeReadiness


def problem(answer: httpx2.Response, status: int) -> dict[str, object]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    return document


async def test_an_unknown_path_is_a_problem(http: httpx2.AsyncClient) -> None:
    problem(await http.get("/api/v1/nothing"), 404)
    problem(await http.get("/nothing"), 404)
    problem(await http.get("/api/v1/jobs/"), 404)


async def test_405_names_every_method_of_the_path(http: httpx2.AsyncClient) -> None:
    answer = await http.put("/api/v1/jobs")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET, POST"
    assert (await http.put("/api/v1/jobs/1")).headers["allow"] == "DELETE, GET"


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"[]", b"null", b'"text"', b"{\xff"])
async def test_a_body_that_is_no_object_is_refused(http: httpx2.AsyncClient, body: bytes) -> None:
    answer = await http.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    told = problem(answer, 400 if body == b"{\xff" else 422)
    if body != b"{\xff":
        (wrong,) = answer.json()["errors"]
        assert wrong["pointer"] == "", "the body as a whole"
        assert str(told["detail"]).startswith("the body: ")


async def test_a_body_nested_a_million_deep_is_refused(services: ApiServices) -> None:
    app = create_app(services, config=HttpConfig(max_body_bytes=5_000_000))
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        body = b'{"kind": "count", "args": {"x": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}}"
        answer = await http.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
        problem(answer, 400)


async def test_a_body_sent_as_a_form_is_refused(http: httpx2.AsyncClient) -> None:
    problem(await http.post("/api/v1/jobs", data={"kind": "count"}), 422)


async def test_a_body_over_the_limit_is_413_told_or_not(http: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    json = {"Content-Type": "application/json"}
    problem(await http.post("/api/v1/jobs", content=b" " * 2_000_000, headers=json), 413)
    problem(await http.post("/api/v1/jobs", content=chunks(), headers=json), 413)


async def test_what_nobody_expected_is_500_without_a_trace(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    jobs.failure = RuntimeError("the secret is hunter2")
    with capture_logs() as logs:
        document = problem(await http.get("/api/v1/jobs"), 500)
    assert "hunter2" not in str(document)
    assert "Traceback" not in str(document)
    assert [log["event"] for log in logs] == ["http.failed"]


async def test_a_database_that_is_away_is_503_and_says_when_to_come_back(
    http: httpx2.AsyncClient, jobs: FakeJobs
) -> None:
    jobs.failure = StoreError("job_list failed: connection refused on 10.0.0.7", retryable=True)
    answer = await http.get("/api/v1/jobs")
    document = problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert "10.0.0.7" not in str(document)


async def test_readyz_is_a_problem_that_names_what_is_wrong(http: httpx2.AsyncClient, readiness: FakeReadiness) -> None:
    assert (await http.get("/readyz")).json()["status"] == "ready"
    readiness.checks["schema"] = Check(ok=False, detail="run revenge migrate up")
    document = problem(await http.get("/readyz"), 503)
    assert "run revenge migrate up" in str(document["detail"])
    assert (await http.get("/healthz")).status_code == 200


async def test_errors_carry_the_security_headers_too(http: httpx2.AsyncClient, app: FastAPI, jobs: FakeJobs) -> None:
    jobs.failure = RuntimeError()
    for path in ("/nothing", "/api/v1/jobs"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
