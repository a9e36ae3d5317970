"""Steps of a job: what is left out, what goes on at a cursor, what is stored and what is a mistake, all as in River."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from pydantic import BaseModel

from revenge.infra.jobs import Cancel, Job, JobState, Snooze
from revenge.infra.jobs.attempt import Attempt, StopCause
from revenge.infra.jobs.errors import StepError
from revenge.infra.jobs.resumable import CURSORS, STEP, Cursor, Steps
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.testing import StoppedClock
from revenge.infra.jobs.verdict import Verdicts
from revenge.infra.jobs.workplace import Workplace
from tests.fakes.engine import attempt, claim

NOT_ASKED: Any = None
"""Stands for a connection where none is used."""
Work = Callable[[Job[Any]], Awaitable[object]]


class Ran:
    """What steps ran, in order; ``fail`` in a name makes that step raise."""

    def __init__(self) -> None:
        self.steps: list[object] = []

    async def __call__(self, name: str) -> None:
        self.steps.append(name)
        if "fail" in name:
            raise ValueError(name)


@pytest.fixture
def ran() -> Ran:
    return Ran()


def row(**metadata: Any) -> Attempt:
    """Return an attempt of a job whose row has this metadata; a double underscore stands for ``river:``."""
    renamed = {key.replace("__", "river:"): value for key, value in metadata.items()}
    return attempt(metadata_json=orjson.dumps(renamed).decode() if renamed else None)


async def run(found: Attempt, work: Work) -> tuple[str, dict[str, Any]]:
    """Work it as the executor does; return the state, or River's error text, and the metadata that is merged."""
    job = found.job
    assert job is not None
    verdicts = Verdicts(clock=StoppedClock(), retry_policy=LinearRetry(step=timedelta(minutes=1)))
    try:
        result = await work(job)
        settlement = verdicts.success(found, job.open_steps().conclude(result))
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as the executor does
        settlement = verdicts.failure(found, error)
    merged = orjson.loads(settlement.metadata or "{}")
    if settlement.state is JobState.RETRYABLE and settlement.error is not None:
        return orjson.loads(settlement.error)["error"], merged
    return settlement.state.value, merged


# What is left out, and where it goes on


