"""The Go peer: River's own code in a process of its own, driven by JSON lines."""

import asyncio
import fcntl
import hashlib
import json
import os
import subprocess
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "go"
CACHE = Path(__file__).parents[2] / ".cache" / "go"
_MAX_LINE_BYTES = 64 << 20


class PeerError(Exception):
    """Go's own error text."""


class NoGo(Exception):
    """The peer cannot be built here; the text says why."""


def build() -> Path:
    """Return the peer's program, built when its sources are new; one builds, others wait for it.

    Raises:
        NoGo: there is no Go toolchain beside this Python, or its build failed.
    """
    go = Path(sysconfig.get_path("scripts")) / "go"
    if not go.is_file():
        raise NoGo(f"no Go toolchain: {go} is missing (it comes with the development dependencies: make setup-dev)")
    digest = hashlib.sha256()
    for file in sorted(SOURCE.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    program = CACHE / "bin" / f"peer-{digest.hexdigest()[:16]}"
    program.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            _compile(go, program)
    return program


def _compile(go: Path, program: Path) -> None:
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOCACHE": str(CACHE / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOMODCACHE": str(CACHE / "mod"),
        "GOTOOLCHAIN": "local",
    }
    new = program.with_suffix(".new")
    done = subprocess.run(
        [go, "build", "-o", new, "."], cwd=SOURCE, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoGo(f"the Go peer did not build: {done.stderr.strip()[-2000:]}")
    new.replace(program)


class GoPeer:
    """One process of River in Go on a database; use it as an async context manager."""

    def __init__(self, program: Path, dsn: str, *, schema: str = "") -> None:
        self._command = (str(program), dsn, schema)
        self._process: asyncio.subprocess.Process | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None
        self._last_id = 0

    async def __aenter__(self) -> "GoPeer":
        """Start the process and wait until it serves."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_MAX_LINE_BYTES,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="go-peer-reader")
        await self.event("ready")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process at once; a test that is about stopping calls ``stop`` before."""
        await self.kill()

    async def call(self, command: str, /, **params: Any) -> Any:
        """Run a command (the table in ``commands.go``) and return its result.

        Raises:
            PeerError: Go answered with an error, or the process has ended.
        """
        if self._process is None or self._process.stdin is None or self._process.returncode is not None:
            raise PeerError("the Go peer is not running")
        self._last_id += 1
        answer = self._answers[self._last_id] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": self._last_id, "cmd": command, **params})
        self._process.stdin.write(line.encode() + b"\n")
        return await answer

    async def event(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """Wait for an event with these fields, told already or not, and take it out of what was told."""
        async with self._news:
            while True:
                for place, event in enumerate(self._events):
                    if event["event"] == name and _has(event, fields):
                        return self._events.pop(place)
                await self._news.wait()

    def told(self, name: str, /, **fields: Any) -> list[dict[str, Any]]:
        """Return the events of this name and these fields that nobody has taken yet."""
        return [event for event in self._events if event["event"] == name and _has(event, fields)]

    async def kill(self) -> None:
        """End the process as kill -9 does."""
        if self._process is None or self._reader is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._reader
        self._process = None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            message = json.loads(line)
            if "event" in message:
                async with self._news:
                    self._events.append(message)
                    self._news.notify_all()
                continue
            answer = self._answers.pop(message["id"])
            if answer.done():
                continue
            if "error" in message:
                answer.set_exception(PeerError(message["error"]))
            else:
                answer.set_result(message.get("result"))
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(PeerError("the Go peer has ended"))


def _has(event: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return all(event.get(name) == value for name, value in fields.items())
