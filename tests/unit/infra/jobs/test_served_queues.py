"""What a client knows of its queues' pauses, whatever the order in which it hears of them."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest

from revenge.infra.jobs.fetcher import Fetcher
from revenge.infra.jobs.queue_store import QueueStore
from revenge.infra.jobs.served_queues import ServedQueues
from revenge.infra.jobs.testing import settle


class Rows(QueueStore):
    """Says what the rows said when it was asked, once ``gate`` is open."""

    def __init__(self) -> None:
        self.are_paused: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def touch(self, names: Collection[str]) -> set[str]:
        return await self.paused(names)

    async def paused(self, names: Collection[str]) -> set[str]:
        found = self.are_paused & set(names)
        await self.gate.wait()
        return found


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def fetcher() -> Fetcher:
    async def never() -> None: ...

    return Fetcher(
        client_id="me",
        store=None,  # type: ignore[arg-type]  # nothing is fetched before `begin`
        kinds=None,
        cooldown=timedelta(0),
        start=lambda _claims: None,
        may_fetch=lambda: True,
        on_failure=never,
    )


@pytest.fixture
def queues(fetcher: Fetcher, rows: Rows) -> ServedQueues:
    queues = ServedQueues(fetcher=fetcher, store=rows, on_paused=lambda _name, _paused: None, on_resized=lambda: None)
    fetcher.add("bulk", 1)
    return queues


def paused(fetcher: Fetcher) -> Sequence[str]:
    return [name for name, lane in fetcher.lanes.items() if lane.is_paused]


async def test_what_nobody_told_is_found_in_the_rows(queues: ServedQueues, rows: Rows, fetcher: Fetcher) -> None:
    rows.are_paused = {"bulk"}
    await queues.look_up_pauses()
    assert paused(fetcher) == ["bulk"]
    rows.are_paused = set()
    await queues.touch()
    assert paused(fetcher) == []


@pytest.mark.parametrize("was_paused", [False, True])
async def test_an_answer_older_than_what_was_told_changes_nothing(
    queues: ServedQueues, rows: Rows, fetcher: Fetcher, was_paused: bool
) -> None:
    queues.set_paused("bulk", paused=was_paused)
    rows.are_paused = {"bulk"} if was_paused else set()
    rows.gate.clear()
    looking = asyncio.create_task(queues.look_up_pauses())
    await settle()
    queues.set_paused("bulk", paused=not was_paused)
    rows.gate.set()
    await looking
    assert paused(fetcher) == ([] if was_paused else ["bulk"])


async def test_an_answer_says_nothing_of_a_queue_that_was_added_since(
    queues: ServedQueues, rows: Rows, fetcher: Fetcher
) -> None:
    rows.gate.clear()
    looking = asyncio.create_task(queues.look_up_pauses())
    await settle()
    fetcher.add("low", 1, is_paused=True)
    await queues.remove("bulk")
    fetcher.add("bulk", 1, is_paused=True)
    rows.gate.set()
    await looking
    assert sorted(paused(fetcher)) == ["bulk", "low"]
