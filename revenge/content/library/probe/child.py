"""The reader process: takes paths on its standard input, answers on its standard output.

Both ways a message is four bytes of length (big-endian) and that many bytes: a path as it
is, an answer in JSON. The first answer says whether the process is fit to read.
Nothing that comes from a media file is ever unpickled on the other side.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
import resource
import signal
import struct
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from revenge.content.library.probe.errors import ProbeFailed
from revenge.content.library.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from revenge.content.library.probe.models import Probe

_HEADER = struct.Struct(">I")
_NICENESS = 10
_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38


def main() -> int:
    """Serve until the other side closes the pipe; arguments: parent's pid, bytes of memory (0: any), seconds a file."""
    parent, memory_bytes, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    requests, answers = _take_pipes()
    _tie_to(parent)
    try:
        from revenge.content.library.probe import reader
    except ImportError as error:
        _send(answers, {"unfit": f"PyAV cannot be loaded ({error}); install revenge[probe]"})
        return 1
    reader.set_up_logging()
    _limit(memory_bytes)
    _send(answers, {"ready": True})
    while (path := _receive(requests)) is not None:
        _limit_cpu(seconds)
        _send(answers, _answer(reader.read_file, path))
    return 0


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    # A library that prints must not write into the answers.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return requests, answers


def _tie_to(parent: int) -> None:
    """Die with the parent, be polite to the machine, gain no rights."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:  # it died before prctl was heard
        os._exit(1)
    os.nice(_NICENESS)


def _limit(memory_bytes: int) -> None:
    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NOFILE, 32)):
        resource.setrlimit(limit, (most, most))
    if memory_bytes:
        with contextlib.suppress(OSError, ValueError):  # macOS has no limit of address space
            resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _limit_cpu(seconds: float) -> None:
    # For the case that nobody is left to kill us: the deadline itself is the parent's.
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(usage.ru_utime + usage.ru_stime + seconds) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _answer(read: Callable[[bytes], Probe], path: bytes) -> dict[str, Any]:
    try:
        return {"probe": read(path).to_dict()}
    except ProbeFailed as failed:
        found = failed.partial.to_dict() if failed.partial else None
        return {"failed": failed.reason, "probe": found, "access": failed.access}
    except MemoryError:
        return {"failed": "ran out of memory", "exhausted": True}
    except Exception as error:  # noqa: BLE001 - one odd file must not cost a process
        return {"failed": clean_text(f"the reader did not understand it ({type(error).__name__}: {error})", limit=300)}


def _receive(pipe: BinaryIO) -> bytes | None:
    header = pipe.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    (length,) = _HEADER.unpack(header)
    return pipe.read(length)


def _send(pipe: BinaryIO, answer: dict[str, Any]) -> None:
    payload = json.dumps(answer, ensure_ascii=True, allow_nan=False).encode()
    pipe.write(_HEADER.pack(len(payload)) + payload)
    pipe.flush()


if __name__ == "__main__":
    sys.exit(main())
