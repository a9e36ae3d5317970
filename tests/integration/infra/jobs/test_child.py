"""Processes that work jobs, seen from their node: how they begin, what they die of, how they leave."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from revenge.infra.jobs import Job, Worker
from revenge.infra.jobs.child import Child
from revenge.infra.jobs.errors import WorkerLost, WorkerRaised
from revenge.infra.jobs.processes import columns, named
from tests.fakes.engine import ActArgs, attempt

LIMIT = 30


class Echo(Worker[ActArgs], runs_in="process"):
    """Returns its number of attempts."""

    @staticmethod
    def work(job: Job[ActArgs]) -> object:
        return job.attempt


async def child(program: str) -> Child:
    """Start a program in the place of a worker's process."""
    return Child(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program), stdin=PIPE, stdout=PIPE, limit=100_000, start_new_session=True
        )
    )


async def death(program: str) -> WorkerLost:
    """Return what is said of a process that ends by ``program``."""
    job = attempt().job
    assert job is not None
    async with asyncio.timeout(LIMIT):
        with pytest.raises(WorkerLost) as lost:
            await (await child(program)).work({}, job)
    return lost.value


async def test_one_that_leaves_without_a_result_is_told_by_its_exit_code() -> None:
    assert "ended with exit code 3 and without a result" in str(await death("import os; os._exit(3)"))


async def test_one_that_is_killed_is_told_by_its_signal() -> None:
    assert "signal 9 (SIGKILL, as when memory runs out)" in str(await death("import os; os.kill(os.getpid(), 9)"))


async def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    number = signal.SIGRTMIN + 1
    assert f"died with signal {number}" in str(await death(f"import os; os.kill(os.getpid(), {number})"))


async def test_what_it_said_as_it_died_is_kept() -> None:
    said = "print('Fatal Python error: Segmentation fault', flush=True); import os; os._exit(1)"
    lost = await death(said)
    assert "Fatal Python error" in lost.trace


async def test_an_integer_of_any_size_comes_back_as_it_is() -> None:
    job = attempt().job
    assert job is not None
    answer = f'{{"output":{10**400},"staged":null}}'
    alive = await child(f"print('{answer}', flush=True); import time; time.sleep(1000)")
    try:
        async with asyncio.timeout(LIMIT):
            assert await alive.work({}, job) == 10**400
    finally:
        await alive.ends_within(timedelta(0))


@pytest.mark.parametrize(
    "answer", ["""'{"output":' + '[' * 10_000 + ']' * 10_000 + ',"staged":null}'""", "'{garbage}'"]
)
async def test_an_answer_that_cannot_be_read_ends_the_attempt_with_the_reason(answer: str) -> None:
    job = attempt().job
    assert job is not None
    alive = await child(f"print({answer}, flush=True); import time; time.sleep(1000)")
    try:
        async with asyncio.timeout(LIMIT):
            with pytest.raises(WorkerRaised, match="answered cannot be read"):
                await alive.work({}, job)
        assert alive.is_alive
    finally:
        await alive.ends_within(timedelta(0))


async def test_half_an_answer_before_a_crash_is_none() -> None:
    lost = await death(
        """print('{"output": [1, 2, Fatal Python error: Bus error', flush=True); import os; os._exit(1)"""
    )
    assert "Bus error" in lost.trace


async def test_one_that_ignores_the_closed_pipe_is_killed_in_the_end() -> None:
    stubborn = await child("import time; print('{}', flush=True); time.sleep(1000)")
    await stubborn.receive()
    stubborn.hang_up()
    assert not await stubborn.ends_within(timedelta(milliseconds=50))
    assert not stubborn.is_alive


async def process(module: str, parent: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(*(sys.executable, "-m", module, str(parent)), stdin=PIPE, stdout=PIPE)


async def test_a_worker_process_works_what_it_is_sent_and_leaves_when_its_node_hangs_up() -> None:
    worker = await process("revenge.infra.jobs.process_child", os.getpid())
    good = {"worker": named(Echo), "claim": columns(attempt(attempt=2)), "log": None}
    bad = {"worker": {**named(Echo), "name": "Renamed"}, "claim": columns(attempt()), "log": None}
    requests = b"".join(orjson.dumps(request) + b"\n" for request in (good, bad))
    async with asyncio.timeout(LIMIT):
        said, _ = await worker.communicate(requests)
    first, second = (orjson.loads(line) for line in said.splitlines())
    assert first["output"] == 2
    assert "Renamed" in second["error"]
    assert worker.returncode == 0


async def test_a_program_that_would_start_again_in_its_workers_process_fails_its_job_for_good(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import asyncio\nfrom revenge.infra.jobs import Client\nasyncio.run(Client(None).start())\n")
    worker = {"module": "__main__", "file": str(program), "name": "Echo"}
    act = attempt()
    assert act.job is not None
    started = await Child.start("revenge.infra.jobs.process_child")
    try:
        async with asyncio.timeout(LIMIT):
            with pytest.raises(WorkerRaised, match="guard what starts it") as raised:
                await started.work({"worker": worker, "claim": columns(act)}, act.job)
    finally:
        await started.ends_within(timedelta(0))
    assert raised.value.is_final


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
@pytest.mark.parametrize("module", ["process_child", "isolation_child"])
async def test_one_whose_node_died_while_it_started_leaves(module: str) -> None:
    orphan = await process(f"revenge.infra.jobs.{module}", 1)
    async with asyncio.timeout(LIMIT):
        assert await orphan.wait() == 1


def recipe(name: str) -> dict[str, Any]:
    return {"isolate": {"module": "tests.fakes.unheard_of", "file": None, "name": name}, "arguments": ""}


async def test_a_process_that_cannot_make_its_client_says_why_and_leaves() -> None:
    isolated = await process("revenge.infra.jobs.isolation_child", os.getpid())
    async with asyncio.timeout(LIMIT):
        said, _ = await isolated.communicate(orjson.dumps(recipe("make")) + b"\n")
    assert "can't be imported in another process" in orjson.loads(said)["error"]
    assert isolated.returncode == 0
