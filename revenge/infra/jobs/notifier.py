"""The one LISTEN connection of a process: notifications are hints, and their loss is noticed."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import asyncpg
import orjson

from revenge.infra.jobs.clock import Clock, sleep_unless
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.store import DirectConnection, Store

PING_INTERVAL = timedelta(seconds=10)
PING_TIMEOUT = timedelta(seconds=10)
"""River: the ping has its own time limit (0.51.1), or a silent network blocks it for ever."""
CATCH_UP_TIMEOUT = timedelta(seconds=30)
"""For all that is looked up when a connection is new; until then nothing is pinged that would show a silent network."""
SAY_TIMEOUT = timedelta(seconds=1)
LONGEST_BACKOFF = timedelta(seconds=30)

_LOST = (StoreError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

TOPICS = ("river_insert", "river_control", "river_leadership")

logger = logging.getLogger("revenge.jobs")

Connect = Callable[[], Awaitable[DirectConnection]]


def connect_by(listen: object) -> Connect | None:
    """Return what opens the connection that ``listen`` describes: a function that does it, or asyncpg's DSN; None for None.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(listen, str):
        return partial(asyncpg.connect, listen)
    if listen is None or callable(listen):
        return listen
    message = f"listen must be a DSN or a function that connects, got {listen!r}"
    raise TypeError(message)


class Listener(Protocol):
    """Who wants to hear."""

    def on_notification(self, topic: str, payload: dict[str, Any]) -> None:
        """Take a notification; runs in the loop and must not block."""

    async def on_connect(self, conn: DirectConnection) -> None:
        """A new connection listens: whatever was sent while there was none has been missed."""

    def on_disconnect(self) -> None:
        """Nothing is heard any more until ``on_connect``."""


class Notifier:
    """Keeps one connection listening to River's channels and hands on what it hears."""

    def __init__(self, *, clock: Clock, connect: Connect, store: Store, listener: Listener) -> None:
        self._clock = clock
        self._connect = connect
        self._store = store
        self._listener = listener
        self._lost = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failures = 0
        self._line: DirectConnection | None = None
        """The connection, as long as it answers."""
        self._turn = asyncio.Lock()
        self.is_listening = False
        """Whether notifications arrive at present; without them everything is polled."""

    async def run(self) -> None:
        """Listen until ``stop``; a lost connection is made anew, with growing pauses."""
        while not self._stopped.is_set():
            try:
                await self._listen()
            except _LOST as error:
                self._failures += 1
                logger.warning("notifier.lost", extra={"error": str(error) or type(error).__name__})
            except Exception:
                # A bug, ours or the driver's: everything is polled meanwhile, but it must not stay so.
                self._failures += 1
                logger.exception("notifier.lost")
            if not self._stopped.is_set():
                pause = min(timedelta(seconds=0.1 * 2.0 ** min(self._failures, 10)), LONGEST_BACKOFF)
                await sleep_unless(self._stopped, pause * random.uniform(0.9, 1.1))  # noqa: S311 - spreads reconnects

    def stop(self) -> None:
        """End ``run`` soon; the connection closes, and with it the node's lock is free."""
        self._stopped.set()
        self._lost.set()

    async def say(self, topic: str, payloads: list[str]) -> bool:
        """Notify everybody but ``listener``; return False when another way is to be taken: this one may have failed."""
        if self._line is None or self._turn.locked():
            return False
        async with self._turn:
            line = self._line
            try:
                async with asyncio.timeout(SAY_TIMEOUT.total_seconds()):
                    await self._store.notify(topic, payloads, conn=line)
            except _LOST as error:
                # It stays unused until it has answered a ping: who speaks is not to wait for a silent network each time.
                logger.debug("notifier.unsaid", extra={"error": str(error) or type(error).__name__})
                if self._line is line:
                    self._line = None
                return False
            return True

    async def _listen(self) -> None:
        self._lost.clear()
        if self._stopped.is_set():
            return
        async with asyncio.timeout(PING_TIMEOUT.total_seconds()):
            conn = await self._connect()
        try:
            conn.add_termination_listener(lambda _: self._lost.set())
            for topic in TOPICS:
                channel = await self._store.channel(topic)
                async with asyncio.timeout(PING_TIMEOUT.total_seconds()):
                    await conn.add_listener(channel, self._heard(topic, conn.get_server_pid()))
            self.is_listening = True
            async with asyncio.timeout(CATCH_UP_TIMEOUT.total_seconds()):
                await self._listener.on_connect(conn)
            self._failures = 0
            self._line = conn
            while not await sleep_unless(self._lost, PING_INTERVAL):
                async with self._turn, asyncio.timeout(PING_TIMEOUT.total_seconds()):
                    if await conn.fetchval("SHOW transaction_read_only") == "on":
                        # A primary that became a reader: nobody notifies here any more.
                        raise ConnectionResetError("the server may no longer be written")
                    self._line = conn
        finally:
            self.is_listening = False
            self._line = None
            # Closing politely may wait for a silent server; the socket is what matters.
            conn.terminate()
            if not self._stopped.is_set():
                self._listener.on_disconnect()

    def _heard(self, topic: str, own_pid: int) -> Callable[..., None]:
        def hear(_conn: object, pid: int, _channel: str, payload: object) -> None:
            if pid == own_pid:
                # What was said here.
                return
            try:
                message = orjson.loads(str(payload))
            except orjson.JSONDecodeError:
                logger.debug("notifier.garbage", extra={"topic": topic})
                return
            if isinstance(message, dict):
                self._listener.on_notification(topic, message)

        return hear
