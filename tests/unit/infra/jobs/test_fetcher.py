"""When jobs are fetched, how many at a time, and what happens when a fetch's answer is lost."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs.config import QueueConfig
from revenge.infra.jobs.errors import QueueAlreadyAdded, QueueNotFound, StoreError
from revenge.infra.jobs.fetcher import Fetcher
from revenge.infra.jobs.lane import FETCHES, MAX_ROWS
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.testing import settle
from tests.fakes.engine import claim

AWAY = StoreError("gone", retryable=True)


@dataclass
class Jobs:
    """What waits in each queue; each fetch is kept, and held while ``gate`` is closed."""

    waiting: dict[str, int] = field(default_factory=dict)
    asked: list[dict[str, int]] = field(default_factory=list)
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    async def fetch(self, *, client_id: str, slots: Mapping[str, int], kinds: Sequence[str] | None) -> list[Claim]:
        self.asked.append(dict(slots))
        await self.gate.wait()
        self.answered.set()
        if self.error is not None:
            raise self.error
        found = []
        for queue, count in slots.items():
            taken = min(count, self.waiting.get(queue, 0))
            self.waiting[queue] = self.waiting.get(queue, 0) - taken
            found += [claim(queue=queue) for _ in range(taken)]
        return found


@dataclass
class Bench:
    """A fetcher between jobs and slots."""

    jobs: Jobs = field(default_factory=Jobs)
    started: list[Claim] = field(default_factory=list)
    may_fetch: bool = True
    handed_back: int = 0
    hand_back_error: StoreError | None = None
    on_start: Callable[[Claim], None] = lambda _: None

    def fetcher(self, queues: Mapping[str, int | QueueConfig], *, cooldown: timedelta = timedelta(0)) -> Fetcher:
        fetcher = Fetcher(
            client_id="me",
            store=self.jobs,
            kinds=None,
            cooldown=cooldown,
            start=self.start,
            may_fetch=lambda: self.may_fetch,
            on_failure=self.hand_back,
        )
        for name, workers in queues.items():
            fetcher.add(name, workers)
        return fetcher

    def start(self, claims: Iterable[Claim]) -> None:
        for item in claims:
            self.started.append(item)
            self.on_start(item)

    async def hand_back(self) -> None:
        if self.hand_back_error is not None:
            raise self.hand_back_error
        self.handed_back += 1


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_one_statement_fills_the_free_slots_of_all_queues(bench: Bench) -> None:
    bench.jobs.waiting = {"high": 2, "low": 9}
    fetcher = bench.fetcher({"high": 3, "low": 4})
    fetcher.begin()
    await settle()
    assert bench.jobs.asked == [{"high": 3, "low": 4}]
    assert len(bench.started) == 6


async def test_nothing_is_fetched_beyond_the_free_slots(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 100}
    fetcher = bench.fetcher({"q": 4})
    fetcher.begin()
    await settle()
    fetcher.poll()
    fetcher.hint("q")
    await settle()
    assert len(bench.started) == 4
    assert len(bench.jobs.asked) == 1


async def test_a_slot_that_becomes_free_is_filled_at_once(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 5}
    fetcher = bench.fetcher({"q": 4})
    fetcher.begin()
    await settle()
    fetcher.free("q")
    await settle()
    assert len(bench.started) == 5


async def test_a_queue_that_was_found_empty_is_left_alone_until_somebody_says_more(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 1}
    fetcher = bench.fetcher({"q": 4})
    fetcher.begin()
    await settle()
    fetcher.free("q")
    await settle()
    assert len(bench.jobs.asked) == 1
    fetcher.hint("q")
    await settle()
    assert len(bench.jobs.asked) == 2


async def test_a_hint_while_the_answer_is_on_its_way_is_not_lost(bench: Bench) -> None:
    bench.jobs.gate.clear()
    fetcher = bench.fetcher({"q": 4})
    fetcher.begin()
    await settle()
    # The slots are promised to the first statement; a second one has none to ask for.
    fetcher.hint("q")
    bench.jobs.gate.set()
    await settle()
    assert bench.jobs.asked == [{"q": 4}, {"q": 4}]


async def test_no_more_statements_than_allowed_are_under_way(bench: Bench) -> None:
    bench.jobs.gate.clear()
    fetcher = bench.fetcher({f"q{number}": 1 for number in range(9)})
    fetcher.begin()
    await settle()
    for number in range(9):
        fetcher.resize(f"q{number}", 5)
        await settle()
    assert len(bench.jobs.asked) == FETCHES
    bench.jobs.gate.set()
    await settle()


async def test_a_statement_claims_no_more_than_its_limit(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 5 * MAX_ROWS}
    all_started = asyncio.Event()
    bench.on_start = lambda _: all_started.set() if len(bench.started) == 5 * MAX_ROWS else None
    fetcher = bench.fetcher({"q": 5 * MAX_ROWS})
    fetcher.begin()
    await asyncio.wait_for(all_started.wait(), 10)
    assert max(asked["q"] for asked in bench.jobs.asked) == MAX_ROWS


async def test_a_long_queue_is_refilled_in_handfuls(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 100}
    fetcher = bench.fetcher({"q": 16})
    fetcher.begin()
    await settle()
    for _ in range(3):
        fetcher.free("q")
        await settle()
    assert len(bench.jobs.asked) == 1
    fetcher.free("q")
    await settle()
    assert bench.jobs.asked[1:] == [{"q": 4}]


async def test_two_statements_share_the_free_slots_of_a_long_queue(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 100}
    fetcher = bench.fetcher({"q": 32})
    fetcher.begin()
    await settle()
    for _ in range(32):
        fetcher.free("q")
    await settle()
    assert bench.jobs.asked[1:3] == [{"q": 16}, {"q": 16}]


async def test_slots_that_are_freed_together_are_refilled_together(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 100}
    fetcher = bench.fetcher({"q": 3})
    fetcher.begin()
    await settle()
    for _ in range(3):
        fetcher.free("q")
    await settle()
    assert bench.jobs.asked[1] == {"q": 3}


async def test_a_free_slot_does_not_wait_for_others_for_long(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 100}
    fetcher = bench.fetcher({"q": 8})
    fetcher.begin()
    await settle()
    bench.jobs.answered.clear()
    fetcher.free("q")
    await asyncio.wait_for(bench.jobs.answered.wait(), 5)
    assert bench.jobs.asked[1:] == [{"q": 1}]


async def test_a_paused_queue_is_not_asked_and_a_resumed_one_at_once(bench: Bench) -> None:
    fetcher = bench.fetcher({"a": 1, "b": 1})
    fetcher.set_paused("a", paused=True)
    fetcher.begin()
    await settle()
    assert bench.jobs.asked == [{"b": 1}]
    assert fetcher.set_paused("a", paused=False)
    await settle()
    assert bench.jobs.asked[1:] == [{"a": 1}]


async def test_a_star_pauses_every_queue(bench: Bench) -> None:
    fetcher = bench.fetcher({"a": 1, "b": 1})
    fetcher.set_paused("*", paused=True)
    fetcher.begin()
    await settle()
    assert bench.jobs.asked == []


async def test_hearing_what_is_known_already_asks_nobody(bench: Bench) -> None:
    fetcher = bench.fetcher({"a": 1, "b": 1})
    fetcher.begin()
    await settle()
    assert not fetcher.set_paused("a", paused=False)
    assert not fetcher.set_paused("*", paused=False)
    await settle()
    assert len(bench.jobs.asked) == 1


async def test_while_results_pile_up_nothing_is_fetched(bench: Bench) -> None:
    bench.may_fetch = False
    fetcher = bench.fetcher({"q": 1})
    fetcher.begin()
    await settle()
    assert bench.jobs.asked == []
    bench.may_fetch = True
    fetcher.resume()
    await settle()
    assert len(bench.jobs.asked) == 1


async def test_a_cooldown_lets_hints_gather(bench: Bench) -> None:
    fetcher = bench.fetcher({"q": 4}, cooldown=timedelta(milliseconds=400))
    fetcher.begin()
    await settle()
    bench.jobs.answered.clear()
    for _ in range(5):
        fetcher.hint("q")
        await settle()
    assert len(bench.jobs.asked) == 1
    await bench.jobs.answered.wait()
    assert len(bench.jobs.asked) == 2


async def test_a_queues_own_cooldown_holds_up_no_other_queue(bench: Bench) -> None:
    slow = QueueConfig(4, fetch_cooldown=timedelta(milliseconds=400))
    fetcher = bench.fetcher({"slow": slow, "q": 4})
    fetcher.begin()
    await settle()
    bench.jobs.answered.clear()
    for _ in range(3):
        fetcher.hint("slow")
        fetcher.hint("q")
        await settle()
    assert bench.jobs.asked == [{"slow": 4, "q": 4}, *[{"q": 4}] * 3]
    bench.jobs.answered.clear()
    await bench.jobs.answered.wait()
    assert bench.jobs.asked[4:] == [{"slow": 4}]


async def test_a_queue_is_polled_by_its_own_interval_where_it_has_one(bench: Bench) -> None:
    fetcher = bench.fetcher({"rare": QueueConfig(1, poll_interval=timedelta(hours=1)), "q": 2})
    fetcher.begin()
    await settle()
    fetcher.poll(timedelta(0))
    await settle()
    assert bench.jobs.asked == [{"rare": 1, "q": 2}, {"q": 2}]
    fetcher.poll()
    await settle()
    assert bench.jobs.asked[2:] == [{"rare": 1, "q": 2}]


async def test_a_removed_queue_tells_when_its_last_job_ended(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 2}
    fetcher = bench.fetcher({"q": 2, "other": 1})
    fetcher.begin()
    await settle()
    idle = fetcher.remove("q")
    for _ in range(2):
        assert not idle.is_set()
        fetcher.free("q")
        await settle()
    assert idle.is_set()
    assert fetcher.remove("other").is_set()


async def test_after_a_lost_answer_jobs_are_handed_back_before_more_are_fetched(bench: Bench) -> None:
    bench.jobs.error = AWAY
    bench.hand_back_error = AWAY
    bench.jobs.waiting = {"q": 1}
    fetcher = bench.fetcher({"q": 1})
    fetcher.begin()
    await settle()
    assert bench.started == []
    bench.jobs.error = bench.hand_back_error = None
    bench.jobs.answered.clear()
    await bench.jobs.answered.wait()
    await settle()
    assert bench.handed_back == 1
    assert len(bench.started) == 1
    await fetcher.stop()


async def test_an_error_nobody_foresaw_does_not_end_the_fetching(bench: Bench) -> None:
    bench.jobs.error = ZeroDivisionError("a bug of ours")
    bench.jobs.waiting = {"q": 1}
    fetcher = bench.fetcher({"q": 1})
    fetcher.begin()
    await settle()
    bench.jobs.error = None
    bench.jobs.answered.clear()
    await bench.jobs.answered.wait()
    await settle()
    assert len(bench.started) == 1
    await fetcher.stop()


async def test_a_stop_starts_what_is_on_its_way_and_fetches_no_more(bench: Bench) -> None:
    bench.jobs.gate.clear()
    bench.jobs.waiting = {"q": 10}
    fetcher = bench.fetcher({"q": 4})
    fetcher.begin()
    await settle()
    stopping = asyncio.ensure_future(fetcher.stop())
    await settle()
    assert not stopping.done()
    bench.jobs.gate.set()
    await stopping
    assert len(bench.started) == 4
    fetcher.poll()
    fetcher.hint_at("q", timedelta(0))
    await settle()
    assert len(bench.jobs.asked) == 1


async def test_a_cancel_that_arrives_during_the_fetch_meets_the_job(bench: Bench) -> None:
    bench.jobs.gate.clear()
    fetcher = bench.fetcher({"q": 1})
    met: list[bool] = []
    bench.on_start = lambda item: met.append(item.id in fetcher.cancelled_meanwhile())
    bench.jobs.waiting = {"q": 1}
    fetcher.begin()
    await settle()
    next_id = claim().id + 1
    fetcher.note_cancel(next_id)
    bench.jobs.gate.set()
    await settle()
    assert met == [True]


async def test_a_cancel_from_before_the_fetch_does_not_meet_the_job(bench: Bench) -> None:
    """A job that was cancelled and retried must run, however busy this node is with fetching."""
    fetcher = bench.fetcher({"a": 1, "b": 1})
    met: list[bool] = []
    bench.on_start = lambda item: met.append(item.id in fetcher.cancelled_meanwhile())
    gates = [asyncio.Event() for _ in range(3)]
    ids = {"a": 0, "b": 0}

    async def fetch(*, slots: Mapping[str, int], **_: Any) -> list[Claim]:
        bench.jobs.asked.append(dict(slots))
        await gates[len(bench.jobs.asked) - 1].wait()
        return [claim(id=ids[queue], queue=queue) for queue in slots if ids[queue]]

    bench.jobs.fetch = fetch  # type: ignore[method-assign]  # this test orders three statements
    fetcher.set_paused("b", paused=True)
    fetcher.begin()
    await settle()
    fetcher.note_cancel(7)
    fetcher.set_paused("b", paused=False)
    await settle()
    assert len(bench.jobs.asked) == 2
    gates[0].set()
    await settle()
    ids["a"] = 7
    fetcher.hint("a")
    await settle()
    gates[2].set()
    await settle()
    assert met == [False]
    gates[1].set()
    await settle()


async def test_what_falls_due_soon_is_fetched_then(bench: Bench) -> None:
    fetcher = bench.fetcher({"q": 1})
    fetcher.begin()
    await settle()
    bench.jobs.answered.clear()
    fetcher.hint_at("q", timedelta(milliseconds=30))
    fetcher.hint_at("q", timedelta(milliseconds=10))
    await settle()
    assert len(bench.jobs.asked) == 1
    await bench.jobs.answered.wait()
    bench.jobs.answered.clear()
    await bench.jobs.answered.wait()
    assert len(bench.jobs.asked) == 3


async def test_queues_come_and_go_while_it_runs(bench: Bench) -> None:
    fetcher = bench.fetcher({"a": 1})
    fetcher.begin()
    await settle()
    fetcher.add("b", 2)
    await settle()
    assert bench.jobs.asked[1:] == [{"b": 2}]
    with pytest.raises(QueueAlreadyAdded):
        fetcher.add("b", 2)
    fetcher.remove("b")
    fetcher.poll()
    await settle()
    assert bench.jobs.asked[2:] == [{"a": 1}]
    with pytest.raises(QueueNotFound):
        fetcher.remove("b")
    with pytest.raises(QueueNotFound):
        fetcher.resize("b", 1)


async def test_a_queue_that_was_removed_and_added_counts_what_still_runs(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 10}
    fetcher = bench.fetcher({"q": 2})
    fetcher.begin()
    await settle()
    fetcher.remove("q")
    fetcher.add("q", 2)
    await settle()
    assert len(bench.started) == 2
    fetcher.free("q")
    await settle()
    assert len(bench.started) == 3


async def test_fewer_slots_take_effect_as_jobs_end(bench: Bench) -> None:
    bench.jobs.waiting = {"q": 10}
    fetcher = bench.fetcher({"q": 3})
    fetcher.begin()
    await settle()
    fetcher.resize("q", 1)
    for _ in range(2):
        fetcher.free("q")
    await settle()
    assert len(bench.started) == 3
    fetcher.free("q")
    await settle()
    assert len(bench.started) == 4


async def test_hints_for_queues_that_are_not_served_here_are_nothing(bench: Bench) -> None:
    fetcher = bench.fetcher({"q": 1})
    fetcher.begin()
    await settle()
    fetcher.hint("other")
    fetcher.hint_at("other", timedelta(0))
    fetcher.free("other")
    assert not fetcher.set_paused("other", paused=True)
    await settle()
    assert len(bench.jobs.asked) == 1
