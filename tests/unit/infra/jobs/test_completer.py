"""Results are written in batches, kept while the database is away, and one that is refused holds up no other."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
import pytest

from revenge.infra.jobs import outcome
from revenge.infra.jobs.completer import BACKPRESSURE, BATCH, LONGEST_PAUSE, Completer, Persisted
from revenge.infra.jobs.errors import StoreError, UniqueKeyTaken
from revenge.infra.jobs.models import Claim, JobState
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.testing import StoppedClock, settle
from tests.fakes.engine import NOW, claim

AWAY = StoreError("gone", retryable=True)
REFUSED = StoreError("refused", retryable=False, is_refusal=True)


@dataclass
class Table:
    """Keeps what is written; ``fails`` says for each statement what goes wrong, ``stale`` which rows are not ours."""

    fails: Callable[[Sequence[Claim | Settlement]], Exception | None] = lambda _: None
    stale: set[int] = field(default_factory=set)
    written: dict[int, JobState] = field(default_factory=dict)
    settlements: dict[int, Settlement] = field(default_factory=dict)
    statements: list[int] = field(default_factory=list)
    gate: asyncio.Event | None = None
    freed: list[int] = field(default_factory=list)

    async def complete_many(self, claims: Sequence[Claim], *, finalized_at: datetime) -> Persisted:
        return await self._write(claims, [(item.id, JobState.COMPLETED) for item in claims])

    async def settle_many(self, settlements: Sequence[Settlement], *, now: datetime) -> Persisted:
        persisted = await self._write(settlements, [(item.id, item.state) for item in settlements])
        self.settlements.update({item.id: item for item in settlements})
        return persisted

    async def free_key(self, settlement: Settlement) -> None:
        self.freed.append(settlement.id)

    async def _write(self, items: Sequence[Claim | Settlement], rows: Persisted) -> Persisted:
        if self.gate is not None:
            await self.gate.wait()
        if (error := self.fails(items)) is not None:
            raise error
        self.statements.append(len(items))
        rows = [row for row in rows if row[0] not in self.stale]
        self.written.update(rows)
        return rows


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def stopped_clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def completer(table: Table, stopped_clock: StoppedClock) -> Completer:
    return Completer(clock=stopped_clock, store=table)


def failure(**columns: object) -> Settlement:
    return outcome.failed(claim(**columns), now=NOW, retry_at=NOW + timedelta(hours=1), error='{"error":"x"}')


def with_output(item: Claim) -> Settlement:
    return outcome.completed(item, now=NOW, metadata='{"output":1}')


def refusing(text: str) -> Callable[[Sequence[Claim | Settlement]], Exception | None]:
    """A table that refuses metadata with ``text`` in it."""
    return lambda items: REFUSED if any(text in str(getattr(item, "metadata", "")) for item in items) else None


async def test_the_results_of_one_round_go_in_one_statement(completer: Completer, table: Table) -> None:
    for _ in range(50):
        completer.add_done(claim())
    await completer.drain()
    assert table.statements == [50]
    assert completer.unwritten == 0


async def test_a_flood_goes_in_full_batches(completer: Completer, table: Table) -> None:
    for _ in range(2 * BATCH + 10):
        completer.add_done(claim())
    await completer.drain()
    assert sorted(table.statements) == [10, BATCH, BATCH]


async def test_one_result_alone_does_not_wait(completer: Completer, table: Table) -> None:
    completer.add_done(claim())
    await settle()
    assert table.statements == [1]


async def test_results_are_kept_while_the_database_is_away(
    completer: Completer, table: Table, stopped_clock: StoppedClock
) -> None:
    table.fails = lambda _: AWAY
    done, failed = claim(), failure()
    completer.add_done(done)
    completer.add(failed)
    await stopped_clock.advance(timedelta(minutes=10))
    assert completer.unwritten == 2
    assert set(completer.job_ids()) == {done.id, failed.id}
    assert max(stopped_clock.slept) == LONGEST_PAUSE

    table.fails = lambda _: None
    await stopped_clock.advance(2 * LONGEST_PAUSE)
    assert table.written == {done.id: JobState.COMPLETED, failed.id: JobState.RETRYABLE}
    assert completer.unwritten == 0
    assert completer.job_ids() == []


async def test_a_refused_result_costs_no_other(completer: Completer, table: Table) -> None:
    poison = with_output(claim())
    table.fails = lambda items: REFUSED if poison in items else None
    others = [failure() for _ in range(20)]
    for item in [*others[:7], poison, *others[7:]]:
        completer.add(item)
    await completer.drain()
    assert table.written.keys() == {poison.id, *(item.id for item in others)}
    kept = table.settlements[poison.id]
    assert (kept.state, kept.metadata) == (JobState.DISCARDED, None)
    assert "could not be stored" in orjson.loads(kept.error or "")["error"]


async def test_a_success_whose_log_is_refused_is_one(completer: Completer, table: Table) -> None:
    values = '"output":1234567890123456789012345.5,"note":1E+999'
    ended = outcome.completed(claim(), now=NOW, metadata=f'{{"river:log":[{{"log":"bad"}}],{values}}}')
    table.fails = refusing("bad")
    completer.add(ended)
    await completer.drain()
    assert table.settlements[ended.id] == replace(ended, metadata=f"{{{values}}}")


async def test_a_success_that_had_but_a_log_is_completed_without_it(completer: Completer, table: Table) -> None:
    ended = outcome.completed(claim(), now=NOW, metadata='{"river:log":[{"log":"bad"}]}')
    table.fails = refusing("bad")
    completer.add(ended)
    await completer.drain()
    assert table.settlements[ended.id] == replace(ended, metadata=None)


async def test_a_failure_whose_metadata_is_refused_keeps_its_error_and_steps(
    completer: Completer, table: Table
) -> None:
    steps = '"river:resumable_step":"one","river:resumable_cursor":{"two":7},"revenge:killed":1,"snoozes":2'
    failed = replace(failure(), metadata=f'{{"note":"bad",{steps}}}')
    table.fails = refusing("bad")
    completer.add(failed)
    await completer.drain()
    assert table.settlements[failed.id] == replace(failed, metadata=f"{{{steps}}}")


@pytest.mark.parametrize("metadata", ['{"output":NaN}', '{"output":"\\x"}'])
async def test_a_result_that_is_no_json_is_written_without_it(
    completer: Completer, table: Table, metadata: str
) -> None:
    ended = outcome.completed(claim(), now=NOW, metadata=metadata)
    table.fails = refusing(metadata)
    completer.add(ended)
    await completer.drain()
    assert table.settlements[ended.id].state is JobState.DISCARDED


async def test_an_end_whose_unique_key_another_has_is_written_without_it(completer: Completer, table: Table) -> None:
    ended, failed, snoozed = with_output(claim()), failure(), outcome.snoozed(claim(), now=NOW, for_=timedelta(hours=1))
    taken = UniqueKeyTaken("taken")
    table.fails = lambda items: None if {item.id for item in items} <= set(table.freed) else taken
    for item in (ended, failed, snoozed):
        completer.add(item)
    await completer.drain()
    assert table.settlements[ended.id] == ended
    assert {table.settlements[item.id].state for item in (failed, snoozed)} == {JobState.DISCARDED}
    assert table.settlements[failed.id].error == failed.error
    assert "taken" in orjson.loads(table.settlements[snoozed.id].error or "")["error"]


async def test_a_result_that_is_refused_in_any_form_is_given_up(
    completer: Completer, table: Table, caplog: pytest.LogCaptureFixture
) -> None:
    poison, other = failure(), failure()
    table.fails = lambda items: REFUSED if poison.id in [item.id for item in items] else None
    completer.add(poison)
    completer.add(other)
    await asyncio.wait_for(completer.drain(), 10)
    assert table.written.keys() == {other.id}
    assert "completer.given_up" in caplog.messages
    assert completer.unwritten == 0


async def test_a_refused_success_costs_no_other(completer: Completer, table: Table) -> None:
    poison, other, failed = claim(), claim(), failure()
    table.fails = lambda items: REFUSED if poison in items else None
    for item in (poison, other):
        completer.add_done(item)
    completer.add(failed)
    await asyncio.wait_for(completer.drain(), 10)
    assert table.written == {
        poison.id: JobState.COMPLETED,
        other.id: JobState.COMPLETED,
        failed.id: JobState.RETRYABLE,
    }


async def test_an_error_nobody_foresaw_loses_no_result(
    completer: Completer, table: Table, stopped_clock: StoppedClock
) -> None:
    table.fails = lambda _: ZeroDivisionError("a bug of ours")
    done = claim()
    completer.add_done(done)
    await stopped_clock.advance(timedelta(seconds=1))
    table.fails = lambda _: None
    await stopped_clock.advance(timedelta(minutes=1))
    assert table.written == {done.id: JobState.COMPLETED}


async def test_what_is_to_be_done_before_a_batch_fails_and_loses_no_result(
    table: Table, stopped_clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails() -> None:
        raise ZeroDivisionError("a bug of ours")

    completer = Completer(clock=stopped_clock, store=table, before=fails)
    done = claim()
    completer.add_done(done)
    await completer.drain()
    assert table.written == {done.id: JobState.COMPLETED}
    assert "completer.before_failed" in caplog.messages


async def test_a_result_that_came_too_late_is_counted_and_forgotten(completer: Completer, table: Table) -> None:
    late, mine = claim(), claim()
    table.stale = {late.id}
    completer.add_done(late)
    completer.add_done(mine)
    await completer.drain()
    assert (completer.stale, completer.unwritten) == (1, 0)


async def test_it_is_full_only_while_much_is_unwritten(
    completer: Completer, table: Table, stopped_clock: StoppedClock
) -> None:
    table.gate = asyncio.Event()
    for _ in range(BACKPRESSURE):
        completer.add_done(claim())
    await settle()
    assert completer.is_full
    table.gate.set()
    await completer.drain()
    assert not completer.is_full


async def test_who_listens_is_told_what_was_written(table: Table, stopped_clock: StoppedClock) -> None:
    told: list[tuple[int, JobState]] = []
    completer = Completer(clock=stopped_clock, store=table, on_settled=told.extend)
    done, failed = claim(), failure()
    completer.add_done(done)
    completer.add(failed)
    await completer.drain()
    assert sorted(told) == [(done.id, JobState.COMPLETED), (failed.id, JobState.RETRYABLE)]


async def test_after_it_was_abandoned_nothing_is_written_any_more(
    completer: Completer, table: Table, stopped_clock: StoppedClock
) -> None:
    table.fails = lambda _: AWAY
    for _ in range(3 * BATCH):
        completer.add_done(claim())
    await settle()
    completer.abandon()
    table.fails = lambda _: None
    await stopped_clock.advance(timedelta(hours=1))
    assert table.written == {}
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("jobs.completer")]
