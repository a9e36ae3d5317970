"""The activity log says whose hand deleted, merged and chose."""

import asyncpg
import pytest

from tests.fakes.media_rows import MediaRows
from tests.integration.app.http.conftest import House


@pytest.fixture
async def rows(pool: "asyncpg.Pool[asyncpg.Record]") -> MediaRows:
    return MediaRows(pool)


async def entries(house: House, root: dict[str, str], *actions: str) -> list[tuple[str, str, str | None]]:
    """Return action, name and changed resource of what root did, in order; each has the account's id."""
    mine = f"/admin/activity/users/{house.accounts['root']}"
    found = (await house.http.get(mine, headers=root)).json()["entries"]
    return [
        (each["action"], each["username"], each["resource_id"]) for each in reversed(found) if each["action"] in actions
    ]


async def test_who_chose_merged_and_deleted_a_film_is_written_down(house: House, rows: MediaRows) -> None:
    root = await house.token("root")
    library = await rows.library("shelf")
    keep, gone = await rows.movie("Heat"), await rows.movie("Heat again")
    item = await rows.file(library, "Heat", movie_id=gone)
    match = f"/libraries/{library}/items/{item}/match"
    for choice in ({"movie_id": str(keep)}, {"ignore": True}, {"undo": True}):
        assert (await house.http.post(match, json=choice, headers=root)).status_code == 200, choice
    merged = await house.http.post(
        f"/movies/{keep}/merge", json={"movies": [str(await rows.movie("Third"))]}, headers=root
    )
    assert merged.status_code == 200
    assert (await house.http.delete(f"/movies/{keep}", headers=root)).status_code == 204
    assert await entries(house, root, "movie.choose", "movie.merge", "movie.delete") == [
        ("movie.choose", "root", str(keep)),
        ("movie.choose", "root", str(library)),
        ("movie.choose", "root", str(library)),
        ("movie.merge", "root", str(keep)),
        ("movie.delete", "root", str(keep)),
    ]


async def test_who_chose_merged_and_deleted_a_series_is_written_down(house: House, rows: MediaRows) -> None:
    root = await house.token("root")
    library = await rows.library("shelf", type_="tvshow")
    keep, gone = await rows.series("Lost"), await rows.series("Lost again")
    episode = await rows.episode(keep, await rows.season(keep))
    items = [str(await rows.file(library, "Lost", series_id=gone))]
    for choice in ({"series_id": str(keep)}, {"episode_id": str(episode)}, {"ignore": True}, {"undo": True}):
        answer = await house.http.post("/tvshows/choices", json={"item_ids": items, **choice}, headers=root)
        assert answer.status_code == 202, choice
    merged = await house.http.post(f"/tvshows/{keep}/merge", json={"series_ids": [str(gone)]}, headers=root)
    assert merged.status_code == 200
    assert (await house.http.delete(f"/tvshows/{keep}", headers=root)).status_code == 204
    assert await entries(house, root, "tvshow.choose", "tvshow.merge", "tvshow.delete") == [
        ("tvshow.choose", "root", str(keep)),
        ("tvshow.choose", "root", str(episode)),
        ("tvshow.choose", "root", str(library)),
        ("tvshow.choose", "root", str(library)),
        ("tvshow.merge", "root", str(keep)),
        ("tvshow.delete", "root", str(keep)),
    ]
