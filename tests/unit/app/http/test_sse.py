"""Event streams: the present state first, what changes next, and an end."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from revenge.app.http.app import close_streams
from revenge.app.http.services import ApiServices
from revenge.app.http.sse import CATCH_UP, Beginning, Mailbox, Streams, version
from revenge.infra.jobs import JobEvent, JobState
from tests.fakes.jobs import START, FakeJobs
from tests.fakes.services import StoppedClock


def parse(block: bytes) -> dict[str, Any]:
    """Read one event as a browser does."""
    fields = dict(line.split(": ", 1) for line in block.decode().strip().splitlines())
    return {**fields, "data": json.loads(fields["data"])} if "data" in fields else fields


@pytest.fixture
def streams(jobs: FakeJobs, clock: StoppedClock) -> Streams:
    return Streams(jobs, clock=clock)


class Watch:
    """Reads a stream of one job event by event."""

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        self._events = events

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                event = parse(await anext(self._events))
                if "data" in event:
                    return event

    async def ends(self) -> bool:
        async with asyncio.timeout(5):
            async for event in self._events:
                if "data" in parse(event):
                    return False
        return True


async def test_a_job_is_told_from_its_present_state_to_its_end(streams: Streams, jobs: FakeJobs) -> None:
    job = jobs.running()
    async with streams.subscribed(job_ids=(job.id,)) as mailbox:
        watch = Watch(streams.of_job(job, mailbox))
        first = await watch.next()
        assert (first["event"], first["data"]["state"], first["retry"]) == ("state", "running", "1000")
        assert first["data"]["kind"] == "count"
        jobs.report(job.id, "counting", 1, 2, message="one")
        news = await watch.next()
        assert (news["event"], news["data"]["progress"]["percent"]) == ("progress", 50)
        assert set(news["data"]) == {"id", "kind", "queue", "state", "progress"}
        jobs.end(job.id)
        last = await watch.next()
        assert (last["event"], last["data"]["state"]) == ("state", "completed")
        assert len({first["id"], news["id"], last["id"]}) == 3
        assert await watch.ends()


async def test_a_change_that_nobody_told_of_is_found_in_the_row(
    streams: Streams, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.app.http.sse.LOOK_AGAIN", timedelta(milliseconds=1))
    job = jobs.running()
    watch = Watch(streams.of_job(job, Mailbox()))
    await watch.next()
    jobs.subscribers.clear()
    jobs.end(job.id, JobState.DISCARDED, error="boom")
    assert (await watch.next())["data"]["errors"][0]["error"] == "boom"
    assert await watch.ends()


async def test_a_cancel_that_was_asked_for_is_told_though_the_state_is_the_same(
    streams: Streams, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.app.http.sse.LOOK_AGAIN", timedelta(milliseconds=1))
    job = jobs.running()
    watch = Watch(streams.of_job(job, Mailbox()))
    await watch.next()
    await jobs.cancel(job.id)
    told = await watch.next()
    assert (told["event"], told["data"]["state"]) == ("state", "running")
    assert told["data"]["metadata"]["cancel_attempted_at"]


async def test_a_job_that_is_deleted_meanwhile_ends_its_stream(
    streams: Streams, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.app.http.sse.LOOK_AGAIN", timedelta(milliseconds=1))
    job = jobs.add()
    watch = Watch(streams.of_job(job, Mailbox()))
    await watch.next()
    await jobs.delete(job.id)
    assert await watch.ends()


def at(moment: datetime, last_id: int = 0) -> str:
    """Return the position of an event at ``moment``."""
    return f"{int(moment.timestamp() * 1_000_000)}-{last_id}"


async def test_all_jobs_begin_with_those_that_run(streams: Streams, jobs: FakeJobs) -> None:
    jobs.add()
    running = jobs.running()
    beginning = Beginning(await jobs.position())
    async with streams.subscribed(after=beginning.position) as mailbox:
        watch = Watch(streams.of_all(mailbox, beginning, kinds=(), queues=()))
        first = await watch.next()
        assert (first["event"], first["data"]["id"], first["id"]) == ("state", running.id, beginning.position)
        await asyncio.wait_for(jobs.subscribed.wait(), 5)
        other = jobs.add(queue="low")
        told = await watch.next()
        assert (told["event"], told["data"]["id"], told["data"]["queue"]) == ("state", other.id, "low")
        assert told["id"] == jobs.told[-1].position


async def test_what_happens_while_the_running_jobs_are_listed_is_told(streams: Streams, jobs: FakeJobs) -> None:
    """Nobody has subscribed yet, and the list does not show it any more."""
    job = jobs.running()
    beginning = Beginning(await jobs.position())
    jobs.end(job.id)
    async with streams.subscribed(after=beginning.position) as mailbox:
        told = await Watch(streams.of_all(mailbox, beginning, kinds=(), queues=())).next()
    assert (told["data"]["id"], told["data"]["state"]) == (job.id, "completed")


async def test_who_comes_back_is_told_what_it_missed(streams: Streams, jobs: FakeJobs) -> None:
    seen, missed = jobs.running(), jobs.running()
    jobs.end(seen.id)
    last_id = jobs.told[-1].position
    jobs.end(missed.id)
    running = jobs.running()
    beginning = Beginning.of(last_id, present=await jobs.position())
    assert beginning == Beginning(last_id)
    async with streams.subscribed(after=beginning.position) as mailbox:
        watch = Watch(streams.of_all(mailbox, beginning, kinds=(), queues=()))
        told = [await watch.next() for _ in range(3)]
    assert [event["data"]["id"] for event in told] == [running.id, missed.id, running.id]
    # Who leaves again before it was told has missed it still.
    assert told[0]["id"] == last_id


@pytest.mark.parametrize(
    "last_event_id",
    [
        at(START - CATCH_UP - timedelta(seconds=1)),
        at(START + timedelta(seconds=1)),
        at(START, 8),
        "0-0",
        "9" * 17 + "-1",
    ],
)
async def test_who_was_away_for_too_long_or_at_another_database_reads_anew(
    streams: Streams, jobs: FakeJobs, last_event_id: str
) -> None:
    beginning = Beginning.of(last_event_id, present=at(START, 7))
    assert beginning == Beginning(at(START, 7), is_gapless=False)
    assert (await Watch(streams.of_all(Mailbox(), beginning, kinds=(), queues=())).next())["event"] == "reset"


@pytest.mark.parametrize("last_event_id", [None, "", "abc", "-1", "1-2-3", "1.5-1", "\u0661-1"])
def test_an_event_id_that_is_none_of_ours_counts_as_none(last_event_id: str | None) -> None:
    assert Beginning.of(last_event_id, present=at(START, 7)) == Beginning(at(START, 7))


async def test_too_much_to_list_is_told_by_a_reset(
    streams: Streams, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.app.http.sse.PRESENT_ROWS", 2)
    for _ in range(3):
        jobs.running()
    watch = Watch(streams.of_all(Mailbox(), Beginning(await jobs.position()), kinds=(), queues=()))
    assert [(await watch.next())["event"] for _ in range(3)] == ["state", "state", "reset"]


async def test_only_what_was_asked_for_is_told(streams: Streams, jobs: FakeJobs) -> None:
    jobs.running(queue="low")
    wanted = jobs.running(queue="bulk")
    async with streams.subscribed(queues=("bulk",)) as mailbox:
        watch = Watch(streams.of_all(mailbox, Beginning(await jobs.position()), kinds=(), queues=("bulk",)))
        assert (await watch.next())["data"]["id"] == wanted.id
        await asyncio.wait_for(jobs.subscribed.wait(), 5)
        jobs.add(queue="low")
        other = jobs.add(queue="bulk")
        assert (await watch.next())["data"]["id"] == other.id


async def test_a_mailbox_keeps_the_latest_of_each_sort_and_no_progress_behind_an_end(jobs: FakeJobs) -> None:
    mailbox = Mailbox()
    job = jobs.running()
    for current in (1, 2):
        jobs.report(job.id, "counting", current, 2)
        await mailbox.put(JobEvent(event="progress", job=job, progress=jobs.reports[job.id]))
    (event,) = mailbox.take()
    assert event.progress is not None
    assert event.progress.current == 2
    await mailbox.put(JobEvent(event="progress", job=job, progress=jobs.reports[job.id]))
    await mailbox.put(JobEvent(event="state", job=jobs.end(job.id), progress=None))
    assert [event.event for event in mailbox.take()] == ["state"]


async def test_a_mailbox_that_nobody_empties_does_not_grow_and_loses_nothing(
    jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.app.http.sse.MAILBOX_EVENTS", 3)
    mailbox = Mailbox()
    rows = [jobs.add() for _ in range(5)]

    async def fill() -> None:
        for row in rows:
            await mailbox.put(JobEvent(event="state", job=row, progress=None))

    filling = asyncio.create_task(fill())
    await mailbox.wait(timedelta(seconds=5))
    taken = mailbox.take()
    assert [event.job for event in taken] == rows[:3]
    async with asyncio.timeout(5):
        await filling
    assert [event.job for event in mailbox.take()] == rows[3:]


async def test_a_stop_ends_every_stream_and_leaves_no_subscriber(streams: Streams, jobs: FakeJobs) -> None:
    async with streams.subscribed() as mailbox:
        watch = Watch(streams.of_all(mailbox, Beginning("1-1"), kinds=(), queues=()))
        ended = asyncio.create_task(watch.ends())
        await asyncio.wait_for(jobs.subscribed.wait(), 5)
        streams.close()
        assert await ended
    assert not jobs.subscribers


async def test_events_that_can_not_be_read_end_the_stream(
    streams: Streams, jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def __aiter__(self) -> "Broken":
            return self

        async def __anext__(self) -> JobEvent:
            raise ConnectionError

    monkeypatch.setattr(jobs, "subscribe", lambda **_: Broken())
    async with streams.subscribed() as mailbox:
        assert await Watch(streams.of_all(mailbox, Beginning("1-1"), kinds=(), queues=())).ends()


def test_versions_differ_with_everything_that_a_client_sees_change(jobs: FakeJobs) -> None:
    job = jobs.running()
    jobs.report(job.id, "counting", 1)
    seen = {version(job, None), version(job, jobs.reports[job.id])}
    seen |= {version(jobs.end(job.id), None), version(jobs.running(attempt=2), None)}
    assert len(seen) == 4


async def test_over_http_a_final_job_is_told_once_and_never_again(http: httpx2.AsyncClient, jobs: FakeJobs) -> None:
    job = jobs.running()
    jobs.end(job.id)
    url = f"/api/v1/jobs/{job.id}/events"
    answer = await http.get(url)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    event = parse(answer.content)
    assert event["data"]["state"] == "completed"
    again = await http.get(url, headers={"Last-Event-ID": event["id"]})
    assert (again.status_code, again.content) == (204, b"")
    await jobs.retry(job.id)
    jobs.end(job.id)
    retried = await http.get(url, headers={"Last-Event-ID": event["id"]})
    assert retried.status_code == 200


async def test_over_http_an_unknown_job_and_a_wrong_query_are_problems(
    http: httpx2.AsyncClient, jobs: FakeJobs, services: ApiServices
) -> None:
    assert (await http.get("/api/v1/jobs/404/events")).status_code == 404
    assert (await http.get("/api/v1/events?since=1")).status_code == 422
    assert (await http.get("/api/v1/events", headers={"Last-Event-ID": "x" * 300})).status_code == 422
    assert not jobs.subscribers


async def test_over_http_kinds_and_queues_may_be_repeated_or_joined(
    http: httpx2.AsyncClient, app: FastAPI, jobs: FakeJobs
) -> None:
    for queue in ("high", "low", "bulk"):
        jobs.running(queue=queue)
    close_streams(app)
    for query in ("queues=low,bulk", "queues=low&queues=bulk", "queues=low,bulk&kinds=count"):
        text = (await http.get(f"/api/v1/events?{query}")).text
        assert text.count("event: state") == 2
    assert (await http.get("/api/v1/events?kinds=other")).text.count("event:") == 0


async def test_over_http_who_comes_back_too_late_is_told_to_read_anew(
    http: httpx2.AsyncClient, app: FastAPI, jobs: FakeJobs
) -> None:
    close_streams(app)
    answer = await http.get("/api/v1/events", headers={"Last-Event-ID": "1-1"})
    assert "event: reset" in answer.text
