"""What the reader process answers, and the limits it lives under."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from revenge.content.library.probe import Probe, ProbeFailed
from revenge.content.library.probe.child import _answer


def answer_to(error: Exception) -> dict[str, object]:
    def fail(_: bytes) -> Probe:
        raise error

    return _answer(fail, b"/film.mkv")


def test_a_probe_is_answered_in_json() -> None:
    found = Probe(container="mp4")

    assert json.loads(json.dumps(_answer(lambda _: found, b"/film.mkv"))) == {
        "probe": json.loads(json.dumps(found.to_dict()))
    }


def test_a_failure_is_answered_with_its_reason_and_what_was_read() -> None:
    found = Probe(container="mp4")

    assert answer_to(ProbeFailed("empty file")) == {"failed": "empty file", "probe": None, "access": False}
    assert answer_to(ProbeFailed("incomplete", partial=found)) == {
        "failed": "incomplete",
        "probe": found.to_dict(),
        "access": False,
    }
    assert answer_to(ProbeFailed("permission denied", access=True))["access"] is True


def test_exhausted_memory_asks_for_a_new_reader() -> None:
    assert answer_to(MemoryError()) == {"failed": "ran out of memory", "exhausted": True}


@pytest.mark.parametrize("error", [ValueError("odd \x00\ud800 value"), RecursionError("x" * 1000), AssertionError()])
def test_what_nobody_foresaw_is_a_reason_too(error: Exception) -> None:
    reason = str(answer_to(error)["failed"])

    assert reason.startswith(f"the reader did not understand it ({type(error).__name__}")
    assert len(reason) <= 300
    assert reason.isprintable()


def test_a_reader_nobody_watches_is_ended_by_its_share_of_processor_time() -> None:
    program = (
        "import time\n"
        "from revenge.content.library.probe.child import _limit_cpu\n"
        "_limit_cpu(-5 - time.process_time())\n"  # the five seconds of grace
        "while True: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=30)

    assert done.returncode == -signal.SIGXCPU
