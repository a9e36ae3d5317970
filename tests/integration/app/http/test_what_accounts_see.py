"""What an account without further permissions is not told: where things lie on the server's disks."""

import json
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.fakes.media_rows import MediaRows
from tests.integration.app.http.conftest import KEY, House

AT_WORK = {"phase": "scanning", "current": 1, "total": 2, "message": "/srv/private/Heat.mkv", "percent": 50}


async def let(house: House, library: UUID, *permissions: str) -> dict[str, str]:
    """Give ada permissions for a library and return her credentials."""
    for permission in permissions:
        body = {"user_id": str(house.accounts["ada"]), "permission": permission}
        path = f"/libraries/{library}/permissions"
        assert (await house.http.post(path, json=body, headers={"X-API-Key": KEY})).status_code == 204
    return await house.token("ada")


@pytest.fixture
async def films(house: House, pool: asyncpg.Pool) -> UUID:
    """A library that is being scanned and whose last scan failed, each naming a folder."""
    films = house.libraries["Films"]
    key = {"X-API-Key": KEY}
    body = {"ignore_patterns": ["private/**"], "scanner_config": {"mapped": "/srv/private"}}
    assert (await house.http.put(f"/libraries/{films}", json=body, headers=key)).status_code == 200
    job_id = (await house.http.post(f"/libraries/{films}/scan", headers=key)).json()["job_id"]
    await pool.execute("UPDATE revenge.library_scan SET error_message = 'no folder /srv/private'")
    await pool.execute(
        "INSERT INTO revenge_job_progress (job_id, attempt, data, updated_at) VALUES ($1, 0, $2, now())",
        job_id,
        json.dumps(AT_WORK),
    )
    return films


async def test_who_may_look_is_not_told_where_a_library_lies(house: House, films: UUID) -> None:
    ada = await let(house, films, "view")
    (listed,) = (await house.http.get("/libraries", headers=ada)).json()["libraries"]
    shown = (await house.http.get(f"/libraries/{films}", headers=ada)).json()
    (scan,) = (await house.http.get(f"/libraries/{films}/scans", headers=ada)).json()["scans"]
    for library in (listed, shown):
        assert (library["name"], library["paths"]) == ("Films", [])
        assert (library["ignore_patterns"], library["scanner_config"]) == ([], {})
    for each in (listed["latest_scan"], shown["latest_scan"], scan):
        assert (each["status"], each["error_message"]) == ("pending", None)
        assert (each["progress"]["percent"], each["progress"]["message"]) == (50, "")
    for answer in (listed, shown, scan):
        assert "private" not in json.dumps(answer)


async def test_who_manages_a_library_is_told_where_it_lies(house: House, films: UUID) -> None:
    ada = await let(house, films, "view", "manage")
    (listed,) = (await house.http.get("/libraries", headers=ada)).json()["libraries"]
    shown = (await house.http.get(f"/libraries/{films}", headers=ada)).json()
    (scan,) = (await house.http.get(f"/libraries/{films}/scans", headers=ada)).json()["scans"]
    for library in (listed, shown):
        assert library["paths"][0].endswith("/Films")
        assert library["ignore_patterns"] == ["private/**"]
    for each in (listed["latest_scan"], scan):
        assert each["error_message"] == "no folder /srv/private"
        assert each["progress"]["message"] == "/srv/private/Heat.mkv"


async def test_who_may_look_sees_an_episode_s_files_by_their_names(house: House, pool: asyncpg.Pool) -> None:
    rows, key = MediaRows(pool), {"X-API-Key": KEY}
    shows = await rows.library("private", type_="tvshow")
    series = await rows.series()
    episode = await rows.episode(series, await rows.season(series), library=shows)
    await pool.execute("UPDATE revenge.library_file SET path = '/srv/private/The Wire S01E01.mkv'")
    ada = await let(house, shows, "view")
    for who, path in ((ada, "The Wire S01E01.mkv"), (key, "/srv/private/The Wire S01E01.mkv")):
        (file,) = (await house.http.get(f"/episodes/{episode}", headers=who)).json()["files"]
        assert file["path"] == path


async def test_pictures_of_what_one_may_not_see_are_not_there(house: House, pool: asyncpg.Pool) -> None:
    """One that is there cannot be fetched here, which is another answer than that it is unknown."""
    rows, films = MediaRows(pool), house.libraries["Films"]
    library = await rows.library("other")
    film, image = await rows.movie(library=library), uuid4()
    await rows.put("image", id=image, entity_id=film, type="poster", provider="tmdb", source="/p.jpg", position=0)
    ada = await let(house, films, "view")
    for path in (f"/images/of/{film}/poster", f"/images/{image}"):
        hidden = await house.http.get(path, headers=ada)
        assert (hidden.status_code, hidden.json()["type"]) == (404, "urn:revenge:problem:image-not-found")
        assert "there is no p" in hidden.json()["detail"], hidden.json()
    await let(house, library, "view")
    for path in (f"/images/of/{film}/poster", f"/images/{image}"):
        assert "there is no p" not in (await house.http.get(path, headers=ada)).json()["detail"]
