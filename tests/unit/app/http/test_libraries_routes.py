"""Libraries, scans and files over HTTP."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from revenge.app.http.library_schemas import LibraryOut, ScanDetailOut
from revenge.content.library.models import FileState, ScanCounts, ScanFileError, ScanStatus
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries

LIBRARIES = "/api/v1/libraries"
NOBODY = UUID(int=7)
NEW: dict[str, Any] = {"name": "Films", "type": "movie", "paths": ["/srv/films"]}


async def test_a_new_library_is_201_with_every_field_and_its_address(http: httpx2.AsyncClient) -> None:
    answer = await http.post(LIBRARIES, json=NEW | {"ignore_patterns": ["*.tmp"], "scanner_config": {"hidden": True}})
    assert answer.status_code == 201
    library = answer.json()
    assert answer.headers["location"] == f"{LIBRARIES}/{library['id']}"
    assert library["paths"] == ["/srv/films"]
    assert library["ignore_patterns"] == ["*.tmp"]
    assert library["scanner_config"]["hidden"] is True
    assert library["latest_scan"] is None
    assert library["file_counts"] == {"present": 0, "missing": 0, "broken": 0}
    LibraryOut.model_validate(library)
    assert (await http.get(answer.headers["location"])).json() == library


@pytest.mark.parametrize(
    "part",
    [
        {"name": ""},
        {"name": 7},
        {"name": "a\x00"},
        {"type": "films"},
        {"paths": []},
        {"paths": ["films"]},
        {"paths": "/srv/films"},
        {"paths": ["/srv/\x00"]},
        {"enabled": "yes"},
        {"enabled": 1},
        {"scanner_config": {"hidden": 1}},
        {"scanner_config": []},
        {"preferred_language": ""},
        {"colour": "red"},
    ],
)
async def test_a_library_that_breaks_the_schema_is_422(
    http: httpx2.AsyncClient, libraries: FakeLibraries, part: dict[str, Any]
) -> None:
    assert (await http.post(LIBRARIES, json=NEW | part)).status_code == 422
    assert not libraries.libraries


async def test_a_folder_that_is_not_there_is_422_and_says_so(
    http: httpx2.AsyncClient, libraries: FakeLibraries
) -> None:
    libraries.broken_folders.add(b"/srv/films")
    answer = await http.post(LIBRARIES, json=NEW)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/paths"


async def test_a_name_that_is_taken_is_409(http: httpx2.AsyncClient) -> None:
    await http.post(LIBRARIES, json=NEW)
    assert (await http.post(LIBRARIES, json=NEW | {"name": "FILMS"})).status_code == 409


async def test_put_changes_what_it_names_and_nothing_else(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    library = libraries.add("Films", "/srv/films")
    changed = (await http.put(f"{LIBRARIES}/{library.id}", json={"enabled": False})).json()
    assert (changed["enabled"], changed["name"], changed["paths"]) == (False, "Films", ["/srv/films"])
    assert (await http.put(f"{LIBRARIES}/{library.id}", json={})).json()["enabled"] is False
    assert (await http.put(f"{LIBRARIES}/{library.id}", json={"type": "tvshow"})).status_code == 422


async def test_libraries_come_by_name_and_by_pages(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    for name in ("b", "C", "a"):
        libraries.add(name)
    first = (await http.get(LIBRARIES, params={"limit": 2})).json()
    rest = (await http.get(LIBRARIES, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [library["name"] for library in first["libraries"] + rest["libraries"]] == ["a", "b", "C"]
    assert rest["next_cursor"] is None


async def test_a_library_shows_its_latest_scan_with_the_progress_of_its_job(
    http: httpx2.AsyncClient, libraries: FakeLibraries, jobs: FakeJobs
) -> None:
    library = libraries.add("Films")
    libraries.add_scan(library)
    scan = (await http.post(f"{LIBRARIES}/{library.id}/scan", json={"scan_type": "full"})).json()
    jobs.report(scan["job_id"], "probing", 1, 4)
    libraries.add_file(library, b"/srv/films/gone.mkv", FileState.MISSING)
    shown = (await http.get(f"{LIBRARIES}/{library.id}")).json()
    assert shown["latest_scan"]["id"] == scan["id"]
    assert shown["latest_scan"]["progress"]["percent"] == 25
    assert shown["file_counts"]["missing"] == 1


async def test_a_scan_is_202_and_a_second_one_is_409_with_the_first(
    http: httpx2.AsyncClient, libraries: FakeLibraries
) -> None:
    url = f"{LIBRARIES}/{libraries.add('Films').id}/scan"
    first = await http.post(url, json={"scan_type": "incremental"})
    assert first.status_code == 202
    scan = first.json()
    assert scan["job_id"] > 0
    assert (await http.get(first.headers["location"])).json()["id"] == scan["id"]
    second = await http.post(url, json={"scan_type": "full"})
    assert second.status_code == 409
    assert second.headers["content-type"] == "application/problem+json"
    assert (second.json()["scan_id"], second.json()["job_id"]) == (scan["id"], scan["job_id"])


async def test_a_scan_needs_no_body_but_a_wrong_one_is_422(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    url = f"{LIBRARIES}/{libraries.add('Films').id}/scan"
    assert (await http.post(url, json={"scan_type": "quick"})).status_code == 422
    assert (await http.post(url)).json()["scan_type"] == "incremental"


async def test_a_scan_tells_counts_and_the_files_it_could_not_read(
    http: httpx2.AsyncClient, libraries: FakeLibraries
) -> None:
    library = libraries.add("Films")
    scan = libraries.add_scan(library, counts=ScanCounts(files_seen=3, added=1, moved=1, unchanged=1, failed=101))
    libraries.errors[scan.id] = [ScanFileError(b"/srv/films/\xff.mkv", "permission denied")] * 101
    url = f"{LIBRARIES}/{library.id}/scans/{scan.id}"
    shown = (await http.get(url)).json()
    ScanDetailOut.model_validate(shown)
    assert (shown["items_scanned"], shown["items_added"], shown["items_moved"]) == (3, 1, 1)
    assert shown["error_count"] == 101
    assert shown["duration_s"] == pytest.approx(12, abs=1)
    assert shown["errors"][0] == {
        "path": "/srv/films/\ufffd.mkv",
        "path_b64": "L3Nydi9maWxtcy//Lm1rdg==",
        "error": "permission denied",
    }
    rest = (await http.get(f"{url}/errors", params={"cursor": shown["errors_next_cursor"]})).json()
    assert len(shown["errors"]) + len(rest["errors"]) == 101


async def test_scans_come_newest_first(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    library = libraries.add("Films")
    ids = [str(libraries.add_scan(library, status).id) for status in (ScanStatus.COMPLETED, ScanStatus.FAILED)]
    found = (await http.get(f"{LIBRARIES}/{library.id}/scans")).json()["scans"]
    assert [scan["id"] for scan in found] == ids[::-1]
    assert found[0]["error_message"] == "the folder is gone"


async def test_files_come_by_path_and_by_state(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    library = libraries.add("Films")
    libraries.add_file(library, b"/srv/films/b.mkv")
    libraries.add_file(library, b"/srv/films/a.mkv", FileState.BROKEN)
    url = f"{LIBRARIES}/{library.id}/files"
    assert [file["path"][-5:] for file in (await http.get(url)).json()["files"]] == ["a.mkv", "b.mkv"]
    broken = (await http.get(url, params={"state": "broken"})).json()["files"]
    assert [(file["path"], file["error"]) for file in broken] == [("/srv/films/a.mkv", "no video")]
    assert (await http.get(url, params={"state": "gone"})).status_code == 422


@pytest.mark.parametrize("path", ["", "/scans", "/files", f"/scans/{NOBODY}", f"/scans/{NOBODY}/errors"])
async def test_an_unknown_library_is_404(http: httpx2.AsyncClient, path: str) -> None:
    assert (await http.get(f"{LIBRARIES}/{NOBODY}{path}")).status_code == 404


async def test_a_scan_of_another_library_is_404(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    scan = libraries.add_scan(libraries.add("Films"))
    other = libraries.add("Shows")
    assert (await http.get(f"{LIBRARIES}/{other.id}/scans/{scan.id}")).status_code == 404


async def test_delete_is_204_once(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    url = f"{LIBRARIES}/{libraries.add('Films').id}"
    assert [(await http.delete(url)).status_code for _ in range(2)] == [204, 404]


async def test_a_cursor_that_no_list_gave_is_404(http: httpx2.AsyncClient, libraries: FakeLibraries) -> None:
    library = libraries.add("Films")
    for path in ("", f"/{library.id}/scans", f"/{library.id}/files"):
        assert (await http.get(f"{LIBRARIES}{path}", params={"cursor": "made-up"})).status_code == 404


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.InterfaceError("closed"),
        asyncpg.InternalClientError("cannot switch to state 11"),
        asyncpg.AdminShutdownError("going down"),
    ],
)
async def test_a_database_that_is_away_is_503_here_too(
    http: httpx2.AsyncClient, libraries: FakeLibraries, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    async def fail(**_: object) -> None:
        raise failure

    monkeypatch.setattr(libraries, "list", fail)
    assert (await http.get(LIBRARIES)).status_code == 503


async def test_a_folder_that_is_no_utf8_is_shown_and_told_exactly(
    http: httpx2.AsyncClient, libraries: FakeLibraries
) -> None:
    library = libraries.add("Films")
    libraries._store(library, {"paths": [b"/srv/\xe9t\xe9"]})
    shown = (await http.get(f"{LIBRARIES}/{library.id}")).json()
    assert shown["paths"] == ["/srv/\ufffdt\ufffd"]
    assert shown["paths_b64"] == ["L3Nydi/pdOk="]
