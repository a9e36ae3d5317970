"""Periodic jobs over HTTP: look, pause, run now, change when they run."""

import httpx2
import pytest

PERIODIC = "/api/v1/periodic"
NIGHTLY = f"{PERIODIC}/nightly.cleanup"


async def test_list_tells_schedule_policy_and_next_run(http: httpx2.AsyncClient) -> None:
    (found,) = (await http.get(PERIODIC)).json()["periodic"]
    assert found["id"] == "nightly.cleanup"
    assert found["schedule"] == {"cron": "0 3 * * *"}
    assert (found["missed"], found["paused"], found["overridden"]) == ("once", False, False)
    assert found["next_run_at"] == "2026-11-24T03:00:00Z"
    assert (await http.get(NIGHTLY)).json() == found


async def test_pause_resume_and_run_answer_with_what_is_now_true(http: httpx2.AsyncClient) -> None:
    assert (await http.post(f"{NIGHTLY}/pause")).json()["paused"] is True
    assert (await http.post(f"{NIGHTLY}/resume")).json()["paused"] is False
    asked = await http.post(f"{NIGHTLY}/run")
    assert (asked.status_code, asked.json()["run_requested"]) == (202, True)


async def test_another_schedule_is_in_force_until_it_is_taken_back(http: httpx2.AsyncClient) -> None:
    every = await http.put(f"{NIGHTLY}/schedule", json={"every_s": 90})
    assert (every.json()["schedule"], every.json()["overridden"]) == ({"every_s": 90.0}, True)
    cron = await http.put(f"{NIGHTLY}/schedule", json={"cron": "*/5 * * * *", "zone": "Europe/Berlin"})
    assert cron.json()["schedule"] == {"cron": "*/5 * * * *", "zone": "Europe/Berlin"}
    back = await http.delete(f"{NIGHTLY}/schedule")
    assert (back.json()["schedule"], back.json()["overridden"]) == ({"cron": "0 3 * * *"}, False)


@pytest.mark.parametrize(
    "body",
    [{}, {"every_s": 0}, {"every_s": "90"}, {"cron": "every morning"}, {"cron": "0 3 * * *", "zone": "Mars/Olympus"}],
)
async def test_what_is_no_schedule_is_refused_and_changes_nothing(http: httpx2.AsyncClient, body: object) -> None:
    before = (await http.get(NIGHTLY)).json()
    assert (await http.put(f"{NIGHTLY}/schedule", json=body)).status_code == 422
    assert (await http.get(NIGHTLY)).json() == before


async def test_one_that_nobody_declared_is_404_and_a_forgotten_one_is_gone(http: httpx2.AsyncClient) -> None:
    answer = await http.post(f"{PERIODIC}/nobody/pause")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:revenge:problem:periodic-not-found")
    assert (await http.delete(NIGHTLY)).status_code == 204
    assert (await http.get(NIGHTLY)).status_code == 404
