"""The server over real HTTP: a library made, scanned, followed and looked at, by nothing but requests."""

import json
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.house import LIMIT_S, House

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def films(tmp_path: Path) -> Path:
    root = tmp_path / "films"
    for name in ("Heat (1995)/Heat (1995).mkv", "Alien (1979).mkv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


def test_library_is_made_scanned_followed_and_looked_at(house: House, films: Path, port: int) -> None:
    server = house.start("serve", "--port", port, REVENGE_LIBRARY__PROBE__ENABLED="false")
    server.wait_for("Listening on")
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_S) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        body = {"name": "Films", "type": "movie", "paths": [str(films)]}
        library = client.post("/api/v1/libraries", json=body)
        assert library.status_code == 201, library.text
        library_id = library.json()["id"]

        scan = client.post(f"/api/v1/libraries/{library_id}/scan", json={"scan_type": "incremental"})
        assert scan.status_code == 202, scan.text
        job_id = scan.json()["job_id"]

        states = []
        with client.stream("GET", f"/api/v1/jobs/{job_id}/events") as events:
            for line in events.iter_lines():
                if line.startswith("data:"):
                    found = json.loads(line.removeprefix("data:"))
                    states.append(found.get("state") or found.get("job", {}).get("state"))
        assert states[-1] == "completed", "the stream ends with the job"

        ended = client.get(f"/api/v1/libraries/{library_id}/scans/{scan.json()['id']}").json()
        assert ended["status"] == "completed"
        files = client.get(f"/api/v1/libraries/{library_id}/files").json()["files"]
        assert {Path(file["path"]).name for file in files} == {"Heat (1995).mkv", "Alien (1979).mkv"}

        metrics = client.get("/metrics").text
        assert 'revenge_jobs_completed_total{kind="movie_library_scan",queue="bulk",status="completed"} 1.0' in metrics
        assert client.get("/", headers={"Accept": "text/html"}).status_code == 200
        assert client.get("/api/v1/jobs", headers={"Host": "evil.example"}).status_code in (400, 403, 421)

    assert house.run("library", "files", "Films", "--json").lines[0]["state"] == "present"
    assert server.end() == 0


def test_server_with_a_key_wants_it(house: House, port: int) -> None:
    server = house.start("serve", "--port", port, "--no-worker", REVENGE_SERVER__API_KEY="0123456789abcdef")
    server.wait_for("Listening on")
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_S) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/api/v1/jobs").status_code == 401
        assert client.get("/api/v1/jobs", headers={"X-API-Key": "0123456789abcdef"}).status_code == 200
        assert client.get("/api/v1/jobs", headers={"Authorization": "Bearer 0123456789abcdef"}).status_code == 200
    assert server.end() == 0


def test_open_event_stream_does_not_hold_the_server_up(house: House, port: int) -> None:
    server = house.start("serve", "--port", port)
    server.wait_for("Listening on")
    with (
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_S) as client,
        client.stream("GET", "/api/v1/events") as events,
    ):
        assert events.status_code == 200
        assert server.end() == 0
    assert "cut_short" not in server.everything()
