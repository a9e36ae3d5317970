"""Films and shows have the pictures that lie beside their files, without anybody to ask."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
import yaml
from PIL import Image

from tests.acceptance.house import LIMIT_S, House, free_port
from tests.fakes.engine import eventually
from tests.fakes.whole_server import World, plant
from tests.fakes.wire import wire_server

Pool = asyncpg.Pool

RED, GREEN, BLUE = (200, 20, 20), (20, 200, 20), (20, 20, 200)


def paint(path: Path, colour: tuple[int, int, int], *, size: tuple[int, int] = (1000, 1500)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
async def world(house: House, pool: "Pool[asyncpg.Record]", tmp_path: Path) -> AsyncIterator[World]:
    """A server that can ask nobody, beside two empty folders."""
    films, shows, config, port = tmp_path / "films", tmp_path / "shows", tmp_path / "revenge.yaml", free_port()
    films.mkdir()
    shows.mkdir()
    config.write_text(
        yaml.safe_dump(
            {
                "library": {"probe": {"enabled": False}, "scan_interval": None},
                "metadata": {"tvmaze": {"enabled": False}},
            }
        ),
        encoding="utf-8",
    )
    server = await asyncio.to_thread(house.start, "serve", "--port", port, "--config", config)
    await asyncio.to_thread(server.wait_for, "Listening on")
    async with (
        wire_server() as receiver,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_S) as http,
    ):
        yield World(http, house, pool, receiver, films, shows, config)
    assert await asyncio.to_thread(server.end) == 0


async def scan(world: World, name: str) -> None:
    if name not in world.ids:
        kind, root = {"Films": ("movie", world.films), "Shows": ("tvshow", world.shows)}[name]
        body = {"name": name, "type": kind, "paths": [str(root)], "realtime_monitoring": False}
        world.ids[name] = (await world.http.post("/api/v1/libraries", json=body)).json()["id"]
    await world.end((await world.http.post(f"/api/v1/libraries/{world.ids[name]}/scan")).json()["job_id"])
    await eventually(lambda: _rests(world), within=timedelta(seconds=LIMIT_S))


async def _rests(world: World) -> bool:
    """Whether nothing is worked or due; a picture that is broken is tried again, later each time."""
    return int(await world.value("SELECT count(*) FROM river_job WHERE state IN ('available', 'running')")) == 0


async def films(world: World) -> dict[str, dict[str, str]]:
    listed = (await world.http.get("/api/v1/movies")).json()["movies"]
    return {film["title"]: film["images"] for film in listed}


async def seen(world: World, image_id: str, size: str = "") -> tuple[tuple[int, ...], tuple[int, int]]:
    """Return the colour of a picture's middle, and how large it is."""
    answer = await world.http.get(f"/api/v1/images/{image_id}", params={"size": size} if size else None)
    assert answer.status_code == 200, answer.text
    with Image.open(io.BytesIO(answer.content)) as image:
        colour: Any = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
        return tuple(round(part / 100) * 100 for part in colour), image.size


async def test_a_film_has_the_pictures_beside_it_and_follows_them(world: World) -> None:
    plant(world.films, "Nosferatu (1922)/Nosferatu (1922).mkv", "Sunrise (1927)/Sunrise (1927).mkv")
    paint(world.films / "Nosferatu (1922)/poster.jpg", RED)
    paint(world.films / "Nosferatu (1922)/Nosferatu (1922)-fanart.png", BLUE, size=(1920, 1080))
    await scan(world, "Films")
    found = await films(world)
    assert found["Sunrise"] == {}
    assert found["Nosferatu"].keys() == {"poster", "backdrop"}
    assert await seen(world, found["Nosferatu"]["poster"]) == ((200, 0, 0), (342, 513))
    assert await seen(world, found["Nosferatu"]["poster"], "original") == ((200, 0, 0), (780, 1170))
    assert await seen(world, found["Nosferatu"]["backdrop"]) == ((0, 0, 200), (780, 439))

    # Another content, a folder with another name, and a picture for one that had none.
    paint(world.films / "Nosferatu (1922)/poster.jpg", GREEN)
    (world.films / "Nosferatu (1922)").rename(world.films / "Nosferatu")
    paint(world.films / "Sunrise (1927)/folder.jpg", BLUE)
    await scan(world, "Films")
    found = await films(world)
    assert await seen(world, found["Nosferatu"]["poster"]) == ((0, 200, 0), (342, 513))
    assert await seen(world, found["Sunrise"]["poster"]) == ((0, 0, 200), (342, 513))

    (world.films / "Nosferatu/poster.jpg").unlink()
    await scan(world, "Films")
    assert (await films(world))["Nosferatu"].keys() == {"backdrop"}


