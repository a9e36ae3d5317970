"""What a refresh asks, writes and leaves, and how it goes on where it was cut off."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from revenge.content.metadata.errors import NoSource, SourceBusy, SourceDown, UnknownTitle
from revenge.content.metadata.models import IdProvider
from revenge.content.metadata.repository import EntityRepository
from revenge.content.tvshow.errors import SeriesNotFound, UnidentifiedSeries
from revenge.content.tvshow.refresh_models import Which, Wish
from tests.fakes.locks import until_blocked

if TYPE_CHECKING:
    from tests.integration.content.tvshow.conftest import World

WHOLE = Wish(seasons=Which.ALL, episodes=True)
AN_HOUR = timedelta(hours=1)


async def firefly(world: "World", *files: str) -> UUID:
    world.put(*(files or ("Firefly/Season 01/Firefly - S01E01.mkv",)))
    await world.scan()
    await world.match()
    world.source.asked.clear()
    return await world.series_id("Firefly", 2002)


async def office(world: "World") -> UUID:
    world.put("The Office (2005)/Season 01/The Office - S01E01.mkv")
    await world.scan()
    await world.match()
    world.source.asked.clear()
    return await world.series_id("The Office", 2005)


async def test_new_series_gets_its_seasons_and_episodes_without_asking_twice(world: "World") -> None:  # W31
    series_id = await office(world)
    done = await world.refresher().refresh_series(series_id, WHOLE)
    assert (done.series, done.fresh, done.seasons, done.episodes) == (0, 1, 2, 28)
    assert sorted(world.source.asked) == [("season", "1", 1), ("season", "1", 2)]
    titles = await world.pool.fetch("SELECT title FROM revenge.episode WHERE season_number = 1 ORDER BY number")
    assert [row["title"] for row in titles] == [f"Episode 1x{number}" for number in range(1, 7)]
    guests = await world.pool.fetchval("SELECT count(*) FROM revenge.credit WHERE type = 'guest_star'")
    assert guests == 28
    world.source.asked.clear()
    assert (await world.refresher().refresh_series(series_id, WHOLE)).fresh == 1  # W30: nobody is asked for nothing
    assert world.source.asked == []


@pytest.mark.parametrize(
    ("wish", "asked", "titled"),
    [
        (Wish(), 0, 0),
        (Wish(seasons=Which.ALL), 2, 0),
        (Wish(seasons=Which.ALL, episodes=True), 2, 28),
    ],
)
async def test_seasons_and_episodes_come_only_where_they_are_asked_for(
    world: "World", wish: Wish, asked: int, titled: int
) -> None:  # W31
    series_id = await office(world)
    await world.refresher().refresh_series(series_id, wish)
    assert world.source.count("season") == asked
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.episode WHERE title LIKE 'Episode%'") == titled


async def test_force_asks_this_series_anew_and_no_other(world: "World") -> None:  # W30
    series_id = await office(world)
    since = world.clock.now()
    done = await world.refresher().refresh_series(series_id, Wish(force=True, since=since))
    assert done.series == 1
    assert world.source.asked == [("series", "1", True)]
    world.source.asked.clear()
    # A second attempt of the same job has nothing left to do.
    assert (await world.refresher().refresh_series(series_id, Wish(force=True, since=since))).fresh == 1
    assert world.source.asked == []


async def test_refresh_that_will_merge_locks_both_series_in_one_order(world: "World") -> None:
    """Two that held one series each, and asked for the other's, met in a circle."""
    series_id, first = await office(world), UUID(int=1)
    await world.pool.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, 'series')", first)
    await world.pool.execute("INSERT INTO revenge.series (id, title) VALUES ($1, 'The Office')", first)
    moved = "UPDATE revenge.external_id SET entity_id = $1 WHERE entity_id = $2 AND provider = 'tvdb' RETURNING value"
    assert await world.pool.fetchval(moved, first, series_id) is not None
    async with world.pool.acquire() as conn:
        async with conn.transaction():
            entities = EntityRepository()
            await entities.lock(conn, [first])
            refreshing = asyncio.create_task(
                world.refresher().refresh_series(series_id, Wish(force=True)), name="refresh"
            )
            await until_blocked(conn)
            await entities.lock(conn, [series_id])
        await refreshing
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.series WHERE id = $1", first) == 0


async def test_series_that_grew_old_is_asked_again(world: "World") -> None:  # W30
    series_id = await office(world)
    world.clock.ahead = timedelta(days=2)
    assert (await world.refresher().refresh_series(series_id, Wish())).series == 1


