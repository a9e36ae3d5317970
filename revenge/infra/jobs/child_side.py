"""What the processes of ``child.py`` share on their own side: how they begin, read, answer and report."""

import ctypes
import faulthandler
import importlib
import importlib.util
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

import orjson

from revenge.infra.jobs.child import MAX_LINE_BYTES
from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import InvalidJob, ProgramNotGuarded, describe, shortened
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.job_log import collect_from_parent
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import MAX_OUTPUT_BYTES, Cancel, Snooze
from revenge.infra.jobs.program_guard import PROGRAM_GUARD
from revenge.infra.jobs.progress import tidy

REPORT_INTERVAL_S = 0.25
STEPS_SHARE = 20
"""After steps that took so long to write, as many times as long without: a worker with large cursors is to work."""
_PR_SET_PDEATHSIG = 1


class Pipes(NamedTuple):
    """The way to the other side and back."""

    requests: BinaryIO
    answers: BinaryIO


def begin() -> Pipes:
    """Tie this process to its parent, and keep what a worker prints and reads apart from requests and answers."""
    pipes = Pipes(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _tie_to(int(sys.argv[1]))
    # A crash says into the answers where it was: no JSON, which the other side takes for what it is.
    faulthandler.enable(file=pipes.answers)
    return pipes


def _tie_to(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # Where memory runs out it is this process that goes, and not its parent with everybody's jobs.
        with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
            score.write("1000")
    if os.getppid() != parent:  # it died before prctl was heard
        os._exit(1)


def tell(answers: BinaryIO, message: bytes) -> None:
    """Send one line."""
    answers.write(message + b"\n")
    answers.flush()


def find(*, module: str, file: str | None, name: str) -> Any:
    """Return what ``name`` is in ``module`` of the other side, where that may have been the program itself.

    Raises:
        ImportError: the module can't be imported here.
        AttributeError: it has no such name.
        ProgramNotGuarded: it starts a client as it is imported.
    """
    with PROGRAM_GUARD.reading((module, file)):
        try:
            found = importlib.import_module(module) if module != "__main__" else None
        except ImportError:
            found = None
        value: Any = found if found is not None else _run_file(module, file)
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _run_file(module: str, file: str | None) -> Any:
    alias = f"revenge_workers_{abs(hash(file))}"
    if alias in sys.modules:
        return sys.modules[alias]
    spec = importlib.util.spec_from_file_location(alias, file) if file else None
    if spec is None or spec.loader is None:
        message = f"module {module} ({file}) can't be imported in another process"
        raise ImportError(message)
    found = importlib.util.module_from_spec(spec)
    sys.modules[alias] = found
    try:
        spec.loader.exec_module(found)
    except BaseException:
        # As `import` does: half a module is none.
        del sys.modules[alias]
        raise
    return found


def claim_from(columns: dict[str, Any]) -> Claim:
    """Make the claim that the other side sent."""
    for name in ("attempted_at", "scheduled_at"):
        columns[name] = datetime.fromisoformat(columns[name])
    claim = Claim.__new__(Claim)
    for name, value in columns.items():
        setattr(claim, name, value)
    return claim


def result_answer(result: object, job: Job[Any]) -> bytes:
    """Return the message for what a worker returned.

    Raises:
        TypeError, ValueError: it has no JSON form.
        InvalidJob: it is larger than the other side reads.
        Exception: what one of its steps raised, or that they do not fit.
    """
    result = job.conclude(result)
    staged = _unfinished(job) if isinstance(result, (Snooze, Cancel)) else job.staged
    match result:
        case Snooze():
            answer: dict[str, Any] = {"snooze_s": result.for_.total_seconds()}
        case Cancel():
            answer = {"cancel": result.reason}
        case _:
            answer = {"output": result}
    return _line({**answer, "staged": staged})


def failure_answer(error: BaseException, job: Job[Any] | None, *, ended: bool = False) -> bytes:
    """Return the message for what a worker raised; ``ended``: as one does that was told to end."""
    trace = shortened("".join(traceback.format_exception(error, limit=-50)))
    is_final = isinstance(error, ProgramNotGuarded)
    failure = {"error": describe(error), "trace": trace, "ended": ended, "is_final": is_final}
    try:
        return _line({**failure, "staged": job and _unfinished(job)})
    except Exception:  # noqa: BLE001 - what was staged has no JSON form, or too much of one
        return encode({**failure, "staged": None}).encode()


def _line(answer: dict[str, Any]) -> bytes:
    line = encode(answer).encode()
    if len(line) >= MAX_LINE_BYTES:
        message = f"output and metadata are {len(line)} bytes of JSON; {MAX_OUTPUT_BYTES} are allowed"
        raise InvalidJob(message)
    return line


def _unfinished(job: Job[Any]) -> dict[str, Any] | None:
    steps = job.steps.unsaved() if job.steps is not None else {}
    return {**(job.staged or {}), **steps} if steps else job.staged


class Reporting:
    """Sends the newest report and what was logged a few times a second while the worker runs: both only assign."""

    def __init__(
        self, job: Job[Any], answers: BinaryIO, *, log: Mapping[str, int] | None, with_steps: bool = False
    ) -> None:
        """Make it.

        Args:
            job: the worker's.
            answers: the way to the other side.
            log: what the other side sent with the job.
            with_steps: send them too, for when this process is killed. Not where workers store steps by transactions: what
                was sent before would be written over what such a one has stored since.
        """
        self._job = job
        self._answers = answers
        self._lines = collect_from_parent(log)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._sent: object = None
        self._with_steps = with_steps
        self._sent_steps: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._send()

    def _run(self) -> None:
        steps_due_at = 0.0
        while not self._ended.wait(REPORT_INTERVAL_S):
            self._send()
            if (began := time.monotonic()) >= steps_due_at:
                self._send_steps()
                ended = time.monotonic()
                steps_due_at = ended + STEPS_SHARE * (ended - began)

    def _send_steps(self) -> None:
        steps = self._job.steps
        unsaved = steps.unsaved() if steps is not None and self._with_steps else {}
        if unsaved != self._sent_steps:
            self._sent_steps = unsaved
            with suppress(InvalidJob):  # too large: the attempt's end says so
                tell(self._answers, _line({"steps": unsaved}))

    def _send(self) -> None:
        report = self._job.report
        if report is not None and report is not self._sent:
            self._sent = report
            tell(self._answers, orjson.dumps({"report": list(tidy(report))}))
        log = self._lines.take() if self._lines is not None else ([], 0)
        if any(log):
            tell(self._answers, encode({"log": log}).encode())
