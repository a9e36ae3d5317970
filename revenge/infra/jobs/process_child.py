"""The other side of ``processes.py``: one job after the other, from requests on standard input.

A request and an answer are one line of JSON each; between them go lines with the newest progress report.
"""

import ctypes
import importlib
import importlib.util
import os
import signal
import sys
import threading
import traceback
from datetime import datetime
from typing import Any, BinaryIO

import orjson

from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import describe
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import Cancel, Snooze
from revenge.infra.jobs.progress import tidy
from revenge.infra.jobs.worker import Job, Worker

REPORT_INTERVAL_S = 0.25
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Serve until the other side closes the pipe or dies."""
    parent = int(sys.argv[1])
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # A worker that prints must not write into the answers, nor one that reads take the next request.
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _tie_to(parent)
    while line := requests.readline():
        answer = _answer(orjson.loads(line), answers)
        answers.write(answer + b"\n")
        answers.flush()
    return 0


def _tie_to(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before prctl was heard
        os._exit(1)


def _answer(request: dict[str, Any], answers: BinaryIO) -> bytes:
    job: Job[Any] | None = None
    try:
        worker = _load(request)
        work: Any = worker.work
        job = _job(request["claim"], worker)
        with _Reporting(job, answers):
            result = work(job)
        match result:
            case Snooze():
                answer: dict[str, Any] = {"snooze_s": result.for_.total_seconds()}
            case Cancel():
                answer = {"cancel": result.reason}
            case _:
                answer = {"output": result}
        return encode({**answer, "staged": job.staged}).encode()
    except BaseException as error:  # noqa: BLE001 - whatever user code raises is its attempt's end
        described = describe(error)
        trace = "".join(traceback.format_exception(error, limit=-50))
        failure = {"error": described, "trace": trace}
        try:
            return encode({**failure, "staged": job and job.staged}).encode()
        except Exception:  # noqa: BLE001 - what was staged has no JSON form
            return encode({**failure, "staged": None}).encode()


def _load(request: dict[str, Any]) -> type[Worker[Any]]:
    name, file = request["module"], request["file"]
    try:
        module = importlib.import_module(name) if name != "__main__" else None
    except ImportError:
        module = None
    if module is None:
        spec = importlib.util.spec_from_file_location(f"revenge_workers_{abs(hash(file))}", file)
        if spec is None or spec.loader is None:
            message = f"the worker's module {name} ({file}) can't be imported in another process"
            raise ImportError(message)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    found: Any = module
    for part in request["worker"].split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]  # the parent sent a worker class's name


def _job(columns: dict[str, Any], worker: type[Worker[Any]]) -> Job[Any]:
    for name in ("attempted_at", "scheduled_at"):
        columns[name] = datetime.fromisoformat(columns[name])
    claim = Claim.__new__(Claim)
    for name, value in columns.items():
        setattr(claim, name, value)
    return Job(claim, worker.args_type.model_validate_json(claim.args))


class _Reporting:
    """Sends the newest report a few times a second while the worker runs: a report itself is an assignment."""

    def __init__(self, job: Job[Any], answers: BinaryIO) -> None:
        self._job = job
        self._answers = answers
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._sent: object = None

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._send()

    def _run(self) -> None:
        while not self._ended.wait(REPORT_INTERVAL_S):
            self._send()

    def _send(self) -> None:
        report = self._job.report
        if report is not None and report is not self._sent:
            self._sent = report
            self._answers.write(orjson.dumps({"report": list(tidy(report))}) + b"\n")
            self._answers.flush()


if __name__ == "__main__":
    sys.exit(main())
