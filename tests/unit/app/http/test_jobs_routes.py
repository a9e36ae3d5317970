"""Jobs over HTTP do what contract.md says."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import httpx2
import pytest

from revenge.app.http.app import create_app
from revenge.app.http.schemas import JobOut
from revenge.app.http.services import ApiServices
from revenge.infra.jobs import JobState
from tests.fakes.jobs import FakeJobs

JOBS = "/api/v1/jobs"


async def test_list_is_newest_first_and_pages_by_cursor(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    ids = [jobs.add().id for _ in range(5)]
    first = (await http.get(JOBS, params={"limit": 2})).json()
    second = (await http.get(JOBS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    third = (await http.get(JOBS, params={"limit": 2, "cursor": second["next_cursor"]})).json()
    seen = [job["id"] for page in (first, second, third) for job in page["jobs"]]
    assert seen == list(reversed(ids))
    assert third["next_cursor"] is None


async def test_filters_of_one_sort_widen_and_tags_narrow(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    both = jobs.add(tags=["nightly", "films"], queue="low")
    jobs.add(tags=["nightly"], queue="low")
    running = jobs.running(queue="bulk", tags=["nightly", "films"])
    query: dict[str, list[str] | int] = {"tag": ["nightly", "films"], "state": ["running", "available"], "limit": 10}
    found = (await http.get(JOBS, params=query)).json()["jobs"]
    assert [job["id"] for job in found] == [running.id, both.id]
    only_bulk = (await http.get(JOBS, params={"queue": "bulk", "kind": "count"})).json()["jobs"]
    assert [job["id"] for job in only_bulk] == [running.id]


@pytest.mark.parametrize(
    "query",
    ["state=sleeping", "limit=0", "limit=1001", "limit=1.0", "limit=%201", "page=2", "tag=%00"],
)
async def test_a_list_that_makes_no_sense_is_refused(http: httpx2.AsyncClient, query: str) -> None:
    answer = await http.get(f"{JOBS}?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_cursor_that_no_list_gave_is_404(http: httpx2.AsyncClient) -> None:
    answer = await http.get(JOBS, params={"cursor": "made-up"})
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:revenge:problem:unknown-cursor"


async def test_a_job_is_the_document_that_the_schema_promises(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    job = jobs.running(args={"up_to": 3})
    jobs.report(job.id, "counting", 1, 3, message="one")
    document = (await http.get(f"{JOBS}/{job.id}")).json()
    assert JobOut.model_validate(document).model_dump(mode="json") == document
    assert document["progress"]["percent"] == pytest.approx(33.3, abs=0.1)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", "")])
async def test_a_job_that_is_not_there_is_404_by_any_verb(http: httpx2.AsyncClient, method: str, path: str) -> None:
    answer = await http.request(method, f"{JOBS}/404{path}")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:revenge:problem:job-not-found"


@pytest.mark.parametrize("id", ["0", "-1", "9223372036854775808", "1.0", "abc", "%201"])
async def test_an_id_that_no_job_can_have_is_422(http: httpx2.AsyncClient, id: str) -> None:
    assert (await http.get(f"{JOBS}/{id}")).status_code == 422


async def test_enqueue_answers_201_with_the_job_and_where_it_is(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    body = {
        "kind": "count",
        "args": {"up_to": 7},
        "queue": "low",
        "priority": 3,
        "max_attempts": 2,
        "scheduled_at": "2031-01-01T00:00:00+01:00",
        "tags": ["by-hand"],
        "metadata": {"why": "a test"},
    }
    answer = await http.post(JOBS, json=body)
    assert answer.status_code == 201
    document = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{document['id']}"
    assert document["duplicate"] is False
    assert document["state"] == "scheduled"
    assert document["scheduled_at"] == "2030-12-31T23:00:00Z"
    row = jobs.rows[document["id"]]
    assert (row.args, row.queue, row.priority, row.max_attempts) == ({"up_to": 7}, "low", 3, 2)
    assert (row.tags, row.metadata) == (["by-hand"], {"why": "a test"})


async def test_an_integer_of_any_size_is_taken_and_shown_exactly(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    for huge in (2**64, 10**400, -(10**400)):
        answer = await http.post(JOBS, json={"kind": "count", "args": {"up_to": huge}, "metadata": {"l": [huge]}})
        assert answer.status_code == 201
        for shown in (answer.json(), (await http.get(JOBS)).json()["jobs"][0]):
            assert (shown["args"], shown["metadata"]) == ({"up_to": huge}, {"l": [huge]})


async def test_a_unique_job_that_is_there_already_is_200_and_a_duplicate(http: httpx2.AsyncClient) -> None:
    body = {"kind": "movie_library_scan", "args": {"library_id": str(uuid4())}}
    first, second = await http.post(JOBS, json=body), await http.post(JOBS, json=body)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["duplicate"] is True
    assert second.json()["id"] == first.json()["id"]


async def test_an_unknown_kind_is_404(http: httpx2.AsyncClient) -> None:
    answer = await http.post(JOBS, json={"kind": "mow_the_lawn"})
    assert answer.status_code == 404
    assert "mow_the_lawn" in answer.json()["detail"]


async def test_a_queue_that_nobody_serves_is_422_and_says_which_there_are(
    http: httpx2.AsyncClient, jobs: FakeJobs
) -> None:
    jobs.add(queue="nobodys")  # that a job waits there serves it not
    for queue in ("nobodys", "hihg"):
        answer = await http.post(JOBS, json={"kind": "count", "queue": queue})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:revenge:problem:unknown-queue")
        assert answer.json()["errors"][0]["pointer"] == "/queue"
        assert f"{queue!r}: queues are bulk, critical, default, high, low;" in answer.json()["detail"]
    assert len(jobs.rows) == 1


async def test_a_queue_that_the_settings_name_or_somebody_serves_will_do(services: ApiServices, jobs: FakeJobs) -> None:
    jobs.slots["of-a-go-service"] = 0
    transport = httpx2.ASGITransport(create_app(replace(services, queues=["mine"])))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        for queue in ("mine", "of-a-go-service", "bulk"):
            assert (await http.post(JOBS, json={"kind": "count", "queue": queue})).status_code == 201, queue


@pytest.mark.parametrize(
    ("args", "pointer"),
    [
        ({}, "/args/library_id"),
        ({"library_id": "no-uuid"}, "/args/library_id"),
        ({"library_id": 7}, "/args/library_id"),
        ({"library_id": str(uuid4()), "force": "yes"}, "/args/force"),
        ({"library_id": str(uuid4()), "libary": 1}, "/args/libary"),
    ],
)
async def test_wrong_args_are_422_and_say_which(
    http: httpx2.AsyncClient, jobs: FakeJobs, args: dict[str, object], pointer: str
) -> None:
    answer = await http.post(JOBS, json={"kind": "movie_library_scan", "args": args})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not jobs.rows


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"args": {"deep": [1, {"in": "a\x00b"}]}}, "/args/deep/1/in"),
        ({"args": {"a\x00": 1}}, "/args/a\x00"),
        ({"metadata": {"and/or": {"~": "\x00"}}}, "/metadata/and~1or/~0"),
        ({"metadata": {"half": ["\ud800"]}}, "/metadata/half/0"),
        ({"args": {"\ud800": 1}}, "/args/\ufffd"),
        ({"metadata": {"deep": {"\udfff": 1}}}, "/metadata/deep/\ufffd"),
        ({"args": {"up_to": float("inf")}}, "/args/up_to"),
    ],
)
async def test_what_the_database_cannot_hold_is_422_and_says_where(
    http: httpx2.AsyncClient, jobs: FakeJobs, part: dict[str, object], pointer: str
) -> None:
    body = json.dumps({"kind": "count"} | part)
    answer = await http.post(JOBS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not jobs.rows


@pytest.mark.parametrize(
    "part",
    [
        {"priority": 5},
        {"priority": "1"},
        {"priority": True},
        {"queue": "Not A Queue"},
        {"tags": ["a"]},
        {"scheduled_at": 1700000000},
        {"scheduled_at": "2031-01-01"},
        {"scheduled_at": "2031-01-01T00:00:00"},
        {"max_attempts": 0},
        {"metadata": []},
        {"args": {"deep": [{"in": "a\x00b"}]}},
        {"metadata": {"half": "\ud800"}},
        {"wait": True},
    ],
)
async def test_options_that_break_a_rule_are_422(
    http: httpx2.AsyncClient, jobs: FakeJobs, part: dict[str, object]
) -> None:
    body = json.dumps({"kind": "count"} | part)
    answer = await http.post(JOBS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert not jobs.rows


async def test_what_was_sent_is_not_repeated_in_the_answer(http: httpx2.AsyncClient) -> None:
    body = {"kind": "movie_library_scan", "args": {"library_id": "hunter2"}}
    assert "hunter2" not in (await http.post(JOBS, json=body)).text


async def test_cancel_of_a_waiting_job_cancels_it(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    job = jobs.add()
    assert (await http.post(f"{JOBS}/{job.id}/cancel")).json()["state"] == "cancelled"


async def test_cancel_of_a_running_job_says_that_it_was_asked_for(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    job = jobs.running()
    answer = await http.post(f"{JOBS}/{job.id}/cancel")
    assert answer.status_code == 200
    assert answer.json()["state"] == "running"
    assert answer.json()["metadata"]["cancel_attempted_at"]


async def test_cancel_twice_is_as_good_as_once_but_a_completed_job_is_409(
    http: httpx2.AsyncClient, jobs: FakeJobs
) -> None:
    job, done = jobs.add(), jobs.running()
    jobs.end(done.id)
    assert [(await http.post(f"{JOBS}/{job.id}/cancel")).status_code for _ in range(2)] == [200, 200]
    answer = await http.post(f"{JOBS}/{done.id}/cancel")
    assert answer.status_code == 409
    assert answer.json()["job_id"] == done.id


async def test_retry_makes_a_discarded_job_available_and_a_running_one_is_409(
    http: httpx2.AsyncClient, jobs: FakeJobs
) -> None:
    failed, running = jobs.running(), jobs.running()
    jobs.end(failed.id, JobState.DISCARDED, error="boom")
    assert (await http.post(f"{JOBS}/{failed.id}/retry")).json()["state"] == "available"
    assert (await http.post(f"{JOBS}/{running.id}/retry")).status_code == 409


async def test_retry_is_409_while_an_equal_unique_job_waits(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    job = jobs.add("unique", state=JobState.DISCARDED, finalized_at=datetime.now(UTC))
    assert (await http.post(f"{JOBS}/{job.id}/retry")).status_code == 409


async def test_delete_returns_the_job_as_it_was_and_a_running_one_is_409(
    http: httpx2.AsyncClient, jobs: FakeJobs
) -> None:
    waiting, running = jobs.add(), jobs.running()
    assert (await http.delete(f"{JOBS}/{waiting.id}")).json()["state"] == "available"
    assert waiting.id not in jobs.rows
    assert (await http.delete(f"{JOBS}/{running.id}")).status_code == 409
    assert running.id in jobs.rows
