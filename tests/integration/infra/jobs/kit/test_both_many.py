"""Searching, and changing many jobs at a time, mean the same in memory and on a database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revenge.infra.jobs import (
    FINAL,
    UNFINISHED,
    Client,
    InsertOpts,
    InvalidJob,
    JobFilter,
    JobListParams,
    JobNotFound,
    JobOrder,
    JobState,
    UniqueOpts,
)
from revenge.infra.jobs.testing import drain
from tests.fakes.engine import ActArgs, Actor
from tests.integration.infra.jobs.kit.conftest import Make

LATER = datetime(2199, 1, 1, tzinfo=UTC)


async def _fill(client: Client) -> None:
    """Insert jobs 0 to 5, which differ in much."""
    for number in range(6):
        await client.insert(
            ActArgs(number=number),
            InsertOpts(
                queue="first" if number % 2 else "second",
                priority=1 + number % 3,
                tags=[f"tag{number}", "all"],
                metadata={"number": number, "list": [number, {"deep": True}]},
                scheduled_at=LATER - timedelta(days=number) if number < 4 else None,
            ),
        )


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({"order_by": JobOrder.ID, "descending": False}, [0, 1, 2, 3, 4, 5]),
        ({"priorities": [1]}, [3, 0]),
        ({"tags_any": ["tag1", "tag4", "none"], "tags": ["all"]}, [4, 1]),
        ({"metadata": {"number": 2}}, [2]),
        ({"metadata": {"list": [{"deep": True}]}, "queues": ["first"]}, [5, 3, 1]),
        ({"metadata": {"number": True}}, []),
        ({"order_by": JobOrder.SCHEDULED_AT, "states": [JobState.SCHEDULED]}, [0, 1, 2, 3]),
        ({"order_by": JobOrder.SCHEDULED_AT, "states": [JobState.SCHEDULED], "descending": False}, [3, 2, 1, 0]),
        ({"order_by": JobOrder.TIME, "states": [JobState.SCHEDULED, JobState.AVAILABLE]}, [0, 1, 2, 3, 5, 4]),
    ],
)
async def test_a_search_filters_and_orders(client: Client, params: dict[str, Any], numbers: list[int]) -> None:
    await _fill(client)
    assert [job.args["number"] for job in (await client.list(JobListParams(**params))).jobs] == numbers
    paged, cursor = [], None
    while True:
        page = await client.list(JobListParams(**params, limit=2, cursor=cursor))
        paged += [job.args["number"] for job in page.jobs]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == numbers


async def test_ended_jobs_are_ordered_by_their_ends(make: Make) -> None:
    async def nothing(_: Any) -> None: ...

    client = make(Actor(nothing))
    await client.insert_many([ActArgs(number=number) for number in range(3)])
    await client.cancel((await client.list()).jobs[0].id)
    await drain(client)
    ended = await client.list(JobListParams(order_by=JobOrder.FINALIZED_AT, descending=False))
    assert [job.args["number"] for job in ended.jobs] == [2, 0, 1]
    with pytest.raises(InvalidJob):
        await client.list(JobListParams(order_by=JobOrder.FINALIZED_AT, states=[JobState.RUNNING]))


async def test_many_are_cancelled_retried_and_deleted(client: Client) -> None:
    await _fill(client)
    cancelled = await client.cancel_many(JobFilter(queues=["first"]), limit=2)
    assert [(job.args["number"], job.state) for job in cancelled] == [(1, "cancelled"), (3, "cancelled")]
    retried = await client.retry_many(JobFilter(states=FINAL))
    assert [(job.args["number"], job.state) for job in retried] == [(1, "available"), (3, "available")]
    assert "cancel_attempted_at" not in retried[0].metadata
    deleted = await client.delete_many(JobFilter(priorities=[1, 2]))
    assert [job.args["number"] for job in deleted] == [0, 1, 3, 4]
    with pytest.raises(InvalidJob):
        await client.delete_many()
    assert len(await client.delete_many(unsafe_all=True)) == 2
    assert (await client.list()).jobs == []


async def test_of_many_with_one_key_one_is_retried(client: Client) -> None:
    opts = InsertOpts(unique=UniqueOpts(by_args=True, by_state=UNFINISHED))
    for _ in range(3):
        await client.cancel((await client.insert(ActArgs(), opts)).job.id)
    retried = await client.retry_many(JobFilter(kinds=["act"]))
    assert len(retried) == 1
    assert await client.retry_many(JobFilter(states=[JobState.CANCELLED])) == []


async def test_an_update_sets_output_and_metadata(client: Client) -> None:
    job = (await client.insert(ActArgs(), InsertOpts(metadata={"kept": 1}))).job
    updated = await client.update(job.id, output={"done": True}, metadata={"more": [1]})
    assert updated == await client.get(job.id)
    assert updated.metadata == {"kept": 1, "more": [1], "output": {"done": True}}
    with pytest.raises(JobNotFound):
        await client.update(job.id + 1, output=None)
