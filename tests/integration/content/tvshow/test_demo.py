"""The demo's tree of shows, matched and refreshed through the demo's TMDb, over real sockets."""

from itertools import islice
from typing import TYPE_CHECKING

import asyncpg

from revenge.content.library.demo.shows import show_files
from revenge.content.tvshow.matching import Matching
from revenge.content.tvshow.refresh_models import Which, Wish
from revenge.content.tvshow.refreshing import ShowRefresher
from tests.fakes.providers import demo_servers, demo_sources

if TYPE_CHECKING:
    from tests.integration.content.tvshow.conftest import World


async def test_demo_s_shows_are_found_with_all_their_episodes(
    world: "World", pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    for file in islice(show_files(), 70):
        world.put(file.path)
        if file.path.endswith(".nfo"):
            file.write(world.root / file.path)
    await world.scan()
    async with demo_servers() as servers, demo_sources(servers, pool) as asked:
        matching = Matching(pool, source=asked.sources, writer=world.writer, events=world.events)
        counts, _ = await matching.match_library(world.library_id)
        assert (counts.unmatched, counts.failed, set(await world.states())) == (0, [], {"matched"})
        assert counts.series == counts.made
        requests = servers.faults.count("/tmdb")
        refresher = ShowRefresher(
            pool, source=asked.sources, writer=world.writer, clock=world.clock, events=world.events
        )
        rows = await pool.fetch("SELECT id FROM revenge.series")
        for row in rows:
            await refresher.refresh_series(row["id"], Wish(seasons=Which.ALL, episodes=True))
        seasons = await pool.fetchval("SELECT count(*) FROM revenge.season")
        assert servers.faults.count("/tmdb") - requests <= seasons
        again = servers.faults.count("/tmdb")
        for row in rows:
            await refresher.refresh_series(row["id"], Wish(seasons=Which.ALL, episodes=True))
        assert servers.faults.count("/tmdb") == again
    # Every episode that a file is of is one that TMDb knows.
    untold = await pool.fetchval(
        "SELECT count(*) FROM revenge.item_episode JOIN revenge.episode ON id = episode_id WHERE metadata_updated_at IS NULL"
    )
    assert untold == 0
    assert await pool.fetchval("SELECT count(*) FROM revenge.series WHERE local_key IS NOT NULL") == 0