async def test_failure_of_the_series_is_a_failure(world: "World") -> None:  # W32
    series_id = await office(world)
    world.source.fails["series"] = SourceDown("tmdb: 500")
    with pytest.raises(SourceDown):
        await world.refresher().refresh_series(series_id, Wish(force=True))
    with pytest.raises(SeriesNotFound):
        await world.refresher().refresh_series(UUID(int=1), Wish())
    world.source.enabled = False
    with pytest.raises(NoSource):
        await world.refresher().refresh_series(series_id, Wish())


async def test_season_that_fails_fails_the_refresh_but_not_the_other_seasons(world: "World") -> None:  # W32
    series_id = await office(world)
    world.source.fails[("season", "1", 1)] = SourceDown("tmdb: 500")
    since = world.clock.now()
    wish = Wish(seasons=Which.ALL, episodes=True, force=True, since=since)
    with pytest.raises(SourceDown, match="season 1"):
        await world.refresher().refresh_series(series_id, wish)
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.episode WHERE season_number = 2") == 22
    world.source.fails.clear()
    world.source.asked.clear()
    await world.refresher().refresh_series(series_id, wish)
    assert world.source.asked == [("season", "1", 1)]  # what was written is not asked again


async def test_busy_source_interrupts_and_what_was_written_stays(world: "World") -> None:
    world.config = type(world.config)(at_once=1)
    series_id = await office(world)
    world.source.fails[("season", "1", 2)] = SourceBusy("tmdb: 429", retry_after=timedelta(seconds=9))
    with pytest.raises(SourceBusy):
        await world.refresher().refresh_series(series_id, WHOLE)
    world.source.fails.clear()
    world.source.asked.clear()
    await world.refresher().refresh_series(series_id, WHOLE)
    assert world.source.asked == [("season", "1", 2)]


async def test_season_nobody_has_is_told_and_fails_nothing(world: "World") -> None:
    series_id = await office(world)
    world.source.fails[("season", "1", 2)] = UnknownTitle("404")
    done = await world.refresher().refresh_series(series_id, WHOLE)
    assert (done.unknown, done.seasons) == (["season 2"], 1)


async def test_refresh_never_takes_credits_away(world: "World") -> None:  # W29
    series_id = await office(world)
    before = await world.pool.fetch("SELECT id FROM revenge.credit ORDER BY id")
    await world.refresher().refresh_series(series_id, Wish(force=True))
    assert await world.pool.fetch("SELECT id FROM revenge.credit ORDER BY id") == before


async def test_files_that_names_alone_placed_find_their_episodes_when_a_provider_tells(world: "World") -> None:  # W23
    world.source.enabled = False
    world.put("Firefly (2002)/Firefly - 2002-01-05.mkv", "Firefly (2002)/Season 01/Firefly - S01E05.mkv")
    await world.scan()
    await world.match()
    series_id = await world.series_id("Firefly", 2002)
    assert (await world.matched())["Firefly - 2002-01-05.mkv"][2] == "2002x105"
    world.source.enabled = True
    await world.refresher().refresh_series(series_id, WHOLE)
    assert (await world.matched())["Firefly - 2002-01-05.mkv"][2] == "1x2"
    assert (await world.matched())["Firefly - S01E05.mkv"][2] == "1x5"
    # Nothing is left of what was only thought.
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.season WHERE number = 2002") == 0
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.episode") == 16
    assert await world.pool.fetchval("SELECT local_key FROM revenge.series") is None


async def test_series_that_turns_out_to_be_another_of_ours_becomes_one_with_it(world: "World") -> None:
    series_id = await firefly(world)
    world.source.enabled = False
    world.put("Serenity/Season 01/Serenity - S01E03.mkv")
    await world.scan()
    await world.match()
    local = await world.pool.fetchval("SELECT id FROM revenge.series WHERE local_key IS NOT NULL")
    assert local is not None
    await world.pool.execute("UPDATE revenge.series SET title = 'Firefly', year = 2002 WHERE id = $1", local)
    world.source.enabled = True
    await world.refresher().refresh_series(local, Wish())
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.series") == 1
    assert sorted(row[2] for row in (await world.matched()).values()) == ["1x1", "1x3"]
    assert series_id in world.events.gone


