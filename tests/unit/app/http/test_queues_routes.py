"""Queues over HTTP: look, pause, resume."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from tests.fakes.jobs import FakeJobs

QUEUES = "/api/v1/queues"


async def test_list_tells_counts_longest_wait_and_workers(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    jobs.add(queue="low", scheduled_at=datetime.now(UTC) - timedelta(seconds=90))
    jobs.running(queue="low")
    found = {queue["name"]: queue for queue in (await http.get(QUEUES)).json()["queues"]}
    assert found["low"]["counts"] == {"available": 1, "pending": 0, "retryable": 0, "running": 1, "scheduled": 0}
    assert found["low"]["oldest_wait_s"] == pytest.approx(90, abs=5)
    assert found["low"]["workers"] == 5
    assert found["critical"]["oldest_wait_s"] is None


async def test_pause_and_resume_answer_with_the_queue(http: httpx2.AsyncClient) -> None:
    assert (await http.post(f"{QUEUES}/bulk/pause")).json()["paused"] is True
    assert (await http.post(f"{QUEUES}/bulk/pause")).status_code == 200
    assert (await http.post(f"{QUEUES}/bulk/resume")).json()["paused"] is False


async def test_a_star_is_every_queue(http: httpx2.AsyncClient) -> None:
    queues = (await http.post(f"{QUEUES}/*/pause")).json()["queues"]
    assert {queue["paused"] for queue in queues} == {True}


async def test_a_queue_that_nobody_ever_served_is_404(http: httpx2.AsyncClient) -> None:
    answer = await http.post(f"{QUEUES}/nobody/pause")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:revenge:problem:queue-not-found"
