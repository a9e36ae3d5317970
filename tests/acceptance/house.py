"""``revenge`` as a user runs it: a process, its output, its end."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import psutil
import pytest

LIMIT_S = 90
"""For anything that a slow machine under load may have to do."""


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A process that stays, and what it has said so far."""

    def __init__(self, words: list[str], env: Mapping[str, str], folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "revenge", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(env),
            cwd=folder,
            start_new_session=True,
        )
        self.said: list[str] = []
        self._lines: Queue[str | None] = Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self.process.stdout, self.process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any) -> None:
        with stream:
            for line in stream:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, text: str) -> str:
        """Return the first line, from now on, that holds ``text``."""
        ended = 0
        while ended < 2:
            try:
                line = self._lines.get(timeout=LIMIT_S)
            except Empty:
                break
            if line is None:
                ended += 1
                continue
            self.said.append(line)
            if text in line:
                return line
        said = "\n".join(self.said)
        pytest.fail(f"it never said {text!r} (code {self.process.poll()}), but:\n{said}")

    def send(self, order: signal.Signals) -> None:
        self.process.send_signal(order)

    def end(self, order: signal.Signals = signal.SIGINT) -> int:
        """Send a signal; return the code it ends with."""
        self.send(order)
        return self.process.wait(timeout=LIMIT_S)

    def everything(self) -> str:
        """All that it said, once it has ended."""
        self.process.wait(timeout=LIMIT_S)
        for reader in self._readers:
            reader.join(timeout=LIMIT_S)
        while not self._lines.empty():
            line = self._lines.get()
            if line is not None:
                self.said.append(line)
        return "\n".join(self.said)


class House:
    """A data directory, or a database, and the commands run on it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("REVENGE_", "DB_", "JOBS_"))},
            "COLUMNS": "120",
            "REVENGE_DATA_DIR": str(folder / "data"),
            **env,
        }
        self.running: list[Running] = []

    def run(self, *words: object, **env: str) -> Answer:
        """Run a command to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "revenge", *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self.env | env,
            cwd=self.folder,
            check=False,
            timeout=LIMIT_S,
        )
        return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *words: object, **env: str) -> Running:
        """Start a process that stays."""
        running = Running([str(word) for word in words], self.env | env, self.folder)
        self.running.append(running)
        return running

    def postgres(self) -> list[psutil.Process]:
        """The embedded PostgreSQL's processes that are alive."""
        cluster = str(self.folder / "data" / "postgres")
        found = []
        for process in psutil.process_iter():
            try:
                if process.cwd().startswith(cluster):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found

    def close(self) -> None:
        for each in self.running:
            if each.process.poll() is None:
                os.killpg(each.process.pid, signal.SIGKILL)
            each.everything()
        for process in self.postgres():
            process.kill()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port
