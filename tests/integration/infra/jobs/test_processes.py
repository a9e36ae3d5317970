"""Workers in processes of their own: progress and cancel reach across, and nothing they do hurts the node."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psutil
import pytest

from revenge.infra.jobs import Client, Cursor, InsertOpts, Job, JobArgs, JobState, StopConfig, Worker
from tests.fakes.engine import eventually

StartClient = Callable[..., Awaitable[Client]]
LIMIT = timedelta(seconds=20)
ONCE = InsertOpts(max_attempts=1)


class CrunchArgs(JobArgs, kind="crunch"):
    what: str = ""
    every: timedelta = timedelta(seconds=5)
    blob: bytes = b"\xff\x00"


class Cruncher(Worker[CrunchArgs], runs_in="process"):
    """Does what the arguments say, in another process."""

    @staticmethod
    def work(job: Job[CrunchArgs]) -> object:
        match job.args.what:
            case "report":
                job.report_progress(phase="crunching", current=3, total=4, message="caf\udce9\0.mkv")
            case "report nonsense":
                job.report_progress(phase=None, current=object(), total="x")  # type: ignore[arg-type]  # as a worker may
            case "wait":
                job.report_progress(current=1, total=10)
                time.sleep(1000)
            case "ignore":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                job.report_progress(current=1, total=10)
                time.sleep(1000)
            case "family":
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
                job.set_metadata("child", child.pid)
                job.report_progress(current=child.pid, total=2**40)
                time.sleep(1000)
            case "stdin":
                return sys.stdin.readline()
            case "print":
                print("{}")  # noqa: T201 - that is the point
                return "printed"
            case "args":
                return [str(job.args.every), job.args.blob.hex()]
            case "nan":
                return float("nan")
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "metadata":
                job.set_metadata("checkpoint", 5)
                raise ValueError("after the checkpoint")
        return os.getpid()


class StepArgs(JobArgs, kind="steps"):
    pass


class Stepper(Worker[StepArgs], runs_in="process"):
    """Its first attempt is killed in the second step."""

    @staticmethod
    def work(job: Job[StepArgs]) -> None:
        def first() -> None:
            assert job.attempt == 1

        def second(cursor: Cursor[int]) -> None:
            job.record_output(cursor.value)
            if job.attempt == 1:
                cursor.set(7)
                time.sleep(0.75)
                os.kill(os.getpid(), signal.SIGKILL)

        job.step("first", first)
        job.cursor_step("second", int, second)


@pytest.fixture
async def node(start_client: StartClient) -> Client:
    return await start_client([Cruncher()], queues={"default": 3}, timeout=timedelta(minutes=5))


async def start(node: Client, what: str) -> int:
    """Insert a job and wait until its worker reports."""
    job_id = (await node.insert(CrunchArgs(what=what))).job.id

    async def reports() -> object:
        return await node.progress([job_id])

    await eventually(reports)
    return job_id


async def end(node: Client, what: str) -> Any:
    job_id = (await node.insert(CrunchArgs(what=what), ONCE)).job.id
    return await node.wait(job_id, timeout=LIMIT)


async def test_it_is_another_process_that_serves_the_next_job_too(node: Client) -> None:
    first, second = await end(node, ""), await end(node, "")
    assert first.output == second.output != os.getpid()


async def test_spans_of_time_and_bytes_arrive_as_they_were_inserted(node: Client) -> None:
    assert (await end(node, "args")).output == ["0:00:05", "ff00"]


async def test_its_progress_is_seen_whatever_it_says(node: Client, client: Client) -> None:
    job_id = await start(node, "report")
    progress = (await client.progress([job_id]))[job_id]
    assert (progress.phase, progress.current, progress.total, progress.message) == (
        "crunching",
        4,
        4,
        "caf\ufffd\ufffd.mkv",
    )
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.COMPLETED
    assert (await end(node, "report nonsense")).state is JobState.COMPLETED


async def test_what_it_prints_and_reads_is_not_the_engines(node: Client) -> None:
    assert (await end(node, "print")).output == "printed"
    assert (await end(node, "stdin")).output == ""
    assert (await end(node, "")).state is JobState.COMPLETED


async def test_a_crash_fails_its_own_attempt_only(node: Client) -> None:
    row = await end(node, "segfault")
    error = row.errors[0]
    assert (row.state, error.error) == (JobState.DISCARDED, "worker lost: the process died with signal 11 (SIGSEGV)")
    # It could still say where it was.
    assert "Segmentation fault" in error.trace
    assert "test_processes.py" in error.trace
    assert (await end(node, "")).state is JobState.COMPLETED


async def test_a_job_that_kills_its_process_again_and_again_is_discarded(node: Client) -> None:
    job_id = (await node.insert(CrunchArgs(what="segfault"), InsertOpts(max_attempts=25))).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, row.metadata) == (JobState.DISCARDED, 3, {"revenge:killed": 3})
    assert {error.error for error in row.errors} == {"worker lost: the process died with signal 11 (SIGSEGV)"}


async def test_what_it_has_done_is_not_done_again_when_it_is_killed(start_client: StartClient) -> None:
    node = await start_client([Stepper()])
    job_id = (await node.insert(StepArgs())).job.id
    row = await node.wait(job_id, timeout=LIMIT)
    assert (row.state, row.attempt, row.output) == (JobState.COMPLETED, 2, 7)
    assert [error.error.partition(":")[0] for error in row.errors] == ["worker lost"]


async def test_a_result_without_a_json_form_fails_the_attempt(node: Client) -> None:
    row = await end(node, "nan")
    assert "nan" in row.errors[0].error


async def test_what_it_staged_is_kept_when_it_fails(node: Client) -> None:
    row = await end(node, "metadata")
    assert (row.metadata, row.errors[0].error) == ({"checkpoint": 5}, "ValueError: after the checkpoint")


async def test_a_cancel_ends_it_within_a_second(node: Client, client: Client) -> None:
    job_id = await start(node, "wait")
    began = time.monotonic()
    await client.cancel(job_id)
    row = await client.wait(job_id, timeout=LIMIT)
    assert time.monotonic() - began < 2
    assert row.state is JobState.CANCELLED


async def test_one_that_ignores_the_cancel_is_killed(node: Client, client: Client) -> None:
    job_id = await start(node, "ignore")
    await client.cancel(job_id)
    assert (await client.wait(job_id, timeout=LIMIT)).state is JobState.CANCELLED
    assert not [child for child in psutil.Process().children() if "process_child" in " ".join(child.cmdline())]


async def test_the_processes_it_started_end_with_it(node: Client, client: Client) -> None:
    job_id = await start(node, "family")
    child = psutil.Process((await client.progress([job_id]))[job_id].current)
    await client.cancel(job_id)
    await client.wait(job_id, timeout=LIMIT)

    async def is_gone() -> bool:
        return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE

    await eventually(is_gone, within=timedelta(seconds=5))


async def test_a_stop_takes_it_along_without_burning_its_attempt(start_client: StartClient, client: Client) -> None:
    stop = StopConfig(soft=timedelta(0), cancel=timedelta(seconds=5))
    node = await start_client([Cruncher()], stop=stop)
    job_id = await start(node, "ignore")
    await node.stop()
    row = await client.get(job_id)
    assert (row.state, row.attempt, row.errors) == (JobState.AVAILABLE, 0, [])
    assert not [child for child in psutil.Process().children() if "process_child" in " ".join(child.cmdline())]
