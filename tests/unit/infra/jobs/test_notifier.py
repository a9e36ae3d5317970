"""The LISTEN connection is kept up whatever happens to it, and its loss is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from revenge.infra.jobs import notifier as notifier_module
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.notifier import Notifier
from revenge.infra.jobs.testing import settle


class Line:
    """A connection that listens; what is said on it comes back on it."""

    pid = 7

    def __init__(self, *, fails: Exception | None = None) -> None:
        self.listeners: dict[str, Callable[..., None]] = {}
        self.is_open = True
        self.is_readers = False
        self._on_end: list[Callable[[Any], None]] = []
        self._fails = fails
        self.refuses: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.under_way = 0

    def get_server_pid(self) -> int:
        return self.pid

    def add_termination_listener(self, callback: Callable[[Any], None]) -> None:
        self._on_end.append(callback)

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None:
        if self._fails is not None:
            raise self._fails
        self.listeners[channel] = callback

    async def fetchval(self, query: str) -> str:
        await self.use()
        return "on" if self.is_readers else "off"

    async def use(self) -> None:
        assert not self.under_way, "asyncpg: another operation is in progress"
        self.under_way += 1
        try:
            await self.gate.wait()
        finally:
            self.under_way -= 1
        if self.refuses is not None:
            raise self.refuses

    def terminate(self) -> None:
        self.is_open = False

    def cut(self) -> None:
        for callback in self._on_end:
            callback(self)

    def say(self, topic: str, payload: str, *, pid: int = 1) -> None:
        self.listeners[f"public.{topic}"](self, pid, topic, payload)


class Channels:
    async def channel(self, topic: str) -> str:
        return f"public.{topic}"

    async def notify(self, topic: str, payloads: list[str], *, conn: Line) -> None:
        await conn.use()
        for payload in payloads:
            conn.say(topic, payload, pid=conn.pid)


class Ear:
    """Keeps what it heard; ``on_connect`` fails as often as ``fails`` says."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.fails: list[Exception] = []
        self.connects: asyncio.Queue[Line] = asyncio.Queue()
        self.disconnects = 0

    def on_notification(self, topic: str, payload: dict[str, Any]) -> None:
        self.heard.append((topic, payload))

    async def on_connect(self, conn: Any) -> None:
        if self.fails:
            raise self.fails.pop(0)
        await self.connects.put(conn)

    def on_disconnect(self) -> None:
        self.disconnects += 1


@pytest.fixture
def ear() -> Ear:
    return Ear()


@asynccontextmanager
async def listening(ear: Ear, *lines: Line | Exception) -> AsyncIterator[Notifier]:
    waiting = list(lines)

    async def connect() -> Any:
        line = waiting.pop(0) if waiting else Line()
        if isinstance(line, Exception):
            raise line
        return line

    store: Any = Channels()
    notifier = Notifier(clock=SystemClock(), connect=connect, store=store, listener=ear)
    running = asyncio.create_task(notifier.run())
    yield notifier
    notifier.stop()
    await asyncio.wait_for(running, 5)
    assert not notifier.is_listening


async def test_what_is_said_is_heard_whatever_its_spacing(ear: Ear) -> None:
    async with listening(ear):
        line = await ear.connects.get()
        line.say("river_insert", '{"queue": "bulk"}')
        line.say("river_control", '{"action" : "cancel", "job_id" : 7, "queue" : "bulk"}')
        assert ear.heard == [
            ("river_insert", {"queue": "bulk"}),
            ("river_control", {"action": "cancel", "job_id": 7, "queue": "bulk"}),
        ]


@pytest.mark.parametrize("payload", ["", "no json", "[1]", "null", "7", '"text"', '{"a":'])
async def test_garbage_is_not_heard(ear: Ear, payload: str) -> None:
    async with listening(ear):
        (await ear.connects.get()).say("river_insert", payload)
        assert ear.heard == []


async def test_a_connection_that_was_cut_is_made_anew(ear: Ear) -> None:
    async with listening(ear) as notifier:
        first = await ear.connects.get()
        assert notifier.is_listening
        first.cut()
        second = await asyncio.wait_for(ear.connects.get(), 5)
        assert first is not second
        assert (first.is_open, second.is_open) == (False, True)
        assert ear.disconnects == 1


