"""Every kind that the Go server has, with its arguments: enqueued over HTTP and on the command line, and seen to do its work."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.acceptance.house import House
from tests.fakes.whole_server import World, appendix_a, whole_server

pytestmark = pytest.mark.timeout(600)

AT_ONCE = 3


@pytest.fixture
async def world(house: House, tmp_path: Path, pool: "asyncpg.Pool[asyncpg.Record]") -> AsyncIterator[World]:
    async with whole_server(house, pool, tmp_path) as world:
        yield world


async def over_http(world: World, kind: str, args: dict[str, Any]) -> dict[str, Any]:
    return await world.end(await world.enqueue(kind, args))


async def on_the_command_line(world: World, kind: str, args: dict[str, Any]) -> dict[str, Any]:
    answer = await asyncio.to_thread(world.house.run, "jobs", "enqueue", kind, "--args", json.dumps(args), "--json")
    assert answer.code == 0, f"{kind}: {answer.out}{answer.err}"
    return await world.end(answer.json["id"])


@pytest.mark.parametrize("way", [over_http, on_the_command_line])
async def test_every_kind_of_the_go_server_does_its_work(
    world: World, way: Callable[[World, str, dict[str, Any]], Any]
) -> None:
    kinds = appendix_a(world, 1)
    assert len(kinds) == 28
    wrong, few = {}, asyncio.Semaphore(AT_ONCE)

    async def work(kind: str) -> None:
        args, outcome = kinds[kind]
        async with few:
            job = await way(world, kind, args)
        if job["state"] != "completed" or job["output"] is None or not outcome(job["output"]):
            wrong[kind] = (job["state"], job["output"], [error["error"] for error in job["errors"]])

    await asyncio.gather(*map(work, kinds))
    assert wrong == {}
    await world.quiet()

    assert await world.value("SELECT count(*) FROM revenge.activity WHERE username = 'u1'") == 1
    assert await world.value("SELECT count(*) FROM revenge.server_stat WHERE key = 'total_series'") >= 1
    assert await world.value("SELECT count(*) FROM revenge.arr_title WHERE entity_id IS NOT NULL") == 2
    assert [json.loads(asked.body)["type"] for asked in world.receiver.asked], "the receiver was told"
    found = (await world.http.get("/api/v1/search/multi", params={"q": "nosferatuu"})).json()
    assert [hit["document"]["title"] for hit in found["movies"]["hits"]] == ["Nosferatu"]
    series = (await world.http.get("/api/v1/tvshows")).json()["series"]
    assert [each["episode_file_count"] for each in series if each["library_ids"]] == [2]
    poster = await world.http.get(f"/api/v1/images/of/{world.ids['movie']}/poster")
    assert poster.headers["content-type"] == "image/jpeg"
    failed = await world.pool.fetch("SELECT kind, errors FROM river_job WHERE state = 'discarded'")
    assert failed == []
