"""A suspect's process has the workers of its parent, and all that they stand on."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr

from revenge.app.isolated import isolated_client
from revenge.app.settings import Settings
from revenge.app.settings.model import Database
from revenge.app.user_workers import load_registry
from revenge.infra.jobs import Workers
from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.errors import IsolationFailed, WorkerLost
from revenge.infra.jobs.isolation import Isolation
from revenge.infra.jobs.job import Job
from tests.fakes.engine import claim

MODULE = """
import ctypes
from revenge.infra.jobs import Job, JobArgs, Worker

class TouchArgs(JobArgs, kind="touch_it"):
    address: int = 0

class ToucherWorker(Worker[TouchArgs]):
    async def work(self, job: Job[TouchArgs]) -> object:
        kinds = job.client.workers.kinds
        return kinds if job.args.address else ctypes.string_at(0)
"""


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database=Database(url=SecretStr(database)))


async def run(isolation: Isolation, workers: Workers, args: str) -> object:
    """Work a job of the user's kind apart."""
    attempt = Attempt(claim(kind="touch_it", args=args))
    registration = attempt.registration = workers.get("touch_it")
    assert registration is not None
    attempt.job = Job(attempt.claim, registration.decode(args))
    return await isolation.run(attempt, begin=lambda: None)


async def test_it_has_the_servers_kinds_and_what_they_stand_on(settings: Settings) -> None:
    async with isolated_client(settings, ()) as client:
        assert "movie_library_scan" in client.workers.kinds
        assert await client.queues() == []


async def test_a_users_own_workers_are_run_apart(settings: Settings, tmp_path: Path) -> None:
    module = tmp_path / "touching_jobs.py"
    module.write_text(MODULE)
    workers = load_registry([str(module)])
    isolation = Isolation(partial(isolated_client, settings, (str(module),)), kill_after=timedelta(seconds=5))
    try:
        assert await run(isolation, workers, '{"address": 1}') == ["touch_it"]
        with pytest.raises(WorkerLost, match="SIGSEGV"):
            await run(isolation, workers, "{}")
    finally:
        await isolation.close()


async def test_a_client_that_cannot_be_made_again_is_no_fault_of_the_job(settings: Settings, tmp_path: Path) -> None:
    module = tmp_path / "vanishing_jobs.py"
    module.write_text(MODULE)
    workers = load_registry([str(module)])
    module.unlink()
    isolation = Isolation(partial(isolated_client, settings, (str(module),)), kill_after=timedelta(seconds=5))
    try:
        with pytest.raises(IsolationFailed, match="there is no file"):
            await run(isolation, workers, "{}")
    finally:
        await isolation.close()
