"""Processes that stay: how they start, share a database, and leave nothing behind."""

import json
import signal
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.acceptance.house import House

pytestmark = pytest.mark.timeout(240)


def get(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def put_film(folder: Path) -> Path:
    root = folder / "films"
    root.mkdir()
    (root / "Heat (1995).mkv").write_text("x")
    return root


def test_server_is_ready_scans_and_leaves_no_process(own_house: House, port: int) -> None:
    server = own_house.start("serve", "--port", port)
    server.wait_for("Listening on")
    assert get(f"http://127.0.0.1:{port}/healthz") == {"status": "alive"}
    assert get(f"http://127.0.0.1:{port}/readyz")["status"] == "ready"
    children = psutil.Process(server.process.pid).children(recursive=True)

    scanned = own_house.run("scan", put_film(own_house.folder), "--json").json
    assert scanned["status"] == "completed"
    job = own_house.run("jobs", "show", scanned["job_id"], "--json").json
    view = get(f"http://127.0.0.1:{port}/api/v1/server")
    assert job["attempted_by"] == [view["client_id"]], "the server works it, not the command"
    assert own_house.postgres(), "the server still uses the database that the command shared"

    assert server.end() == 0
    assert own_house.postgres() == []
    assert [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
    assert "Traceback" not in server.everything()


def test_last_one_out_stops_the_shared_database(own_house: House) -> None:
    first = own_house.start("worker", "--queue", "default=1")
    first.wait_for("Working")
    second = own_house.start("worker", "--queue", "bulk=1")
    second.wait_for("Working")
    assert first.end(signal.SIGTERM) == 0
    assert own_house.run("scan", put_film(own_house.folder), "--json").json["status"] == "completed"
    assert own_house.postgres()
    assert second.end() == 0
    assert own_house.postgres() == []


def test_port_that_is_taken_is_one_line_and_nothing_is_started(own_house: House, port: int) -> None:
    import socket

    with socket.create_server(("127.0.0.1", port)):
        answer = own_house.run("serve", "--port", port)
    assert answer.code == 1
    assert answer.err == (
        f"revenge: 127.0.0.1:{port} is taken: stop what listens there, "
        "or choose another port with --port or server.port\n"
    )
    assert not (own_house.folder / "data").exists()


def test_server_without_a_key_refuses_other_addresses(own_house: House) -> None:
    answer = own_house.run("serve", "--host", "0.0.0.0")
    assert answer.code == 1
    assert "api_key" in answer.err
    assert "Traceback" not in answer.err


def test_failure_in_the_middle_of_a_start_stops_the_database_again(own_house: House, port: int) -> None:
    answer = own_house.run("serve", "--port", port, REVENGE_DATABASE__SCHEMA="no such name!")
    assert answer.code == 1
    assert len(answer.err.splitlines()) == 1
    assert own_house.postgres() == []


def test_user_s_worker_works_what_is_enqueued_and_waited_for(house: House) -> None:
    (house.folder / "greetings.py").write_text(
        """
from revenge.infra.jobs import Job, JobArgs, Worker

class GreetArgs(JobArgs, kind="greet"):
    name: str

class GreetWorker(Worker[GreetArgs]):
    async def work(self, job: Job[GreetArgs]) -> object:
        job.report_progress(phase="greeting", current=1, total=1, message=job.args.name)
        return {"said": f"hello {job.args.name}"}
"""
    )
    worker = house.start("worker", "--workers", "greetings.py", "--queue", "default=2", "--client-id", "greeter")
    worker.wait_for("Working greet from default=2")
    done = house.run(
        "jobs", "enqueue", "greet", "--args", '{"name": "Ada"}', "--workers", "greetings.py", "--wait", "--json"
    )
    assert done.code == 0, done.err
    assert (done.json["state"], done.json["output"]) == ("completed", {"said": "hello Ada"})
    assert done.json["attempted_by"] == ["greeter"]
    assert worker.end() == 0


def test_second_interrupt_ends_a_worker_whose_job_does_not(own_house: House) -> None:
    (own_house.folder / "sleepy.py").write_text(
        """
import asyncio
from revenge.infra.jobs import Job, JobArgs, Worker

class SleepArgs(JobArgs, kind="sleep_long"): ...

class SleepWorker(Worker[SleepArgs]):
    async def work(self, job: Job[SleepArgs]) -> None:
        print("asleep", flush=True)
        await asyncio.Event().wait()
"""
    )
    worker = own_house.start("worker", "--workers", "sleepy.py", REVENGE_JOBS__STOP__SOFT="1h")
    worker.wait_for("Working sleep_long")
    assert own_house.run("jobs", "enqueue", "sleep_long", "--workers", "sleepy.py").code == 0
    worker.wait_for("asleep")
    worker.send(signal.SIGINT)
    worker.wait_for("Stopping")
    assert worker.end() == 0
    assert own_house.postgres() == []
    assert "Traceback" not in worker.everything()


def test_demo_makes_films_scans_them_and_ends_cleanly(own_house: House, port: int) -> None:
    demo = own_house.start("demo", REVENGE_SERVER__PORT=str(port))
    demo.wait_for(f"The dashboard: http://127.0.0.1:{port}")
    demo.wait_for("Made ")
    # Its bars go to another stream than its words: which comes first is nobody's promise.
    demo.wait_for("Ctrl-C stops everything")
    assert get(f"http://127.0.0.1:{port}/readyz")["status"] == "ready"
    assert demo.end() == 0
    assert own_house.postgres() == []
    said = demo.everything()
    assert "Scanning Demo: completed" in said
    assert "Traceback" not in said


def test_demo_of_one_s_own_folder_is_stopped_in_the_middle(own_house: House, port: int) -> None:
    demo = own_house.start("demo", "--library", put_film(own_house.folder), REVENGE_SERVER__PORT=str(port))
    demo.wait_for("The dashboard:")
    assert demo.end(signal.SIGTERM) == 0
    assert own_house.postgres() == []
    assert "Traceback" not in demo.everything()
