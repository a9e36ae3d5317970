"""Starting and stopping: order, failures in the middle, hanging parts, impatient users."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from revenge.app.lifecycle import Lifecycle, Signals, Step

MOMENT = timedelta(milliseconds=20)


class Diary:
    """What happened, in order."""

    def __init__(self) -> None:
        self.entries: list[str] = []

    def does(self, entry: str, error: BaseException | None = None) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            self.entries.append(entry)
            if error is not None:
                raise error

        return act

    def hangs(self, entry: str) -> Callable[[], Awaitable[None]]:
        async def act() -> None:
            self.entries.append(entry)
            try:
                await asyncio.Event().wait()
            finally:
                self.entries.append(f"{entry} cut")

        return act

    def step(self, name: str, **failures: BaseException) -> Step:
        return Step(
            name=name,
            start=self.does(f"+{name}", failures.get("start")),
            stop=self.does(f"-{name}", failures.get("stop")),
        )


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing have a last chance for long."""
    monkeypatch.setattr("revenge.app.lifecycle.LAST_CHANCE", MOMENT)


async def test_steps_stop_in_the_opposite_order_of_their_start(diary: Diary) -> None:
    async with Lifecycle([diary.step("database"), diary.step("engine"), diary.step("http")]):
        diary.entries.append("running")
    assert diary.entries == ["+database", "+engine", "+http", "running", "-http", "-engine", "-database"]


async def test_failure_in_the_middle_stops_what_was_started_and_is_what_the_user_sees(diary: Diary) -> None:
    steps = [
        diary.step("database"),
        diary.step("engine", stop=RuntimeError("could not stop either")),
        diary.step("http", start=OSError("port 8080 is taken")),
        diary.step("never"),
    ]
    with pytest.raises(OSError, match="port 8080 is taken"):
        await Lifecycle(steps).start()
    assert diary.entries == ["+database", "+engine", "+http", "-engine", "-database"]


async def test_cancelled_start_stops_what_was_started(diary: Diary) -> None:
    steps = [diary.step("database"), Step(name="engine", start=diary.hangs("+engine"))]
    starting = asyncio.create_task(Lifecycle(steps).start())
    while "+engine" not in diary.entries:
        await asyncio.wait({starting}, timeout=0.001)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert diary.entries == ["+database", "+engine", "+engine cut", "-database"]


async def test_part_that_fails_to_stop_does_not_keep_the_others_running(diary: Diary) -> None:
    lifecycle = Lifecycle([diary.step("database"), diary.step("engine", stop=RuntimeError("no"))])
    await lifecycle.start()
    assert await lifecycle.stop() == ["engine"]
    assert diary.entries[-2:] == ["-engine", "-database"]


async def test_part_that_hangs_is_told_to_hurry_after_its_grace_then_cancelled(diary: Diary, no_patience: None) -> None:
    engine = Step(
        name="engine",
        start=diary.does("+engine"),
        stop=diary.hangs("-engine"),
        abort=diary.does("!engine"),
        grace=MOMENT,
    )
    lifecycle = Lifecycle([diary.step("database"), engine])
    await lifecycle.start()
    assert await lifecycle.stop() == ["engine"]
    assert diary.entries[2:] == ["-engine", "!engine", "-engine cut", "-database"]


async def test_second_signal_makes_a_slow_stop_hurry(diary: Diary) -> None:
    hurry, hurried = asyncio.Event(), asyncio.Event()

    async def stop() -> None:
        diary.entries.append("-engine")
        await hurried.wait()
        diary.entries.append("engine handed its jobs back")

    async def abort() -> None:
        hurried.set()

    slow = Step(name="engine", start=diary.does("+engine"), stop=stop, abort=abort, grace=timedelta(hours=1))
    lifecycle = Lifecycle([diary.step("pool"), slow], hurry=hurry)
    await lifecycle.start()
    stopping = asyncio.create_task(lifecycle.stop())
    while "-engine" not in diary.entries:
        await asyncio.wait({stopping}, timeout=0.001)
    hurry.set()
    assert await stopping == []
    assert diary.entries[2:] == ["-engine", "engine handed its jobs back", "-pool"]


async def test_part_that_would_leave_something_behind_is_waited_for_in_every_hurry(diary: Diary) -> None:
    hurry, may_end = asyncio.Event(), asyncio.Event()
    database = Step(name="database", start=diary.does("+database"), stop=may_end.wait, waits=True)
    lifecycle = Lifecycle([database], hurry=hurry)
    await lifecycle.start()
    hurry.set()
    stopping = asyncio.create_task(lifecycle.stop())
    await asyncio.wait({stopping}, timeout=MOMENT.total_seconds())
    assert not stopping.done()
    may_end.set()
    assert await stopping == []


async def test_cancel_while_stopping_hurries_and_still_stops_everything(diary: Diary, no_patience: None) -> None:
    slow = Step(name="engine", start=diary.does("+engine"), stop=diary.hangs("-engine"), grace=timedelta(hours=1))
    lifecycle = Lifecycle([diary.step("database"), slow])
    await lifecycle.start()
    stopping = asyncio.create_task(lifecycle.stop())
    while "-engine" not in diary.entries:
        await asyncio.wait({stopping}, timeout=0.001)
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert diary.entries[-2:] == ["-engine cut", "-database"]


async def test_stopping_twice_stops_each_part_once(diary: Diary) -> None:
    lifecycle = Lifecycle([diary.step("database")])
    await lifecycle.start()
    await asyncio.gather(lifecycle.stop(), lifecycle.stop())
    assert diary.entries == ["+database", "-database"]


async def test_first_signal_asks_for_a_stop_and_the_second_for_a_quick_one() -> None:
    signals = Signals()
    signals.receive()
    assert signals.stop.is_set()
    assert not signals.hurry.is_set()
    signals.receive()
    assert signals.hurry.is_set()


async def test_first_signal_cancels_a_command_that_is_no_server() -> None:
    signals = Signals()
    signals.cancels = asyncio.create_task(asyncio.Event().wait())
    signals.receive()
    with pytest.raises(asyncio.CancelledError):
        await signals.cancels
