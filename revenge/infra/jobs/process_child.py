"""The other side of ``processes.py``: one job after the other, from requests on standard input.

A request and an answer are one line of JSON each; between them go lines with the newest progress report.
"""

import sys
from typing import Any, BinaryIO

import orjson

from revenge.infra.jobs.child_side import Reporting, begin, claim_from, failure_answer, find, result_answer, tell
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.reading import row_reader
from revenge.infra.jobs.worker import Worker


def main() -> int:
    """Serve until the other side closes the pipe or dies."""
    requests, answers = begin()
    while line := requests.readline():
        tell(answers, _answer(orjson.loads(line), answers))
    return 0


def _answer(request: dict[str, Any], answers: BinaryIO) -> bytes:
    job: Job[Any] | None = None
    try:
        worker: type[Worker[Any]] = find(**request["worker"])
        claim = claim_from(request["claim"])
        job = Job(claim, row_reader(worker.args_type)(claim.args))
        job.resume()
        with Reporting(job, answers, log=request["log"], with_steps=True):
            # Static, so that the class will do.
            result = worker.work(job)
        return result_answer(result, job)
    except BaseException as error:  # noqa: BLE001 - whatever user code raises is its attempt's end
        return failure_answer(error, job)


if __name__ == "__main__":
    sys.exit(main())