async def test_the_first_attempt_does_every_step_and_stores_nothing(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        await job.step("b", ran, "b")

    assert await run(row(), work) == ("completed", {})
    assert ran.steps == ["a", "b"]


async def test_steps_that_an_earlier_attempt_did_are_left_out(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        for name in "abc":
            await job.step(name, ran, name)

    assert await run(row(__resumable_step="b"), work) == ("completed", {})
    assert ran.steps == ["c"]


async def test_a_failure_stores_the_last_step_that_was_done(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        await job.step("b", ran, "b")
        await job.step("c", ran, "fail")

    assert await run(row(), work) == ("ValueError: fail", {STEP: "b"})


async def test_a_failure_right_after_resuming_stores_the_same_step_again(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        await job.step("b", ran, "fail")

    assert await run(row(__resumable_step="a"), work) == ("ValueError: fail", {STEP: "a"})
    assert ran.steps == ["fail"]


@pytest.mark.parametrize(
    ("end", "state"), [(Snooze(timedelta(minutes=5)), "scheduled"), (Cancel("enough"), "cancelled")]
)
async def test_an_end_that_is_no_success_stores_it_too(ran: Ran, end: Snooze | Cancel, state: str) -> None:
    async def work(job: Job[Any]) -> object:
        await job.step("a", ran, "a")
        return end

    found, merged = await run(row(), work)
    assert (found, merged[STEP]) == (state, "a")


async def test_an_interruption_stores_it_too(ran: Ran) -> None:
    found = row()

    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        found.cause = StopCause.STOPPED
        raise asyncio.CancelledError

    assert await run(found, work) == ("available", {STEP: "a"})


async def test_a_cancel_from_outside_stores_it_too(ran: Ran) -> None:
    found = row()

    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        found.cause = StopCause.CANCELLED
        raise asyncio.CancelledError

    assert await run(found, work) == ("cancelled", {STEP: "a"})


async def test_what_cannot_be_staged_does_not_cost_the_steps(ran: Ran) -> None:
    async def work(job: Job[Any]) -> object:
        await job.step("a", ran, "a")
        return object()

    text, merged = await run(row(), work)
    assert text.startswith("TypeError: object has no JSON form")
    assert merged == {STEP: "a"}


def test_plain_functions_have_steps_without_await() -> None:
    job = attempt(metadata_json='{"river:resumable_step": "a"}').job
    assert job is not None
    ran: list[object] = []
    job.step("a", ran.append, 1)
    job.step("b", ran.append, 2)
    job.cursor_step("c", int, lambda cursor: ran.append(cursor.value))
    assert ran == [2, None]
    assert job.open_steps().unsaved() == {STEP: "c"}


# Cursors


async def rows(cursor: Cursor[int], ran: list[object], until: int, *, fails: bool = True) -> None:
    ran.append(cursor.value)
    cursor.set(until)
    assert cursor.value == until
    if fails:
        raise ValueError("fail")


@pytest.mark.parametrize("first", [True, False])
async def test_a_step_goes_on_at_its_cursor(first: bool, ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        if not first:
            await job.step("before", ran, "before")
        await job.cursor_step("rows", int, rows, ran.steps, 7)

    text, merged = await run(row(), work)
    step = {} if first else {STEP: "before"}
    assert (text, merged) == ("ValueError: fail", {CURSORS: {"rows": 7}, **step})

    ran.steps.clear()
    again = attempt(metadata_json=orjson.dumps(merged).decode())
    _, merged = await run(again, work)
    assert ran.steps == [7]
    assert merged == {CURSORS: {"rows": 7}, **step}


async def test_a_step_that_ends_takes_its_cursor_back(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.cursor_step("rows", int, rows, ran.steps, 9, fails=False)
        await job.step("after", ran, "fail")

    expected = ("ValueError: fail", {CURSORS: None, STEP: "rows"})
    assert await run(row(), work) == expected
    assert await run(row(__resumable_cursor={"rows": 7}), work) == expected
    assert ran.steps == [None, "fail", 7, "fail"]


async def test_cursors_of_other_steps_stay_as_they_were_to_the_last_digit(ran: Ran) -> None:
    stored = '{"river:resumable_step": "a", "river:resumable_cursor": {"x": 1.10, "y": {"n": 12345678901234567890123}}}'

    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        await job.cursor_step("rows", int, rows, ran.steps, 7)

    found = attempt(metadata_json=stored)
    assert found.job is not None
    with pytest.raises(ValueError, match="fail"):
        await work(found.job)
    settlement = Verdicts(clock=StoppedClock(), retry_policy=LinearRetry()).failure(found, ValueError())
    assert settlement.metadata is not None
    assert '"x":1.10,"y":{"n":12345678901234567890123},"rows":7' in settlement.metadata


class Place(BaseModel):
    page: int
    after: str = ""


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, 3),
        (str, "a<b>"),
        (float, 1.5),
        (Place, Place(page=2, after="x")),
        (list[int], [1, 2]),
        (timedelta, timedelta(minutes=90)),
        (object, {"any": [1, None]}),
    ],
)
async def test_a_cursor_is_whatever_json_can_hold(type_: type[Any], value: Any) -> None:
    seen: list[Any] = []

    async def walk(cursor: Cursor[Any]) -> None:
        seen.append(cursor.value)
        cursor.set(value)
        raise ValueError("fail")

    async def work(job: Job[Any]) -> None:
        await job.cursor_step("walk", type_, walk)

    found = row()
    assert found.job is not None
    with pytest.raises(ValueError, match="fail"):
        await work(found.job)
    again = attempt(metadata_json=orjson.dumps(found.job.open_steps().unsaved(), default=float).decode())
    await run(again, work)
    assert seen == [None, value]


async def test_a_cursor_left_over_beside_a_step_harms_nobody(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        await job.step("b", ran, "b")

    assert await run(row(__resumable_step="a", __resumable_cursor={"gone": 1}), work) == ("completed", {})


async def test_a_cursor_cannot_be_set_when_its_step_has_ended() -> None:
    kept: list[Cursor[int]] = []
    job = row().job
    assert job is not None
    job.cursor_step("rows", int, kept.append)
    with pytest.raises(RuntimeError, match="only be set while that step runs"):
        kept[0].set(1)


# What holds once it has happened


async def test_no_step_runs_after_one_that_failed_though_its_error_was_caught(ran: Ran) -> None:
    async def work(job: Job[Any]) -> str:
        with pytest.raises(ValueError, match="fail"):
            await job.step("a", ran, "fail")
        await job.step("b", ran, "b")
        await job.cursor_step("c", int, rows, ran.steps, 1)
        return "fine"

    assert await run(row(), work) == ("ValueError: fail", {})
    assert ran.steps == ["fail"]


@pytest.mark.parametrize(
    ("end", "state"), [(Snooze(timedelta(minutes=5)), "scheduled"), (Cancel("enough"), "cancelled")]
)
async def test_a_steps_wish_is_the_attempts(ran: Ran, end: Snooze | Cancel, state: str) -> None:
    async def wish() -> Snooze | Cancel:
        return end

    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        await job.step("b", wish)
        await job.step("c", ran, "c")

    found, merged = await run(row(), work)
    assert (found, merged[STEP], ran.steps) == (state, "a", ["a"])


async def test_the_workers_own_wish_comes_before_its_steps_error(ran: Ran) -> None:
    async def work(job: Job[Any]) -> object:
        with pytest.raises(ValueError, match="fail"):
            await job.step("a", ran, "fail")
        return Snooze(timedelta(minutes=5))

    assert (await run(row(), work))[0] == "scheduled"


# Mistakes, in River's words


async def test_steps_cannot_be_nested(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        async def outer() -> None:
            await job.step("inner", ran, "inner")

        await job.step("a", ran, "a")
        await job.step("outer", outer)

    assert await run(row(), work) == ("river: resumable steps cannot be nested", {STEP: "a"})


async def test_a_nested_step_fails_its_attempt_though_the_outer_one_catches_it(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        async def outer() -> None:
            with pytest.raises(StepError):
                await job.step("inner", ran, "inner")

        await job.step("outer", outer)

    assert await run(row(), work) == ("river: resumable steps cannot be nested", {})
    assert ran.steps == []


@pytest.mark.parametrize("resumed", [{}, {"__resumable_step": "a"}])
@pytest.mark.parametrize("has_cursor", [True, False])
async def test_a_name_is_used_once(ran: Ran, resumed: dict[str, Any], has_cursor: bool) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("a", ran, "a")
        if has_cursor:
            await job.cursor_step("a", int, rows, ran.steps, 1)
        else:
            await job.step("a", ran, "a")

    assert await run(row(**resumed), work) == ('river: duplicate resumable step name "a"', {STEP: "a"})


async def test_a_stored_step_that_is_gone_fails_the_attempt(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("new", ran, "new")

    assert await run(row(__resumable_step="old"), work) == ('river: resumable step "old" not found in Worker', {})
    assert ran.steps == []


async def test_a_stored_cursor_whose_step_is_gone_fails_the_attempt_and_stays(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("new", ran, "new")

    found = row(__resumable_cursor={"z": 1, "old": 2})
    assert await run(found, work) == ('river: resumable cursor step "old" not found in Worker', {})
    assert ran.steps == ["new"]


async def test_a_step_with_a_cursor_must_stay_one(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("rows", ran, "rows")

    found = row(__resumable_cursor={"rows": 2})
    assert await run(found, work) == ('river: resumable cursor step "rows" requires a cursor step', {})
    assert ran.steps == []


async def test_a_checkpoint_cannot_come_before_a_cursor_that_was_not_reached(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.step("new", partial(job.save_step, conn=NOT_ASKED))

    text, merged = await run(row(__resumable_cursor={"rows": 2}), work)
    assert (text, merged) == ('river: resumable checkpoint cannot precede saved cursor step "rows"', {})


async def test_a_cursor_of_another_type_fails_the_attempt_and_stays(ran: Ran) -> None:
    async def work(job: Job[Any]) -> None:
        await job.cursor_step("rows", int, rows, ran.steps, 1)

    text, merged = await run(row(__resumable_cursor={"rows": "x"}), work)
    assert text.startswith('river: unmarshal resumable cursor for step "rows": ')
    assert (ran.steps, merged) == ([], {})


def test_cursors_that_are_no_object_are_refused() -> None:
    with pytest.raises(
        StepError, match=r"^river: unmarshal resumable cursors: json: cannot unmarshal array into Go value"
    ):
        Steps(claim(metadata_json='{"river:resumable_cursor": [1]}'))


@pytest.mark.parametrize("metadata", ["[1]", '{"river:resumable_step": 3, "river:resumable_cursor": null}', "7"])
def test_metadata_of_another_shape_means_no_steps(metadata: str) -> None:
    steps = Steps(claim(metadata_json=metadata))
    assert steps.conclude("fine") == "fine"


async def test_a_step_that_was_not_awaited_fails_the_attempt() -> None:
    async def never() -> None:
        raise AssertionError

    async def work(job: Job[Any]) -> None:
        pending = job.step("a", never)
        pending.close()

    with pytest.warns(RuntimeWarning, match="never awaited"):
        assert await run(row(), work) == ('step "a" was begun and not awaited', {})


async def test_what_a_transaction_is_storing_is_not_overwritten_by_an_abandoned_attempt(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that is written meanwhile waits for the transaction, and would put the earlier step in its place."""
    under_way, may_go_on = asyncio.Event(), asyncio.Event()

    class Slow:
        async def merge_metadata(self, *_: object, **__: object) -> bool:
            under_way.set()
            await may_go_on.wait()
            return True

    found = row()
    assert found.job is not None
    slow: Any = Slow()
    place = Workplace(client=NOT_ASKED, store=slow, blocking_store=slow, clock=StoppedClock())
    monkeypatch.setattr("revenge.infra.jobs.resumable.workplace", lambda: place)
    await found.job.step("first", ran, "first")
    second = asyncio.ensure_future(found.job.step("second", partial(found.job.save_step, conn=NOT_ASKED)))
    await under_way.wait()
    steps = found.job.open_steps()
    meanwhile = steps.unsaved()
    may_go_on.set()
    await second
    assert (meanwhile, steps.unsaved()) == ({}, {STEP: "second"})


def test_a_checkpoint_belongs_into_a_step() -> None:
    job = row().job
    assert job is not None
    with pytest.raises(RuntimeError, match="only be set while that step runs"):
        job.save_step_blocking(conn=NOT_ASKED)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a<b>&c", '"a<b>&c"'),
        ('say "a\\b"', '"say \\"a\\\\b\\""'),
        ("\t\n\x00\x7f\x1b", '"\\t\\n\\x00\\x7f\\x1b"'),
        ("ä😀\u200b\u2028", '"ä😀\\u200b\\u2028"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_names_are_quoted_as_go_does(name: str, quoted: str) -> None:
    steps = Steps(claim(metadata_json=orjson.dumps({STEP: name}).decode()))
    with pytest.raises(StepError) as raised:
        steps.conclude(None)
    assert str(raised.value) == f"river: resumable step {quoted} not found in Worker"
