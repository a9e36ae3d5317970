"""What trees of shows are found to be, with and without somebody who can be asked."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from revenge.content.metadata.errors import SourceBusy, SourceDown, SourceRefused, UnknownTitle
from revenge.content.metadata.models import IdProvider
from revenge.content.metadata.scoring import MatchConfig
from revenge.content.tvshow.config import ShowConfig

if TYPE_CHECKING:
    from tests.fakes.show_source import Entry
    from tests.integration.content.tvshow.conftest import World


async def test_every_way_to_name_an_episode_leads_to_it(world: "World") -> None:  # W23
    world.put(
        "The Office (2005)/Season 01/The Office - S01E01 - Pilot.mkv",
        "The Office (2005)/Season 02/The Office - S02E02-E04.mkv",
        "The Office (2001)/Series 1/The Office S01E01.uk.mkv",
        "The Daily Show/The Daily Show - 1996-01-05.mkv",
        "One Piece/[Group] One Piece - 63 [1080p].mkv",
        "One Piece/Season 03/One Piece - 80.mkv",
        "Firefly/Specials/Firefly - S00E01 - Gag Reel.mkv",
        "Firefly/Specials/Firefly - The Making of Firefly.mkv",
    )
    await world.scan()
    counts = await world.match()
    assert (counts.series, counts.made, counts.matched, counts.unmatched) == (5, 5, 8, 0)
    assert await world.matched() == {
        "The Office - S01E01 - Pilot.mkv": ("The Office", 2005, "1x1"),
        "The Office - S02E02-E04.mkv": ("The Office", 2005, "2x2", "2x3", "2x4"),
        "The Office S01E01.uk.mkv": ("The Office", 2001, "1x1"),
        "The Daily Show - 1996-01-05.mkv": ("The Daily Show", 1996, "1x2"),
        "[Group] One Piece - 63 [1080p].mkv": ("One Piece", 1999, "2x2"),
        "One Piece - 80.mkv": ("One Piece", 1999, "3x3"),
        "Firefly - S00E01 - Gag Reel.mkv": ("Firefly", 2002, "0x1"),
        "Firefly - The Making of Firefly.mkv": ("Firefly", 2002, "0x2"),
    }
    assert await world.states() == {"matched": 8}


async def test_series_is_asked_about_once_for_all_its_files(world: "World") -> None:  # W23, W25
    world.put(*(f"The Office (2005)/Season 02/The Office - S02E{number:02}.mkv" for number in range(1, 23)))
    await world.scan()
    await world.match()
    assert world.source.asked == [("search", "The Office", 2005), ("series", "1", False)]
    assert world.source.languages == {("en",)}  # W25: all languages in one request
    (added,) = world.events.series
    (episodes,) = world.events.episodes
    assert (added.title, added.identified, len(episodes.episode_ids), episodes.untold) == ("The Office", True, 22, True)
    await world.scan()
    world.put("The Office (2005)/Season 01/The Office - S01E01.mkv")
    await world.scan()
    await world.match()
    assert world.source.count("search") == 1
    assert [each.series_is_new for each in world.events.episodes] == [True, False]


async def test_new_series_comes_with_credits_genres_networks_and_pictures(world: "World") -> None:  # W23
    world.put("Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    await world.match()
    counts = {
        table: await world.pool.fetchval(f"SELECT count(*) FROM revenge.{table}")
        for table in ("credit", "entity_genre", "series_network", "image", "translation", "season")
    }
    assert counts == {
        "credit": 3, "entity_genre": 2, "series_network": 1, "image": 1, "translation": 2, "season": 2,
    }  # fmt: skip
    assert len(world.events.people) == 3


async def test_statements_do_not_grow_with_episodes(world: "World") -> None:
    async def statements_of(count: int, title: str) -> int:
        world.put(*(f"{title}/Season 01/{title} - S01E{number:02}.mkv" for number in range(1, count + 1)))
        await world.scan()
        with world.counting() as seen:
            await world.match()
        return len(seen)

    few, many = await statements_of(2, "The Office (2005)"), await statements_of(60, "The Office (2001)")
    assert await world.states() == {"matched": 62}
    assert many <= few < 80


async def test_what_is_not_sure_enough_waits_with_its_candidates(world: "World") -> None:  # W22
    world.put("The Office/Season 01/The Office - S01E01.mkv", "Fireflies/Season 01/Fireflies - S01E01.mkv")
    world.source.entries = {key: world.source.entries[key] for key in ("2", "5")} | {
        "7": _twin(world.source.entries["2"])
    }
    await world.scan()
    counts = await world.match()
    assert (counts.matched, counts.unmatched, counts.made) == (0, 2, 0)
    rows = await world.pool.fetch(
        "SELECT item.title AS wanted, candidate.title, score, candidate.evidence FROM revenge.match_candidate AS candidate"
        " JOIN revenge.library_item AS item ON item.id = item_id ORDER BY item.title, position"
    )
    assert [(row["wanted"], row["title"]) for row in rows] == [("The Office", "The Office")] * 2
    assert await world.states() == {"unmatched": 2}
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.entity") == 0


async def test_series_are_sure_by_the_limits_that_are_configured(world: "World") -> None:
    world.put("Firefly (2003)/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    world.config = ShowConfig(match=MatchConfig(min_confidence=0.95))
    assert (await world.match()).unmatched == 1
    world.config = ShowConfig()
    await world.pool.execute("UPDATE revenge.library_item SET match_state = 'pending'")
    assert (await world.match()).matched == 1


async def test_two_that_match_one_new_series_at_once_make_one(world: "World") -> None:  # W23
    world.put("Firefly/Season 01/Firefly - S01E01.mkv", "Firefly (2002)/Season 01/Firefly - S01E02.mkv")
    await world.scan()
    paths = [str(path).encode() for path in sorted(world.root.rglob("*.mkv"))]
    await asyncio.gather(*(world.matching().match_file(path) for path in paths * 2))
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.series") == 1
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.entity WHERE kind = 'series'") == 1
    assert sorted(value[2] for value in (await world.matched()).values()) == ["1x1", "1x2"]
    assert len(world.events.series) == 1


async def test_without_a_source_names_and_nfo_files_tell(world: "World") -> None:
    world.source.enabled = False
    world.put("Home/Season 01/Home - S01E01 - First.mkv", "Home/Season 01/Home - S01E02.mkv")
    world.put("Home/Home - 2024-03-05.mkv", "Home/Specials/Home - Gag Reel.mkv")
    world.put(
        "Home/tvshow.nfo", text="<tvshow><title>Home Movies</title><plot>Us.</plot><genre>Family</genre></tvshow>"
    )
    world.put(
        "Home/Season 01/Home - S01E02.nfo",
        text="<episodedetails><title>Second</title><season>1</season><episode>2</episode><plot>More.</plot></episodedetails>",
    )
    await world.scan()
    counts = await world.match()
    assert (counts.made, counts.matched) == (1, 4)
    shown = await world.snapshot()
    assert shown["series"] == [("Home Movies", None, "Us.", "homemovies:", "nfo")]
    assert [(row[2], row[3], row[4]) for row in shown["episodes"]] == [
        (0, 1001, "Gag Reel"), (1, 1, "First"), (1, 2, "Second"), (2024, 305, None),
    ]  # fmt: skip
    (added,) = world.events.series
    assert not added.identified
    assert not world.events.episodes[0].untold


async def test_id_in_a_folder_or_an_nfo_file_needs_no_search(world: "World") -> None:
    world.put("Whatever {tvdb-70001}/Season 01/S01E01.mkv", "Something/Season 01/Something S01E01.mkv")
    world.put("Something/tvshow.nfo", text='<tvshow><uniqueid type="tmdb">5</uniqueid></tvshow>')
    await world.scan()
    await world.match()
    assert world.source.count("search") == 0
    assert {value[0] for value in (await world.matched()).values()} == {"The Office", "Firefly"}


async def test_force_finds_out_anew_and_unforced_leaves_alone(world: "World") -> None:  # W18
    world.put("Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    await world.match()
    path = str(world.root / "Firefly/Season 01/Firefly - S01E01.mkv").encode()
    asked = len(world.source.asked)
    assert (await world.matching().match_file(path)).matched == 0
    assert len(world.source.asked) == asked
    assert (await world.matching().match_file(path, force=True)).matched == 1
    assert world.source.count("search") == 2
    assert len(await world.matched()) == 1


async def test_one_series_that_fails_does_not_hold_up_the_others(world: "World") -> None:
    world.put("Firefly/Season 01/Firefly - S01E01.mkv", "One Piece/Season 01/One Piece - S01E01.mkv")
    await world.scan()
    world.source.fails[("series", "5")] = SourceDown("tmdb: 500")
    counts = await world.match()
    assert (counts.matched, [each["error"] for each in counts.failed]) == (1, ["tmdb: 500"])
    assert (
        await world.pool.fetchval("SELECT match_error FROM revenge.library_item WHERE match_state = 'pending'")
        == "tmdb: 500"
    )
    world.source.fails.clear()
    counts = await world.match()
    assert (counts.matched, counts.failed) == (1, [])
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.library_item WHERE match_error IS NOT NULL") == 0


async def test_busy_source_ends_the_run_and_leaves_everything_waiting(world: "World") -> None:
    world.put("Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    world.source.fails["search"] = SourceBusy("tmdb: 429", retry_after=timedelta(seconds=7))
    with pytest.raises(SourceBusy):
        await world.match()
    assert await world.states() == {"pending": 1}
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.entity") == 0


async def test_source_that_refuses_is_as_good_as_none(world: "World") -> None:
    world.put("Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    world.source.fails["search"] = SourceRefused("tmdb: 401")
    assert (await world.match()).matched == 1
    evidence = await world.pool.fetchval("SELECT match_evidence->>'reason' FROM revenge.library_item")
    assert evidence == "tmdb: 401"


async def test_not_to_create_joins_only_what_is_known(world: "World") -> None:
    world.put("Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    counts = await world.match(auto_create=False)
    assert (counts.unmatched, counts.made) == (1, 0)
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.match_candidate") == 1


async def test_series_that_a_search_tells_of_and_nobody_has_holds_up_nothing(world: "World") -> None:
    world.put("Firefly/Season 01/Firefly - S01E01.mkv", "One Piece/Season 01/One Piece - S01E01.mkv")
    await world.scan()
    world.source.fails[("series", "5")] = UnknownTitle("tmdb: 404")
    counts = await world.match()
    assert (counts.matched, counts.unmatched, counts.failed) == (1, 1, [])


async def test_running_number_of_a_known_series_asks_for_its_seasons_once(world: "World") -> None:
    world.put("One Piece/Season 01/One Piece - S01E01.mkv")
    await world.scan()
    await world.match()
    world.put("One Piece/[Group] One Piece - 62.mkv")
    await world.scan()
    await world.match()
    assert (await world.matched())["[Group] One Piece - 62.mkv"][2] == "2x1"
    assert world.source.count("season") == 3
    world.put("One Piece/[Group] One Piece - 63.mkv")
    await world.scan()
    await world.match()
    assert world.source.count("season") == 3


async def test_text_of_strangers_breaks_nothing(world: "World") -> None:
    entry = world.source.entries["5"]
    hostile = replace(entry.details, title="Firefly\x00 \ud800", overview="\x00" * 9, year=2003)
    world.source.entries["5"] = replace(entry, details=hostile)
    world.put("Firefly (1950)/Season 01/Firefly - S01E01.mkv", "Firefly/Season 01/Firefly - S01E01.mkv")
    await world.scan()
    counts = await world.match()
    assert (counts.matched, counts.unmatched) == (1, 1)


def _twin(entry: "Entry") -> "Entry":
    return replace(entry, details=replace(entry.details, ids={IdProvider.TMDB: "7"}))
