"""The API on the real engine, the real library and PostgreSQL: what people do in a day."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from revenge.app.enqueue import ScanQueue
from revenge.app.http.app import create_app
from revenge.app.http.services import ApiServices
from revenge.content.library.scans import ScanService
from revenge.content.library.service import LibraryService
from revenge.content.movie.jobs import MovieLibraryScanWorker
from revenge.infra.jobs import Client, ClientConfig, Job, JobArgs, Worker, Workers
from revenge.infra.jobs.watching import Position
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.fakes.serving import serving


class WaitArgs(JobArgs, kind="wait_for_cancel"):
    pass


class WaitWorker(Worker[WaitArgs]):
    """Reports once, then waits until it is cancelled."""

    async def work(self, job: Job[WaitArgs]) -> None:
        job.report_progress(phase="waiting", current=1, total=4, message="the test")
        await asyncio.Event().wait()


@pytest.fixture
async def client(pool: asyncpg.Pool) -> AsyncIterator[Client]:
    insert_only = Client(pool)
    scans = ScanService(pool, jobs=ScanQueue(insert_only))
    workers = Workers([MovieLibraryScanWorker(scans), WaitWorker()])
    client = Client(pool, config=ClientConfig(queues={"default": 2, "bulk": 1}), workers=workers)
    yield client
    await client.stop(soft=timedelta(0))


@asynccontextmanager
async def api_of(pool: asyncpg.Pool, client: Client) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve one node's API."""
    services = ApiServices(
        client=client,
        libraries=LibraryService(pool, jobs=ScanQueue(client)),
        readiness=FakeReadiness(),
        metrics=FakeMetrics(),
        view=VIEW,
    )
    async with serving(create_app(services)) as url, httpx2.AsyncClient(base_url=f"{url}/api/v1") as http:
        yield http


@pytest.fixture
async def http(pool: asyncpg.Pool, client: Client) -> AsyncIterator[httpx2.AsyncClient]:
    async with api_of(pool, client) as http:
        yield http


async def events(http: httpx2.AsyncClient, url: str, **headers: str) -> AsyncIterator[tuple[str, str, dict[str, Any]]]:
    """Yield event, id and data of a stream until it ends."""
    async with http.stream("GET", url, headers=headers) as answer:
        assert answer.status_code == 200
        fields: dict[str, str] = {}
        async for line in answer.aiter_lines():
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield fields["event"], fields["id"], json.loads(fields["data"])
                fields = {}