async def test_all_series_are_refreshed_though_one_fails(world: "World") -> None:  # W32, W12
    world.put("Firefly/Season 01/Firefly - S01E01.mkv", "The Office (2005)/Season 01/The Office - S01E01.mkv")
    world.put("One Piece/Season 01/One Piece - S01E01.mkv", "The Office (2001)/Season 01/The Office - S01E01.mkv")
    await world.scan()
    await world.match()
    world.source.asked.clear()
    world.source.fails[("series", "4")] = SourceDown("tmdb: 500")
    world.source.fails[("series", "2")] = UnknownTitle("404")
    since = world.clock.now()
    wish = Wish(seasons=Which.NEW, episodes=True, force=True, since=since)
    reports: list[tuple[int, int | None]] = []
    done, ended = await world.refresher().refresh_all(
        wish, batch=2, report=lambda phase, at, total, what: reports.append((at, total))
    )
    assert ended
    assert (done.series, [each["what"] for each in done.failed], done.unknown) == (2, ["One Piece"], ["The Office"])
    assert reports[-1] == (4, 4)
    world.source.fails.clear()
    world.source.asked.clear()
    done, _ = await world.refresher().refresh_all(wish, batch=2)
    assert (done.series, world.source.count("series")) == (2, 2)  # only those that were not done


async def test_long_run_pauses_and_goes_on(world: "World") -> None:  # W12
    world.config = type(world.config)(at_once=1)
    world.put("Firefly/Season 01/Firefly - S01E01.mkv", "The Office (2005)/Season 01/The Office - S01E01.mkv")
    await world.scan()
    await world.match()
    since = world.clock.now()
    wish = Wish(force=True, since=since)
    first, ended = await world.refresher().refresh_all(wish, run_for=timedelta(0))
    assert (first.series, ended) == (1, False)
    second, ended = await world.refresher().refresh_all(wish, run_for=AN_HOUR)
    assert (second.series, ended) == (1, True)


async def test_episode_s_guests_and_numbers_are_written(world: "World") -> None:
    series_id = await office(world)
    episode_id = await world.pool.fetchval("SELECT id FROM revenge.episode WHERE series_id = $1", series_id)
    done = await world.refresher().refresh_episode(episode_id, Wish())
    assert done.episodes == 1
    row = await world.pool.fetchrow(
        "SELECT credit.type, credit.character, held.value FROM revenge.credit AS credit"
        " JOIN revenge.external_id AS held ON held.entity_id = credit.entity_id AND held.provider = 'tmdb'"
        " WHERE credit.entity_id = $1",
        episode_id,
    )
    assert row is not None
    assert tuple(row) == ("guest_star", "A guest", "1010001")


async def test_file_of_an_episode_that_nobody_told_of_has_its_season_asked_anew(world: "World") -> None:  # W07
    series_id = await office(world)
    await world.refresher().refresh_series(series_id, WHOLE)
    world.put("The Office (2005)/Season 02/The Office - S02E23.mkv")
    await world.scan()
    await world.match()
    assert world.events.episodes[-1].untold
    world.source.asked.clear()
    await world.refresher().refresh_series(series_id, WHOLE)
    assert world.source.asked == [("season", "1", 2)]


async def test_season_alone_is_refreshed(world: "World") -> None:  # W31
    series_id = await office(world)
    season_id = await world.refresher().season_of(series_id, 2)
    done = await world.refresher().refresh_season(season_id, Wish(episodes=True))
    assert (done.seasons, done.episodes) == (1, 22)
    assert world.source.asked == [("season", "1", 2)]
    assert (await world.refresher().refresh_season(season_id, Wish(episodes=True))).fresh == 1


async def test_series_that_nobody_knows_cannot_be_refreshed(world: "World") -> None:
    world.source.enabled = False
    world.put("Home Movies/Season 01/Home Movies - S01E01.mkv")
    await world.scan()
    await world.match()
    world.source.enabled = True
    with pytest.raises(UnidentifiedSeries):
        await world.refresher().refresh_series(await world.pool.fetchval("SELECT id FROM revenge.series"), Wish())


async def test_statements_of_a_refresh_do_not_grow_with_episodes(world: "World") -> None:
    async def statements_of(title: str, year: int) -> int:
        world.put(f"{title} ({year})/Season 01/{title} - S01E01.mkv")
        await world.scan()
        await world.match()
        season = await world.refresher().season_of(await world.series_id(title, year), 1)
        with world.counting() as seen:
            await world.refresher().refresh_season(season, Wish(episodes=True))
        return len(seen)

    few, many = await statements_of("The Office", 2001), await statements_of("One Piece", 1999)
    assert many <= few < 60


async def test_ids_lead_to_a_series(world: "World") -> None:
    series_id = await office(world)
    async with world.pool.acquire() as conn:
        assert await world.writer.find(conn, {IdProvider.TVDB: "70001"}) == series_id
        assert await world.writer.find(conn, {IdProvider.TVDB: "1"}) is None
