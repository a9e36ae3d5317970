"""``revenge periodic`` on a real database: what it shows, what it changes, what it refuses."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from revenge.app.cli.main import main
from revenge.infra.jobs import Client, ClientConfig, Every, Job, JobArgs, PeriodicJob, Worker, Workers
from tests.fakes.engine import eventually


class SweepArgs(JobArgs, kind="sweep"):
    pass


class SweepWorker(Worker[SweepArgs]):
    async def work(self, job: Job[SweepArgs]) -> None: ...


async def _declare(url: str) -> None:
    pool = await asyncpg.create_pool(url, min_size=1, max_size=4)
    client = Client(
        pool,
        config=ClientConfig(queues={"default": 1}, poll_only=True),
        workers=Workers([SweepWorker()]),
        periodic=[PeriodicJob("sweep", Every(timedelta(hours=1)), SweepArgs())],
    )
    await client.start()
    await client.run_periodic("sweep")

    async def ran() -> bool:
        # The client's own look at what is due may be the one that does it.
        (sweep,) = await client.periodic.list()
        return sweep.last_job_id is not None

    await eventually(ran)
    await client.stop()
    await pool.close()


def test_periodic_job_is_shown_paused_changed_and_forgotten(
    database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    asyncio.run(_declare(database))
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("REVENGE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        code = main(["periodic", *words])
        return (code, *capsys.readouterr())

    (found,) = json.loads(run("list", "--json")[1])["periodic"]
    assert (found["id"], found["kind"], found["schedule"]) == ("sweep", "sweep", {"every_s": 3600.0})
    assert found["last_job_id"] is not None
    assert json.loads(run("pause", "sweep", "--json")[1])["paused"] is True
    assert json.loads(run("resume", "sweep", "--json")[1])["paused"] is False
    assert json.loads(run("run", "sweep", "--json")[1])["run_requested"] is True
    changed = json.loads(run("set", "sweep", "--cron", "0 4 * * *", "--zone", "Europe/Berlin", "--json")[1])
    assert (changed["schedule"], changed["overridden"]) == ({"cron": "0 4 * * *", "zone": "Europe/Berlin"}, True)
    assert json.loads(run("set", "sweep", "--reset", "--json")[1])["overridden"] is False
    assert "active" in run("set", "sweep", "--every", "90s")[1]
    assert run("set", "sweep", "--cron", "whenever")[0] == 2
    assert run("set", "sweep")[0] == 2
    assert run("forget", "sweep")[0] == 0
    code, _, told = run("pause", "sweep")
    assert (code, told) == (1, "revenge: there is no periodic job 'sweep': it appears when a node first declares it\n")