async def test_a_folder_becomes_a_library_a_scan_and_files(
    http: httpx2.AsyncClient, client: Client, tmp_path: Path
) -> None:
    for name in ("Heat (1995).mkv", "Alien (1979).mkv"):
        (tmp_path / name).touch()
    body = {"name": "Films", "type": "movie", "paths": [str(tmp_path)]}
    library = (await http.post("/libraries", json=body)).json()
    assert (await http.post("/libraries", json=body)).status_code in {409, 422}
    url = f"/libraries/{library['id']}"
    scan = (await http.post(f"{url}/scan", json={"scan_type": "full"})).json()
    busy = await http.post(f"{url}/scan", json={"scan_type": "incremental"})
    assert busy.status_code == 409
    assert (busy.json()["scan_id"], busy.json()["job_id"]) == (scan["id"], scan["job_id"])
    await client.start()
    told = [data["state"] async for _, _, data in events(http, f"/jobs/{scan['job_id']}/events")]
    assert told[-1] == "completed"
    done = (await http.get(f"{url}/scans/{scan['id']}")).json()
    assert (done["status"], done["items_scanned"], done["items_added"]) == ("completed", 2, 2)
    first = (await http.get(f"{url}/files", params={"limit": 1})).json()
    rest = (await http.get(f"{url}/files", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [file["title"] for file in first["files"] + rest["files"]] == ["Alien", "Heat"]
    assert rest["next_cursor"] is None
    assert {file["added_at"][-1] for file in first["files"] + rest["files"]} == {"Z"}
    assert (await http.get(url)).json()["latest_scan"]["status"] == "completed"


async def test_files_go_on_behind_a_path_of_4000_bytes(
    http: httpx2.AsyncClient, client: Client, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    folder = films
    while len(bytes(folder)) < 3800:
        folder /= "d" * 99
    longest = folder / ("e" * (4000 - len(bytes(folder / "Heat.mkv")) - 1)) / "Heat.mkv"
    longest.parent.mkdir(parents=True)
    for path in (longest, films / "z.mkv"):
        path.touch()
    library = (await http.post("/libraries", json={"name": "Films", "type": "movie", "paths": [str(films)]})).json()
    url = f"/libraries/{library['id']}"
    scan = (await http.post(f"{url}/scan")).json()
    await client.start()
    await client.wait(scan["job_id"], timeout=timedelta(seconds=30))
    first = (await http.get(f"{url}/files", params={"limit": 1})).json()
    rest = (await http.get(f"{url}/files", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [len(bytes(Path(file["path"]))) for file in first["files"]] == [4000]
    assert [Path(file["path"]).name for file in rest["files"]] == ["z.mkv"]


async def test_a_running_job_is_followed_cancelled_and_not_told_twice(http: httpx2.AsyncClient, client: Client) -> None:
    await client.start()
    job = (await http.post("/jobs", json={"kind": "wait_for_cancel"})).json()
    last_id = ""
    seen = []
    async for event, event_id, data in events(http, f"/jobs/{job['id']}/events"):
        last_id = event_id
        seen.append((event, data["state"]))
        if data["progress"] and data["state"] == "running" and not data.get("metadata", {}).get("cancel_attempted_at"):
            assert data["progress"]["percent"] == 25
            assert (await http.post(f"/jobs/{job['id']}/cancel")).status_code == 200
    assert seen[-1] == ("state", "cancelled")
    again = await http.get(f"/jobs/{job['id']}/events", headers={"Last-Event-ID": last_id})
    assert again.status_code == 204
    assert (await http.post(f"/jobs/{job['id']}/retry")).json()["state"] in {"available", "running"}


async def test_all_events_tell_of_jobs_that_begin_and_end(http: httpx2.AsyncClient, client: Client) -> None:
    stream = events(http, "/events?queues=default")
    first = asyncio.ensure_future(anext(stream))
    await client.start()
    job = (await http.post("/jobs", json={"kind": "wait_for_cancel"})).json()
    event, _, data = await first
    assert (event, data["id"]) == ("state", job["id"])
    await http.post(f"/jobs/{job['id']}/cancel")
    async for _, _, data in stream:
        if data["state"] == "cancelled":
            break
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator


async def test_who_comes_back_to_another_node_after_a_restart_is_told_what_it_missed(
    http: httpx2.AsyncClient, client: Client, pool: asyncpg.Pool
) -> None:
    await client.start()
    stream = events(http, "/events?queues=default")
    first = asyncio.ensure_future(anext(stream))
    long = (await http.post("/jobs", json={"kind": "wait_for_cancel"})).json()
    _, last_id, data = await first
    assert data["id"] == long["id"]
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator
    # Nobody looks: one job ends, another begins and ends.
    quick = (await http.post("/jobs", json={"kind": "wait_for_cancel"})).json()
    for job in (long, quick):
        await http.post(f"/jobs/{job['id']}/cancel")
        await client.wait(job["id"], timeout=timedelta(seconds=30))
    await client.stop(soft=timedelta(0))
    other = Client(pool)
    ended: set[int] = set()
    async with api_of(pool, other) as elsewhere:
        headers = {"Last-Event-ID": last_id}
        async with aclosing(events(elsewhere, "/events?queues=default", **headers)) as again, asyncio.timeout(30):  # type: ignore[type-var]
            reached = Position.decode(last_id).since
            async for event, event_id, data in again:
                # Never back, so that whoever is cut off here is told again what comes behind it.
                before, reached = reached, Position.decode(event_id).since
                assert event == "state"
                assert reached >= before
                ended |= {data["id"]} if data["state"] == "cancelled" else set()
                if ended == {long["id"], quick["id"]}:
                    break
    await other.stop()


@pytest.mark.parametrize(
    "path",
    [
        "/jobs?cursor=%2500",
        "/jobs?cursor=bnVsbA==",
        "/libraries?cursor=AA==",
        "/libraries?cursor=%FF",
        "/libraries/{id}/scans?cursor=no-uuid",
        "/libraries/{id}/files?cursor=AA==",
    ],
)
async def test_a_cursor_that_somebody_made_up_is_404(http: httpx2.AsyncClient, tmp_path: Path, path: str) -> None:
    body = {"name": "Films", "type": "movie", "paths": [str(tmp_path)]}
    library = (await http.post("/libraries", json=body)).json()
    answer = await http.get(path.replace("{id}", library["id"]))
    assert answer.status_code == 404, answer.text


async def test_wrong_folders_are_422_with_the_reason(http: httpx2.AsyncClient, tmp_path: Path) -> None:
    for path, reason in ((str(tmp_path / "none"), "does not exist"), ("/", "whole file system")):
        answer = await http.post("/libraries", json={"name": "Films", "type": "movie", "paths": [path]})
        assert answer.status_code == 422
        assert reason in answer.json()["detail"]


async def test_wrong_args_of_a_real_kind_are_422(http: httpx2.AsyncClient) -> None:
    for args in ({"library_id": 7}, {"libary_id": "x"}, {"library_id": "x", "force": "yes"}):
        answer = await http.post("/jobs", json={"kind": "movie_library_scan", "args": args})
        assert answer.status_code == 422, answer.text


async def test_queues_that_workers_serve_are_listed_and_paused(http: httpx2.AsyncClient, client: Client) -> None:
    assert (await http.post("/queues/bulk/pause")).status_code == 404
    await client.start()
    assert (await http.post("/queues/bulk/pause")).json()["paused"] is True
    found = {queue["name"]: queue for queue in (await http.get("/queues")).json()["queues"]}
    assert found["bulk"]["paused"] is True
    assert (found["bulk"]["workers"], found["default"]["workers"]) == (1, 2)


@pytest.mark.parametrize(("how", "status"), [("cancel", "cancelled"), ("delete", "failed")])
async def test_a_scan_whose_job_never_began_is_seen_ended_at_once(
    http: httpx2.AsyncClient, pool: asyncpg.Pool, tmp_path: Path, how: str, status: str
) -> None:
    body = {"name": "Films", "type": "movie", "paths": [str(tmp_path)]}
    library = (await http.post("/libraries", json=body)).json()
    scan = (await http.post(f"/libraries/{library['id']}/scan")).json()
    # Another process does it, such as River UI: this one hears nothing.
    elsewhere = Client(pool)
    await (elsewhere.cancel if how == "cancel" else elsewhere.delete)(scan["job_id"])
    scans = f"/libraries/{library['id']}/scans"
    assert [each["status"] for each in (await http.get(scans)).json()["scans"]] == [status]
    assert (await http.get(f"{scans}/{scan['id']}")).json()["status"] == status
    assert (await http.post(f"/libraries/{library['id']}/scan")).status_code == 202
