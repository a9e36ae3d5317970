"""Leadership: terms, trust, resignation, and what happens to the leader's own work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from revenge.infra.jobs.elector import Elector, ElectorConfig, Term
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.testing import StoppedClock, settle


@pytest.fixture
def stopped_clock() -> StoppedClock:
    return StoppedClock()


SECOND = timedelta(seconds=1)
ELECTED = datetime(2026, 1, 2, tzinfo=UTC)
GONE = StoreError("gone", retryable=True)


class LeaderTable:
    """A store whose answers a test sets: a value, an error, or ``...`` for one that never comes."""

    def __init__(self) -> None:
        self.elects: Any = ELECTED
        self.reelects: Any = False
        """Whether somebody asked it to resign."""
        self.resigns: Any = 1
        self.calls: list[tuple[Any, ...]] = []

    async def fetchval(self, name: str, *args: Any) -> Any:
        self.calls.append((name, *args))
        return await self._answer(self.elects if name == "leader_attempt_elect" else self.reelects)

    async def execute(self, name: str, *args: Any) -> int:
        self.calls.append((name, *args))
        await self._answer(self.resigns)
        return 1

    async def channel(self, topic: str) -> str:
        return f"public.{topic}"

    def count(self, name: str) -> int:
        return sum(call[0] == name for call in self.calls)

    async def _answer(self, value: Any) -> Any:
        if value is ...:
            await asyncio.Event().wait()
        if isinstance(value, Exception):
            raise value
        return value


class Lead:
    """What a leader runs; says whether it runs now."""

    def __init__(self) -> None:
        self.is_running = False
        self.started = 0
        self.error: Exception | None = None

    async def __call__(self) -> None:
        self.started += 1
        self.is_running = True
        try:
            if self.error is not None:
                raise self.error
            await asyncio.Event().wait()
        finally:
            self.is_running = False


class Fixture:
    """An elector on a table of its own."""

    def __init__(self, clock: StoppedClock) -> None:
        self.clock = clock
        self.table = LeaderTable()
        self.lead = Lead()
        self.elector = Elector(clock=clock, config=ElectorConfig(), store=self.table, client_id="me", lead=self.lead)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.elector.run())
        await self.clock.advance()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))


@pytest.fixture
def election(stopped_clock: StoppedClock) -> Fixture:
    return Fixture(stopped_clock)


async def test_a_winner_leads_its_term_and_runs_the_leaders_work(election: Fixture) -> None:
    async with election.running():
        assert election.elector.is_leader
        assert election.elector.term == Term("me", ELECTED)
        assert election.lead.is_running


async def test_a_follower_tries_again_after_five_to_six_seconds(election: Fixture) -> None:
    election.table.elects = None
    async with election.running():
        assert not election.elector.is_leader
        await election.clock.advance(4.9 * SECOND)
        assert election.table.count("leader_attempt_elect") == 1
        await election.clock.advance(1.1 * SECOND)
        assert election.table.count("leader_attempt_elect") == 2
    assert not election.lead.started


async def test_a_leader_renews_by_both_parts_of_its_term(election: Fixture) -> None:
    async with election.running():
        await election.clock.advance(5 * SECOND)
        assert election.table.calls[-1] == ("leader_attempt_reelect", "me", ELECTED, 15 * SECOND)
        assert election.elector.is_leader


async def test_a_leader_whose_row_is_gone_stops_at_once_and_does_not_resign(election: Fixture) -> None:
    async with election.running():
        election.table.reelects = None
        election.table.elects = None
        await election.clock.advance(5 * SECOND)
        assert not election.elector.is_leader
        assert not election.lead.is_running
        assert election.table.count("leader_resign") == 0


async def test_errors_within_the_trust_do_not_end_leadership(election: Fixture) -> None:
    async with election.running():
        election.table.reelects = GONE
        await election.clock.advance(11 * SECOND)
        assert election.elector.is_leader
        election.table.reelects = False
        await election.clock.advance(10 * SECOND)
        assert election.elector.is_leader
        assert election.lead.started == 1


async def test_a_leader_without_trust_stops_its_work_before_the_lease_ends(election: Fixture) -> None:
    async with election.running():
        election.table.reelects = election.table.elects = GONE
        # A little later: pauses are random, and their sum is rounded.
        await election.clock.advance(14 * SECOND + timedelta(milliseconds=1))
        assert not election.elector.is_leader
        assert not election.lead.is_running
        assert election.table.count("leader_resign") == 1


async def test_leadership_is_not_claimed_beyond_the_trust_though_the_loop_was_blocked(election: Fixture) -> None:
    await election.elector.step()
    await settle()
    assert election.lead.is_running
    # Time passes, and nothing of ours runs meanwhile.
    await election.clock.advance(14 * SECOND)
    assert not election.elector.is_leader
    assert election.elector.term is None
    await election.elector.resign()


async def test_a_request_to_resign_is_for_the_leader_who_contends_again(election: Fixture) -> None:
    async with election.running():
        election.elector.on_notification({"action": "request_resign", "leader_id": ""})
        await settle()
        assert election.table.count("leader_resign") == 1
        assert election.table.count("leader_attempt_elect") == 2
        assert election.lead.started == 2


async def test_a_leader_that_hears_nothing_sees_the_request_when_it_renews(election: Fixture) -> None:
    async with election.running():
        election.table.reelects = True
        await election.clock.advance(4.9 * SECOND)
        assert election.table.count("leader_resign") == 0
        await election.clock.advance(0.1 * SECOND)
        assert election.table.count("leader_resign") == 1
        assert election.table.count("leader_attempt_elect") == 2


async def test_a_request_to_resign_means_nothing_to_a_follower(election: Fixture) -> None:
    election.table.elects = None
    async with election.running():
        election.elector.on_notification({"action": "request_resign", "leader_id": ""})
        await settle()
        assert election.table.count("leader_attempt_elect") == 1


async def test_a_follower_contends_within_50_ms_of_anothers_resignation(election: Fixture) -> None:
    election.table.elects = None
    async with election.running():
        election.elector.on_notification({"action": "resigned", "leader_id": "other"})
        await election.clock.advance(timedelta(milliseconds=50))
        assert election.table.count("leader_attempt_elect") == 2


async def test_messages_of_others_that_do_not_concern_it_are_ignored(election: Fixture) -> None:
    election.table.elects = None
    async with election.running():
        for payload in ({"action": "resigned", "leader_id": "me"}, {"action": "dance"}, {}):
            election.elector.on_notification(payload)
        await election.clock.advance(timedelta(milliseconds=50))
        assert election.table.count("leader_attempt_elect") == 1


async def test_stopping_ends_the_work_and_resigns_the_very_term(election: Fixture) -> None:
    async with election.running():
        pass
    assert not election.lead.is_running
    assert election.table.calls[-1] == ("leader_resign", ELECTED, "me", "public.river_leadership")
    assert not election.elector.is_leader


async def test_a_stop_that_cuts_a_resignation_short_makes_up_for_it(election: Fixture) -> None:
    async with election.running():
        election.table.resigns = ...
        election.elector.request_resign()
        await election.clock.advance()
        assert election.table.count("leader_resign") == 1
        election.table.resigns = 1
    assert election.table.count("leader_resign") == 2


async def test_a_resignation_is_tried_three_times_and_no_more(election: Fixture) -> None:
    election.table.resigns = GONE
    async with election.running():
        pass
    assert election.table.count("leader_resign") == 3


async def test_a_resignation_does_not_wait_for_a_database_that_is_silent(stopped_clock: StoppedClock) -> None:
    table = LeaderTable()
    table.resigns = ...
    timeouts = (timedelta(milliseconds=1),) * 3
    elector = Elector(
        clock=stopped_clock, config=ElectorConfig(resign_timeouts=timeouts), store=table, client_id="me", lead=Lead()
    )
    await elector.step()
    async with asyncio.timeout(2):
        await elector.resign()
    assert table.count("leader_resign") == 3


async def test_work_that_fails_gives_the_term_to_another(election: Fixture) -> None:
    election.lead.error = RuntimeError("no")
    async with election.running():
        await settle()
        assert election.table.count("leader_resign") == 1
        # Not at once: the others come first.
        assert election.table.count("leader_attempt_elect") == 1
        await election.clock.advance(5 * SECOND)
        assert election.table.count("leader_attempt_elect") == 2


async def test_a_database_that_is_away_is_asked_ever_more_rarely(election: Fixture) -> None:
    election.table.elects = GONE
    async with election.running():
        await election.clock.advance(60 * SECOND)
        # After 1, 2, 4, 8, 16 and, within ten percent, 32 seconds.
        assert 6 <= election.table.count("leader_attempt_elect") <= 7


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"interval": timedelta(0)}, "interval must be positive, got 0:00:00"),
        ({"lease_margin": timedelta(0)}, "lease_margin must be positive"),
        ({"call_timeout": -SECOND}, "call_timeout must be positive"),
        ({"trust_margin": 10 * SECOND}, "trust_margin must be 0 to below lease_margin 0:00:10, got 0:00:10"),
        ({"trust_margin": -SECOND}, "trust_margin must be 0 to below"),
    ],
)
def test_a_wrong_config_says_what_is_wrong(wrong: dict[str, timedelta], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        ElectorConfig(**wrong)  # type: ignore[arg-type] # the test's own dict


async def test_a_leaders_work_that_fails_as_it_is_told_to_stop_costs_the_next_term_nothing(
    stopped_clock: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    lets_go = asyncio.Event()

    async def lead() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await lets_go.wait()
            raise ValueError("while it was put away")

    config = ElectorConfig(stop_timeout=timedelta(milliseconds=1))
    elector = Elector(clock=stopped_clock, config=config, store=LeaderTable(), client_id="me", lead=lead)
    await elector.step()
    await settle()
    await elector.resign()
    await elector.step()
    assert elector.is_leader
    lets_go.set()
    await settle()
    assert "elector.lead_failed" in caplog.messages
    await elector.step()
    assert elector.is_leader
    await elector.resign()
    await settle()
