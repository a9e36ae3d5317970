"""Our peer in a process of its own, to be killed: ``python -m tests.interop.ours DSN SCHEMA``, with the Go peer's lines."""

import asyncio
import json
import os
import sys
from typing import Any

from tests.interop.ours.peer import OurPeer, as_line


def write(message: dict[str, Any]) -> None:
    """Send a message to the test."""
    sys.stdout.write(as_line(message) + "\n")
    sys.stdout.flush()


async def serve(peer: OurPeer, request: dict[str, Any]) -> None:
    """Run one command and answer."""
    answer = {"id": request.pop("id")}
    try:
        answer["result"] = await peer.call(request.pop("cmd"), **request)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        answer["error"] = f"{type(error).__name__}: {error}"
    write(answer)


async def main(dsn: str, schema: str) -> None:
    """Serve until the test closes its end."""
    lines = asyncio.StreamReader(limit=64 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with OurPeer(dsn, schema=schema) as peer, asyncio.TaskGroup() as group:
        peer.on_event = write
        write({"event": "ready", "pid": os.getpid()})
        while line := await lines.readline():
            group.create_task(serve(peer, json.loads(line)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
