"""How each thing that may go wrong is brought about for each kind: the cases of docs/failures.md, cell by cell."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from revenge.content.library.demo.catalogue import SHOWS
from revenge.infra.jobs import JobRow
from revenge.infra.jobs.subscriptions import AttemptEnded
from tests.fakes.in_the_way import in_the_way_of
from tests.fakes.peers import Trouble
from tests.fakes.troubled import END_S, Troubled
from tests.fakes.whole_server import NOBODY, appendix_a, plant
from tests.fakes.wire import Asked, Say

Case = Callable[[Troubled], Awaitable[JobRow]]
Args = dict[str, Any]

INSIDE = (
    "cleanup",
    "activity_log",
    "activity_cleanup",
    "library_scan_cleanup",
    "periodic_library_scan",
    "session_maintenance",
    "stats_aggregation",
    "playback_cleanup",
    "movie_library_scan",
    "tvshow_library_scan",
)
"""Kinds that ask nobody but PostgreSQL and the disk."""
OUTSIDE = (
    "notification",
    "movie_file_match",
    "tvshow_file_match",
    "metadata_refresh_movie",
    "metadata_refresh_tvshow",
    "metadata_refresh_season",
    "metadata_refresh_episode",
    "tvshow_series_refresh",
    "tvshow_metadata_refresh",
    "metadata_refresh_person",
    "metadata_enrich_content",
    "metadata_download_image",
    "movie_search_index",
    "tvshow_search_index",
    "radarr_sync",
    "sonarr_sync",
    "radarr_webhook",
    "sonarr_webhook",
)
WAITING, OTHER = "Faust", "Vampyr"
"""Films that no match has been asked about yet."""
SECOND_SHOW = SHOWS[2].title
UNKNOWN: Mapping[str, Args] = {
    "movie_library_scan": {"library_id": NOBODY.replace("0", "1")},
    "tvshow_library_scan": {"library_id": NOBODY.replace("0", "1")},
    "notification": {"agent_names": ["nobody"]},
    "movie_file_match": {"file_path": "/nowhere/A Film (2001).mkv"},
    "tvshow_file_match": {"file_path": "/nowhere/A Show - S01E01.mkv"},
    "metadata_refresh_movie": {"movie_id": NOBODY.replace("0", "1")},
    "metadata_refresh_tvshow": {"series_id": NOBODY.replace("0", "1")},
    "metadata_refresh_season": {"season_id": NOBODY.replace("0", "1")},
    "metadata_refresh_episode": {"episode_id": NOBODY.replace("0", "1")},
    "tvshow_series_refresh": {"series_id": NOBODY.replace("0", "1")},
    "tvshow_metadata_refresh": {"series_id": NOBODY.replace("0", "1")},
    "metadata_refresh_person": {"person_id": NOBODY.replace("0", "1")},
    "metadata_enrich_content": {"content_id": NOBODY.replace("0", "1")},
    "metadata_download_image": {"content_id": NOBODY.replace("0", "1")},
    "movie_search_index": {"operation": "index", "movie_id": NOBODY.replace("0", "1")},
    "tvshow_search_index": {"full_reindex": False, "series_id": NOBODY.replace("0", "1")},
    "radarr_sync": {"operation": "single", "radarr_movie_id": 999},
    "sonarr_sync": {"operation": "single", "sonarr_series_id": 999},
    "radarr_webhook": {"payload": {"eventType": "Download", "movie": {"id": 999, "title": "No Film"}}},
    "sonarr_webhook": {"payload": {"eventType": "Download", "series": {"id": 999, "title": "No Show"}}},
}
"""What the arguments are changed to."""


def cases() -> dict[tuple[str, str], Case]:
    """Return all cases by kind and column."""
    found: dict[tuple[str, str], Case] = {}
    for kind in INSIDE:
        found[kind, "off"] = partial(connection_lost, kind)
        found[kind, "slow"] = partial(waits_too_long, kind)
    for kind in OUTSIDE:
        found |= {(kind, trouble.value): partial(in_trouble, kind, trouble) for trouble in Trouble}
        if kind != "metadata_download_image":
            found[kind, "off"] = partial(switched_off, kind)
    found |= {(kind, "unknown id"): partial(unknown_id, kind) for kind in UNKNOWN}
    found |= {(kind, "bad args"): partial(bad_args, kind) for kind in (*INSIDE, *OUTSIDE)}
    return found | {(kind, "one bad item"): case for kind, case in ONE_BAD_ITEM.items()}


def args_of(world: Troubled, kind: str) -> Args:
    """Return arguments by which the kind has to ask somebody."""
    if kind == "movie_file_match":
        return {"file_path": str(world.films / f"{WAITING} (1926)" / f"{WAITING} (1926).mkv")}
    return appendix_a(world, 1)[kind][0]


async def anew(world: Troubled) -> None:
    """Forget what earlier cases found out, so that it is asked for again."""
    await world.quiet()
    await world.pool.execute(
        "DELETE FROM revenge.entity WHERE id IN (SELECT id FROM revenge.movie WHERE title = ANY($1))", [WAITING, OTHER]
    )
    await world.pool.execute(
        "UPDATE revenge.library_item SET match_state = 'pending' WHERE title = ANY($1)", [WAITING, OTHER]
    )
    await world.pool.execute("UPDATE revenge.image SET hash = NULL, fetched_at = NULL")


async def in_trouble(kind: str, trouble: Trouble, world: Troubled) -> JobRow:
    world.around.be(trouble)
    return await world.attempt(kind, args_of(world, kind))


async def switched_off(kind: str, world: Troubled) -> JobRow:
    return await world.attempt(kind, args_of(world, kind), node="off")


async def unknown_id(kind: str, world: Troubled) -> JobRow:
    return await world.attempt(kind, {**args_of(world, kind), **UNKNOWN[kind]})


async def bad_args(kind: str, world: Troubled) -> JobRow:
    args = args_of(world, kind)
    return await world.attempt(kind, {**args, next(iter(args)): {"no": "such"}} if args else ["no object"])


async def connection_lost(kind: str, world: Troubled) -> JobRow:
    async def lose() -> None:
        world.way.cut()
        world.way.mend()

    return await stopped_in_the_middle(kind, world, lose)


async def waits_too_long(kind: str, world: Troubled) -> JobRow:
    async def wait() -> None:
        """Its deadline does it."""

    return await stopped_in_the_middle(kind, world, wait)


async def stopped_in_the_middle(kind: str, world: Troubled, stop: Callable[[], Awaitable[None]]) -> JobRow:
    with world.client("hurried").subscribe_local(kinds=[kind]) as events:
        async with in_the_way_of(kind, world.pool) as way:
            job_id = await world.insert(kind, args_of(world, kind), node="hurried")
            await way.reached_by(job_id)
            await stop()
            async with asyncio.timeout(END_S):
                async for event in events:
                    if isinstance(event, AttemptEnded) and event.job.id == job_id:
                        return event.job
    raise AssertionError(f"{kind} has not ended")


# One bad item among many: each sees to it, too, that the others are done


async def one_film_of_two(world: Troubled) -> JobRow:
    world.around.metadata.be(Trouble.FAILS, where=lambda asked: WAITING in str(asked.query))
    job = await world.attempt("movie_file_match", {"library_id": world.ids["Films"]})
    states = await world.pool.fetch(
        "SELECT title, match_state FROM revenge.library_item WHERE title = ANY($1)", [WAITING, OTHER]
    )
    assert {row["title"]: row["match_state"] for row in states} == {WAITING: "pending", OTHER: "matched"}
    return job


async def one_series_of_two(world: Troubled) -> JobRow:
    await world.pool.execute("UPDATE revenge.library_item SET match_state = 'pending' WHERE kind = 'episode'")
    world.around.metadata.be(Trouble.FAILS, where=lambda asked: SECOND_SHOW in str(asked.query))
    job = await world.attempt("tvshow_file_match", {"library_id": world.ids["Shows"]})
    waits = await world.pool.fetch("SELECT DISTINCT title FROM revenge.library_item WHERE match_state = 'pending'")
    assert [row["title"] for row in waits if row["title"] not in (WAITING, OTHER)] == [SECOND_SHOW]
    return job


async def one_season_of_many(kind: str, wish: Args, world: Troubled) -> JobRow:
    world.around.metadata.be(Trouble.FAILS, where=lambda asked: asked.path.endswith("/season/2"))
    began = await world.pool.fetchval("SELECT now()")
    job = await world.attempt(kind, {**args_of(world, kind), **wish})
    written = await world.pool.fetch(
        "SELECT number FROM revenge.season WHERE series_id = $1 AND metadata_updated_at >= $2 ORDER BY number",
        world.ids["series"],
        began,
    )
    assert [row["number"] for row in written if row["number"]] == [1, 3][: len(written)]
    return job


async def one_series_of_all(world: Troubled) -> JobRow:
    known = await world.pool.fetchval(
        "SELECT value FROM revenge.external_id WHERE entity_id = $1 AND provider = 'tmdb'", world.ids["series"]
    )
    world.around.metadata.be(Trouble.FAILS, where=lambda asked: asked.path.endswith(f"/tv/{known}"))
    job = await world.attempt("tvshow_metadata_refresh", {"force": True})
    assert job.output["series"] == 1
    return job


async def one_document_of_many(kind: str, args: Args, world: Troubled) -> JobRow:
    async def one_refused(asked: Asked) -> Say:
        _, _, others = asked.body.partition(b"\n")
        refused = orjson.dumps({"success": False, "error": "Field `title` must be a string.", "code": 400})
        if not others:
            return Say(body=refused)
        taken = await world.around.search.upstream(replace(asked, body=others))
        return replace(taken, body=refused + b"\n" + taken.body)

    world.around.search.be(one_refused, where=lambda asked: asked.path.endswith("/import"))
    return await world.attempt(kind, args)


async def one_title_of_two(program: str, world: Troubled) -> JobRow:
    around = world.around
    titles: dict[int, Any] = around.radarr.movies if program == "radarr" else around.sonarr.all_series
    titles[6] = {"id": 6, "title": ["no", "title"]}
    try:
        job = await world.attempt(f"{program}_sync", {"operation": "full"})
    finally:
        del titles[6]
    assert job.output["added"] == 1
    return job


async def one_file_of_many(kind: str, world: Troubled) -> JobRow:
    root = world.films if kind == "movie_library_scan" else world.shows
    broken = root / "A link to nowhere (2001).mkv"
    broken.symlink_to(root / "nowhere.mkv")
    try:
        return await world.attempt(kind, args_of(world, kind))
    finally:
        broken.unlink()


async def one_library_of_many(world: Troubled) -> JobRow:
    await world.pool.execute("UPDATE revenge.library SET type = 'music' WHERE name = 'Films'")
    try:
        return await world.attempt("periodic_library_scan", {})
    finally:
        await world.pool.execute("UPDATE revenge.library SET type = 'movie' WHERE name = 'Films'")


ONE_BAD_ITEM: Mapping[str, Case] = {
    "movie_file_match": one_film_of_two,
    "tvshow_file_match": one_series_of_two,
    "metadata_refresh_tvshow": partial(one_season_of_many, "metadata_refresh_tvshow", {"include_seasons": True}),
    "tvshow_series_refresh": partial(one_season_of_many, "tvshow_series_refresh", {"refresh_seasons": True}),
    "tvshow_metadata_refresh": one_series_of_all,
    "movie_search_index": partial(one_document_of_many, "movie_search_index", {"operation": "reindex"}),
    "tvshow_search_index": partial(one_document_of_many, "tvshow_search_index", {"full_reindex": True}),
    "radarr_sync": partial(one_title_of_two, "radarr"),
    "sonarr_sync": partial(one_title_of_two, "sonarr"),
    "movie_library_scan": partial(one_file_of_many, "movie_library_scan"),
    "tvshow_library_scan": partial(one_file_of_many, "tvshow_library_scan"),
    "periodic_library_scan": one_library_of_many,
}


def plant_more(world: Troubled) -> None:
    """Put there what waits for a match, and a second series."""
    plant(
        world.films,
        f"{WAITING} (1926)/{WAITING} (1926).mkv",
        f"{OTHER} (1932)/{OTHER} (1932).mkv",
    )
    plant(world.shows, f"{SECOND_SHOW} (2021)/Season 01/{SECOND_SHOW} - S01E01.mkv")
