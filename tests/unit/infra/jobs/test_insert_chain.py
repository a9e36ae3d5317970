"""Plugins around an insert are called in River's order, and what they change is what is written."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from revenge.infra.jobs import (
    ClientConfig,
    InsertOpts,
    InsertResult,
    InvalidJob,
    InvalidPlugin,
    JobArgs,
    JobInsertParams,
    JobState,
)
from revenge.infra.jobs.drivers import at_once
from revenge.infra.jobs.insert_chain import InsertChain
from revenge.infra.jobs.insertion import Builder, NewJob
from revenge.infra.jobs.plugins import look_up

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TOLD: list[str] = []
Insert = Callable[[], Awaitable[Sequence[InsertResult]]]


@pytest.fixture(autouse=True)
def _forget() -> None:
    TOLD.clear()


class Notes:
    def __init__(self, name: str) -> None:
        self._name = name

    async def around_insert(self, jobs: Sequence[JobInsertParams], proceed: Insert) -> Sequence[InsertResult]:
        TOLD.append(f"{self._name} in: {[job.kind for job in jobs]}")
        results = await proceed()
        TOLD.append(f"{self._name} out")
        return results

    async def insert_begin(self, params: JobInsertParams) -> None:
        TOLD.append(f"{self._name} begin {params.kind}")


class PlainArgs(JobArgs, kind="plain"):
    number: int = 0


class FirstArgs(JobArgs, kind="first"):
    plugins = (Notes("of first"),)


class SecondArgs(JobArgs, kind="second"):
    plugins = (Notes("of second"),)


async def insert(
    args: Sequence[JobArgs], plugins: Sequence[object] = (), opts: InsertOpts | None = None
) -> list[NewJob]:
    """Insert through the plugins; return what arrived."""
    builder, arrived = Builder(config=ClientConfig(), now=NOW), list[NewJob]()

    async def arrive(rows: Sequence[NewJob]) -> Sequence[InsertResult]:
        TOLD.append("statement")
        arrived.extend(rows)
        return ()

    await InsertChain(look_up(plugins)).run([builder.build(one, opts) for one in args], args, arrive)
    return arrived


async def test_calls_around_an_insert_come_in_rivers_order() -> None:
    await insert([SecondArgs(), FirstArgs(), SecondArgs()], [Notes("one"), Notes("two")])
    assert TOLD == [
        "one in: ['second', 'first', 'second']",
        "two in: ['second', 'first', 'second']",
        "of second in: ['second', 'first', 'second']",
        "of first in: ['second', 'first', 'second']",
        "one begin second",
        "two begin second",
        "of second begin second",
        "one begin first",
        "two begin first",
        "of first begin first",
        "one begin second",
        "two begin second",
        "of second begin second",
        "statement",
        "of first out",
        "of second out",
        "two out",
        "one out",
    ]


def test_inserts_that_no_plugin_concerns_go_straight_to_the_statement() -> None:
    assert not InsertChain(look_up([])).applies([PlainArgs])
    assert InsertChain(look_up([])).applies([PlainArgs, FirstArgs])
    assert InsertChain(look_up([Notes("one")])).applies([PlainArgs])


class Changes:
    def __init__(self, change: Callable[[JobInsertParams], Any]) -> None:
        self._change = change

    async def insert_begin(self, params: JobInsertParams) -> None:
        self._change(params)


async def test_what_a_plugin_assigns_is_written() -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)

    def change(params: JobInsertParams) -> None:
        params.metadata["trace"] = "abc"
        params.tags.append("seen")
        params.queue, params.priority, params.max_attempts = "low", 4, 7
        params.state, params.scheduled_at = JobState.SCHEDULED, later
        params.args = PlainArgs(number=2)

    opts = InsertOpts(metadata={"mine": 1}, tags=["own"])
    (row,) = await insert([PlainArgs(number=1)], [Changes(change)], opts)
    shape = row.shape
    assert orjson.loads(row.args) == {"number": 2}
    assert orjson.loads(shape.metadata) == {"mine": 1, "trace": "abc"}
    assert list(shape.tags) == ["own", "seen"]
    assert (shape.queue, shape.priority, shape.max_attempts) == ("low", 4, 7)
    assert (shape.state, shape.scheduled_at) == (JobState.SCHEDULED, later)


async def test_a_change_of_one_job_leaves_its_neighbours_alone() -> None:
    def change(params: JobInsertParams) -> None:
        assert isinstance(params.args, PlainArgs)
        if params.args.number == 1:
            params.metadata["only"] = True

    rows = await insert([PlainArgs(number=0), PlainArgs(number=1)], [Changes(change)])
    assert [row.shape.metadata for row in rows] == ["{}", '{"only":true}']


async def test_what_no_plugin_changes_is_written_as_it_was() -> None:
    builder = Builder(config=ClientConfig(), now=NOW)
    opts = InsertOpts(metadata={"b": 1, "a": 2.5}, tags=["own"], scheduled_at=NOW)
    row = builder.build(PlainArgs(number=1), opts)
    (arrived,) = await insert([PlainArgs(number=1)], [Notes("one")], opts)
    assert (arrived.args, arrived.unique) == (row.args, row.unique)
    for name in row.shape.__slots__:
        assert getattr(arrived.shape, name) == getattr(row.shape, name) or name == "tags"
    assert list(arrived.shape.tags) == ["own"]


async def test_a_hook_that_raises_keeps_everything_from_being_inserted() -> None:
    class Refuses:
        async def insert_begin(self, params: JobInsertParams) -> None:
            raise PermissionError(params.kind)

    with pytest.raises(PermissionError, match="plain"):
        await insert([PlainArgs()], [Refuses()])
    assert TOLD == []


async def test_what_has_no_json_form_is_told_with_the_kind() -> None:
    def change(params: JobInsertParams) -> None:
        params.metadata["lock"] = object()

    with pytest.raises(InvalidJob, match="what a plugin put into a job of kind 'plain' has no JSON form"):
        await insert([PlainArgs()], [Changes(change)])


async def test_a_plugin_that_waits_is_told_off_where_there_is_no_event_loop() -> None:
    class Waits:
        async def insert_begin(self, params: JobInsertParams) -> None:
            await asyncio.get_running_loop().create_future()

    with pytest.raises(InvalidPlugin, match="those of jobs that a SyncClient inserts must not"):
        at_once(insert([PlainArgs()], [Waits()]))
    assert len(at_once(insert([PlainArgs()], [Notes("one")]))) == 1
