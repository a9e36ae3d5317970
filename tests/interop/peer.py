"""Peers in processes of their own, driven by JSON lines: River's own code in Go, and our engine where it is to be killed."""

import asyncio
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "go"
CACHE = ROOT / ".cache" / "go"
_MAX_LINE_BYTES = 64 << 20


class PeerError(Exception):
    """The peer's own error text."""


class NoGo(Exception):
    """The peer cannot be built here; the text says why."""


def build(source: Path = SOURCE, *, package: str = ".", name: str = "peer") -> Path:
    """Return the program of ``package`` in the module at ``source``, built when that is new; one builds, others wait.

    Raises:
        NoGo: there is no Go toolchain beside this Python, or its build failed.
    """
    go = Path(sysconfig.get_path("scripts")) / "go"
    if not go.is_file():
        raise NoGo(f"no Go toolchain: {go} is missing (it comes with the development dependencies: make setup-dev)")
    digest = hashlib.sha256()
    for file in sorted(source.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    program = CACHE / "bin" / f"{name}-{digest.hexdigest()[:16]}"
    program.parent.mkdir(parents=True, exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            _compile(go, source, package, program)
    return program


def _compile(go: Path, source: Path, package: str, program: Path) -> None:
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOCACHE": str(CACHE / "build"),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false",
        "GOMODCACHE": str(CACHE / "mod"),
        "GOTOOLCHAIN": "local",
    }
    new = program.with_suffix(".new")
    done = subprocess.run(
        [go, "build", "-o", new, package], cwd=source, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NoGo(f"{package} did not build: {done.stderr.strip()[-2000:]}")
    new.replace(program)


class Peer:
    """A process that takes commands; use it as an async context manager."""

    name: str

    def __init__(self, *command: str) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Condition()
        self._reader: asyncio.Task[None] | None = None
        self._last_id = 0

    async def __aenter__(self) -> Self:
        """Start the process and wait until it serves."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_MAX_LINE_BYTES,
            cwd=ROOT,
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(self._process), name="peer-reader")
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
            raise PeerError("the peer is not running")
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
                answer.set_exception(PeerError("the peer has ended"))


class GoPeer(Peer):
    """River in Go."""

    name = "go"

    def __init__(self, program: Path, dsn: str, *, schema: str = "") -> None:
        super().__init__(str(program), dsn, schema)


class OurProcess(Peer):
    """Our engine in a process of its own, for what a test cannot do to itself."""

    name = "ours"

    def __init__(self, dsn: str, *, schema: str = "") -> None:
        super().__init__(sys.executable, "-m", "tests.interop.ours", dsn, schema)


def _has(event: Mapping[str, Any], fields: Mapping[str, Any]) -> bool:
    return all(event.get(name) == value for name, value in fields.items())
