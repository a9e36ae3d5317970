"""An HTTP server that says byte for byte what a test wants, on a real socket: delays, half bodies, garbage."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer, and what is to be wrong with it."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    """What Content-Length claims; more than there is makes it half a body."""
    hold: asyncio.Event | None = None
    """The body waits for it; with ``trickle`` it comes byte by byte until then."""
    trickle: bool = False
    raw: bytes | None = None
    """Said instead of everything else."""


class WireServer:
    """Answers what ``say`` returns for each request, and remembers the requests."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.say: Callable[[Asked], Say | Awaitable[Say]] = lambda _asked: Say()
        self.url = ""

    def answer(self, *answers: Say) -> None:
        """Give these, one after the other, the last one for ever."""
        left = list(answers)
        self.say = lambda _asked: left.pop(0) if len(left) > 1 else left[0]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._one(reader, writer):
                    pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        split = urlsplit(target)
        asked = Asked(method=method, path=split.path, query=parse_qs(split.query), headers=headers, body=body)
        self.asked.append(asked)
        said = self.say(asked)
        return await self._write(writer, await said if inspect.isawaitable(said) else said)

    async def _write(self, writer: asyncio.StreamWriter, say: Say) -> bool:
        if say.raw is not None:
            writer.write(say.raw)
            await writer.drain()
            return False
        length = len(say.body) if say.length is None else say.length
        lines = [f"HTTP/1.1 {say.status} X", f"content-length: {length}"]
        lines += [f"{name}: {value}" for name, value in say.headers.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        if say.hold is not None:
            await writer.drain()
            while say.trickle and not say.hold.is_set():
                writer.write(b" ")
                await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(say.hold.wait(), 0.02)
            await say.hold.wait()
        writer.write(say.body)
        await writer.drain()
        return length == len(say.body)


@asynccontextmanager
async def wire_server() -> AsyncIterator[WireServer]:
    """Serve on a free port of the loopback until the block ends; its connections are cut then."""
    server = WireServer()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(server.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(listening.wait_closed(), return_exceptions=True)