async def test_a_picture_of_a_folder_with_several_films_is_none_of_theirs(world: World) -> None:
    plant(world.films, "Nosferatu (1922).mkv")
    paint(world.films / "folder.jpg", RED)
    paint(world.films / "Nosferatu (1922)-poster.jpg", GREEN)
    await scan(world, "Films")
    assert await seen(world, (await films(world))["Nosferatu"]["poster"]) == ((0, 200, 0), (342, 513))
    plant(world.films, "Sunrise (1927).mkv")
    await scan(world, "Films")
    found = await films(world)
    assert found["Sunrise"] == {}
    assert await seen(world, found["Nosferatu"]["poster"]) == ((0, 200, 0), (342, 513))
    assert await world.value("SELECT count(*) FROM revenge.image") == 1


async def test_a_broken_picture_hides_no_good_one(world: World) -> None:
    plant(world.films, "Nosferatu (1922)/Nosferatu (1922).mkv")
    paint(world.films / "Nosferatu (1922)/folder.jpg", RED)
    (world.films / "Nosferatu (1922)/poster.jpg").write_bytes(b"no picture at all")
    await scan(world, "Films")
    assert await seen(world, (await films(world))["Nosferatu"]["poster"]) == ((200, 0, 0), (342, 513))
    broken = await world.value("SELECT id FROM revenge.image WHERE hash IS NULL")
    answer = await world.http.get(f"/api/v1/images/{broken}")
    assert (answer.status_code, str(world.films) in answer.text) == (404, False)

    paint(world.films / "Nosferatu (1922)/poster.jpg", GREEN)
    await scan(world, "Films")
    assert await seen(world, (await films(world))["Nosferatu"]["poster"]) == ((0, 200, 0), (342, 513))


async def test_a_folders_picture_is_its_who_stays(world: World) -> None:
    plant(world.shows, "Mixed/Firefly S01E01.mkv", "Mixed/Lost S01E01.mkv")
    paint(world.shows / "Mixed/poster.jpg", RED)
    await scan(world, "Shows")
    shows = {each["title"]: each for each in (await world.http.get("/api/v1/tvshows")).json()["series"]}
    assert (shows["Firefly"]["images"], shows["Lost"]["images"]) == ({}, {})
    (world.shows / "Mixed/Firefly S01E01.mkv").rename(world.shows / "Firefly S01E01.mkv")
    await scan(world, "Shows")
    shows = {each["title"]: each for each in (await world.http.get("/api/v1/tvshows")).json()["series"]}
    assert shows["Firefly"]["images"] == {}
    assert await seen(world, shows["Lost"]["images"]["poster"]) == ((200, 0, 0), (342, 513))


async def test_series_seasons_and_episodes_have_theirs(world: World) -> None:
    plant(world.shows, *(f"Dark (2017)/Season 0{season}/Dark S0{season}E01.mkv" for season in (1, 2)))
    folder = world.shows / "Dark (2017)"
    paint(folder / "poster.jpg", RED)
    paint(folder / "fanart.jpg", BLUE, size=(1920, 1080))
    paint(folder / "season02-poster.jpg", GREEN)
    paint(folder / "Season 01/folder.jpg", BLUE)
    paint(folder / "Season 01/Dark S01E01-thumb.jpg", GREEN, size=(640, 360))
    await scan(world, "Shows")
    (series,) = (await world.http.get("/api/v1/tvshows")).json()["series"]
    assert await seen(world, series["images"]["poster"]) == ((200, 0, 0), (342, 513))
    assert await seen(world, series["images"]["backdrop"]) == ((0, 0, 200), (780, 439))
    found = {}
    for number in (1, 2):
        answer = await world.http.get(f"/api/v1/tvshows/{series['id']}/seasons/{number}")
        found[number] = answer.json()
    assert await seen(world, found[1]["images"]["poster"]) == ((0, 0, 200), (342, 513))
    assert await seen(world, found[2]["images"]["poster"]) == ((0, 200, 0), (342, 513))
    (episode,) = found[1]["episodes"]
    assert await seen(world, episode["images"]["still"]) == ((0, 200, 0), (300, 169))