@pytest.mark.parametrize(
    "error",
    [
        OSError("refused"),
        TimeoutError(),
        asyncpg.CannotConnectNowError("starting"),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("lost its place"),
        ZeroDivisionError("a bug of ours"),
    ],
)
async def test_no_failure_to_connect_is_the_last_try(ear: Ear, error: Exception) -> None:
    async with listening(ear, error, Line(fails=error)):
        await asyncio.wait_for(ear.connects.get(), 10)


async def test_a_failure_to_catch_up_is_tried_again_on_a_new_connection(ear: Ear) -> None:
    ear.fails = [StoreError("the pool's connections died with the server", retryable=True)]
    line = Line()
    async with listening(ear, line) as notifier:
        await asyncio.wait_for(ear.connects.get(), 10)
        assert not line.is_open
        assert notifier.is_listening


async def test_catching_up_that_never_ends_is_tried_again_on_a_new_connection(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network has gone silent in that moment: nothing is pinged yet, and nothing else would notice."""
    monkeypatch.setattr(notifier_module, "CATCH_UP_TIMEOUT", timedelta(milliseconds=10))
    stays_silent = asyncio.Event()
    answer, lines = ear.on_connect, [Line(), Line()]

    async def on_connect(conn: Any) -> None:
        if conn is lines[0]:
            await stays_silent.wait()
        await answer(conn)

    monkeypatch.setattr(ear, "on_connect", on_connect)
    async with listening(ear, *lines):
        assert await asyncio.wait_for(ear.connects.get(), 10) is lines[1]
        assert not lines[0].is_open
        assert ear.disconnects == 1


async def test_a_stop_is_no_loss(ear: Ear) -> None:
    async with listening(ear):
        line = await ear.connects.get()
    assert not line.is_open
    assert ear.disconnects == 0


async def test_a_server_that_became_a_reader_is_left(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "PING_INTERVAL", timedelta(milliseconds=10))
    readers = Line()
    async with listening(ear, readers):
        assert await ear.connects.get() is readers
        readers.is_readers = True
        assert (await asyncio.wait_for(ear.connects.get(), 10)).is_open
    assert not readers.is_open


HINT = '{"queue": "bulk"}'


async def connected(notifier: Notifier) -> None:
    while not await notifier.say("river_insert", [HINT]):
        await settle()


async def test_what_this_process_says_it_does_not_hear_but_others_words_it_does(ear: Ear) -> None:
    async with listening(ear) as notifier:
        line = await ear.connects.get()
        await connected(notifier)
        assert ear.heard == []
        line.say("river_insert", HINT)
        assert ear.heard == [("river_insert", {"queue": "bulk"})]


async def test_nothing_is_said_before_it_listens_and_after_it_stopped(ear: Ear) -> None:
    async with listening(ear) as notifier:
        assert not await notifier.say("river_insert", [HINT])
        await ear.connects.get()
    assert not await notifier.say("river_insert", [HINT])


async def test_a_line_that_fails_is_spoken_on_no_more_until_it_answers(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "PING_INTERVAL", timedelta(milliseconds=10))
    async with listening(ear) as notifier:
        line = await ear.connects.get()
        await connected(notifier)
        line.gate.clear()
        monkeypatch.setattr(notifier_module, "SAY_TIMEOUT", timedelta(milliseconds=1))
        assert not await notifier.say("river_insert", [HINT])
        assert not await asyncio.wait_for(notifier.say("river_insert", [HINT]), 30)
        monkeypatch.setattr(notifier_module, "SAY_TIMEOUT", timedelta(seconds=30))
        line.gate.set()
        await asyncio.wait_for(connected(notifier), 30)
        assert line.is_open


async def test_words_and_pings_take_turns(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier_module, "PING_INTERVAL", timedelta(0))
    async with listening(ear) as notifier:
        line = await ear.connects.get()
        await connected(notifier)
        for _ in range(50):
            await notifier.say("river_insert", [HINT])
            await settle()
        assert (line.is_open, ear.disconnects) == (True, 0)


@pytest.mark.parametrize(
    "error", [StoreError("closed", retryable=True), asyncpg.InterfaceError("another operation is in progress")]
)
async def test_words_that_could_not_be_sent_are_left_to_another_way(ear: Ear, error: Exception) -> None:
    async with listening(ear) as notifier:
        line = await ear.connects.get()
        await connected(notifier)
        line.refuses = error
        assert not await notifier.say("river_insert", [HINT])
