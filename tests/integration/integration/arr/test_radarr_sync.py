"""A full sync with Radarr, and one of a single film: what is written, what is not, and what goes."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from revenge.infra.http.config import Bounds
from revenge.infra.http.errors import CircuitOpen, LedAway, Nonsense, Refused, TooMany, Unavailable
from revenge.integration.arr.errors import NotATitle, SyncLost
from revenge.integration.arr.models import SyncCounts, SyncElsewhere, SyncPaused
from revenge.integration.arr.service import SyncRequest
from revenge.integration.arr.spool import Spool
from revenge.integration.radarr.client import RadarrClient
from tests.fakes.arr import caller_of, say
from tests.fakes.wire import Asked, Say
from tests.integration.integration.arr.conftest import JOB, Radarr


def request(job_id: int = JOB, *, run_for: timedelta = timedelta(minutes=5)) -> SyncRequest:
    return SyncRequest(job_id=job_id, run_for=run_for)


async def test_films_and_their_files_are_kept_with_all_that_is_said_of_them(radarr: Radarr) -> None:  # W37
    radarr.demo.add(1, "First", collection="Both")
    radarr.demo.add(2, "Wished For", file=None, monitored=False)
    done = await radarr.sync()
    assert done.counts == SyncCounts(added=2, total=2)
    first, wished = await radarr.rows("arr_title", "arr_id")
    assert (first["title"], bytes(first["path"]), first["monitored"]) == ("First", b"/our/films/First (2020)", True)
    assert first["entity_id"] == radarr.titles.by_id["tmdb", "500001"]
    assert (wished["entity_id"], wished["monitored"]) == (None, False)
    (file,) = await radarr.rows("arr_file", "arr_file_id")
    assert bytes(file["path"]) == b"/our/films/First (2020)/First (2020) Bluray-1080p.mkv"
    assert file["name"] == "First (2020) Bluray-1080p.mkv"
    assert (file["quality"], file["resolution"], file["edition"]) == ("Bluray-1080p", "1080p", "Director's Cut")
    assert (file["languages"], file["subtitles"], file["release_group"]) == (["en"], ["en", "de"], "GRP")
    assert (file["duration_s"], file["dynamic_range"]) == (6312.0, "HDR10")


async def test_nothing_is_written_of_films_that_did_not_change(radarr: Radarr) -> None:
    for number in range(1, 51):
        radarr.demo.add(number, f"Film {number}")
    await radarr.sync()
    before = await radarr.rows("arr_title", "arr_id")
    saved = len(radarr.titles.saved)
    for movie in radarr.demo.movies.values():
        movie["popularity"] += 1  # moves every day
    radarr.demo.movies[7]["monitored"] = False
    done = await radarr.sync()
    after = await radarr.rows("arr_title", "arr_id")
    assert done.counts == SyncCounts(updated=1, unchanged=49, total=50)
    assert [new["arr_id"] for old, new in zip(before, after, strict=True) if old != new] == [7]
    assert len(radarr.titles.saved) == saved + 1


async def test_statements_do_not_grow_with_films(radarr: Radarr) -> None:
    counts: list[Counter[str]] = []
    for films in (200, 2000):
        for number in range(1, films + 1):
            radarr.demo.add(number, f"Film {number}", file=None)
        seen: Counter[str] = Counter()
        with Counted(radarr.pool, seen):
            await radarr.sync()
        counts.append(seen)
    batches = (2000 - 200) // radarr.program.batch_size
    # hold, known, save nothing, titles, files before, checkpoint, begin and commit: none of them for a film
    assert sum(counts[1].values()) - sum(counts[0].values()) <= 10 * batches


class Counted:
    """Counts the statements of all connections of a pool."""

    def __init__(self, pool: Any, seen: Counter[str]) -> None:
        self._pool, self._seen = pool, seen

    def __enter__(self) -> None:
        for holder in self._pool._holders:
            if holder._con is not None:
                holder._con.add_query_logger(self._log)

    def __exit__(self, *_: object) -> None:
        for holder in self._pool._holders:
            if holder._con is not None:
                holder._con.remove_query_logger(self._log)

    def _log(self, record: Any) -> None:
        self._seen[" ".join(record.query.split())[:60]] += 1


async def test_films_and_files_that_radarr_has_no_more_are_let_go(radarr: Radarr) -> None:  # W36
    radarr.demo.add(1, "Stays")
    radarr.demo.add(2, "Goes")
    await radarr.sync()
    gone = radarr.titles.by_id["tmdb", "500002"]
    radarr.shelf.looked_at.clear()
    del radarr.demo.movies[2]
    done = await radarr.sync()
    assert (done.counts.removed, done.counts.unchanged) == (1, 1)
    stays, goes = await radarr.rows("arr_title", "arr_id")
    assert stays["removed_at"] is None
    assert (goes["removed_at"] is not None, goes["entity_id"]) == (True, None)
    assert [row["arr_id"] for row in await radarr.rows("arr_file", "arr_file_id")] == [1]
    assert radarr.shelf.looked_at == [b"/our/films/Goes (2020)"]
    assert radarr.events.changes[-1].released == [gone]


async def test_a_film_that_comes_back_is_linked_again(radarr: Radarr) -> None:
    movie = radarr.demo.add(1, "Comes and Goes")
    await radarr.sync()
    del radarr.demo.movies[1]
    await radarr.sync()
    radarr.demo.movies[1] = movie
    done = await radarr.sync()
    (title,) = await radarr.rows("arr_title", "arr_id")
    assert done.counts.added == 1
    assert (title["removed_at"], title["entity_id"]) == (None, radarr.titles.by_id["tmdb", "500001"])


async def test_files_are_linked_to_those_of_libraries_and_others_are_looked_for_once_a_day(radarr: Radarr) -> None:
    radarr.demo.add(1, "Known")
    radarr.demo.add(2, "Unknown")
    radarr.demo.add(3, "Lost")
    known = await radarr.library_file(b"/our/films/Known (2020)/Known (2020) Bluray-1080p.mkv")
    await radarr.library_file(b"/our/films/Lost (2020)/Lost (2020) Bluray-1080p.mkv", state="missing")
    await radarr.sync()
    links = {row["arr_id"]: row["library_file_id"] for row in await radarr.rows("arr_file", "arr_id")}
    assert (links[1], links[2]) == (known, None)
    assert radarr.shelf.looked_at == [b"/our/films/Unknown (2020)"]
    await radarr.sync()
    # What a library has lost shows once it is linked.
    assert radarr.shelf.looked_at == [b"/our/films/Unknown (2020)", b"/our/films/Lost (2020)"]
    await radarr.sync()
    assert len(radarr.shelf.looked_at) == 2


async def test_a_renamed_file_is_looked_for_where_it_was_and_where_it_is(radarr: Radarr) -> None:
    movie = radarr.demo.add(1, "Renamed")
    await radarr.library_file(b"/our/films/Renamed (2020)/Renamed (2020) Bluray-1080p.mkv")
    await radarr.sync()
    movie["movieFile"]["path"] = "/movies/Elsewhere/renamed.mkv"
    await radarr.sync()
    (file,) = await radarr.rows("arr_file", "arr_file_id")
    assert (bytes(file["path"]), file["library_file_id"]) == (b"/our/films/Elsewhere/renamed.mkv", None)
    assert radarr.shelf.looked_at == [b"/our/films/Renamed (2020)", b"/our/films/Elsewhere"]


async def test_a_pause_keeps_what_was_done_and_goes_on_behind_it(radarr: Radarr) -> None:  # W41, W12
    for number in range(1, 451):
        radarr.demo.add(number, f"Film {number}", file=None)
    outcomes: list[Any] = []
    while not outcomes or isinstance(outcomes[-1], SyncPaused):
        outcomes.append(await radarr.syncs.sync_all(request(run_for=timedelta(0))))
    assert len(outcomes) == 4
    assert outcomes[-1].counts == SyncCounts(added=450, total=450)
    assert len(radarr.titles.saved) == 450


async def test_a_run_that_was_killed_is_resumed_by_its_job_and_writes_nothing_twice(radarr: Radarr) -> None:
    for number in range(1, 451):
        radarr.demo.add(number, f"Film {number}", file=None)
    reached = asyncio.Event()

    def report(phase: str, current: int, total: int | None) -> None:
        if current >= 200:
            reached.set()

    killed = asyncio.create_task(
        radarr.syncs.sync_all(SyncRequest(job_id=JOB, run_for=timedelta(minutes=5), report=report))
    )
    await reached.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    radarr.queue.alive.add(JOB)
    state = await radarr.syncs.state()
    assert (state.is_running, state.cursor >= 200, state.counts.added >= 200) == (True, True, True)
    done = await radarr.sync()
    assert done.counts == SyncCounts(added=450, total=450)
    assert len(await radarr.rows("arr_title", "arr_id")) == 450


async def test_a_run_that_was_taken_over_writes_no_more(radarr: Radarr) -> None:
    for number in range(1, 301):
        radarr.demo.add(number, f"Film {number}", file=None)
    calls = []

    async def taken_over(titles: Any) -> Any:
        calls.append(titles)
        if len(calls) == 2:
            await radarr.sync()
        return await original(titles)

    original = radarr.program.facts
    radarr.program.facts = taken_over  # type: ignore[method-assign]  # another run comes between two batches
    with pytest.raises(SyncLost):
        await radarr.sync()
    assert (await radarr.syncs.state()).counts == SyncCounts(added=300, total=300)


async def test_another_job_s_sync_that_runs_is_no_error(radarr: Radarr) -> None:  # W41
    async with radarr.pool.acquire() as conn:
        await radarr.syncs._rows.lock_state(conn)
        await radarr.syncs._rows.begin(conn, sync_id=uuid4(), claim=uuid4(), job_id=5)
    radarr.queue.alive.add(5)
    assert await radarr.syncs.sync_all(request()) == SyncElsewhere(5)
    radarr.queue.alive.clear()
    assert (await radarr.syncs.state()).is_running is False
    await radarr.sync()


async def test_how_it_went_is_the_same_on_every_node(radarr: Radarr) -> None:  # W14, W36
    radarr.demo.add(1, "First")
    await radarr.sync()
    state = await radarr.syncs.state()
    assert (state.counts, state.is_running, state.error) == (SyncCounts(added=1, total=1), False, None)
    assert state.succeeded_at == state.ended_at is not None
    assert radarr.events.done == [SyncCounts(added=1, total=1)]


async def test_one_bad_film_does_not_keep_the_others_out(radarr: Radarr) -> None:
    radarr.demo.add(1, "Good")
    radarr.demo.add(2, "", file=None)
    done = await radarr.sync()
    assert done.counts == SyncCounts(added=1, failed=1, total=2)
    assert done.errors[0].startswith("2: title: ")
    assert [row["error"] is None for row in await radarr.rows("arr_title", "arr_id")] == [True, False]


async def test_a_webhook_s_newer_word_is_not_overwritten_by_an_older_list(radarr: Radarr) -> None:
    radarr.demo.add(1, "Old Title")

    async def meanwhile(titles: Any) -> Any:
        radarr.program.facts = original  # type: ignore[method-assign]  # once is enough
        radarr.demo.add(1, "New Title", tmdb_id=500_001)
        radarr.demo.add(2, "Quite New")
        await radarr.syncs.sync_one(1)
        await radarr.syncs.sync_one(2)
        return await original(titles)

    original = radarr.program.facts
    radarr.program.facts = meanwhile  # type: ignore[method-assign]  # something happens between list and write
    done = await radarr.sync()
    assert done.counts == SyncCounts(unchanged=1, total=1)
    assert [(row["title"], row["removed_at"]) for row in await radarr.rows("arr_title", "arr_id")] == [
        ("New Title", None),
        ("Quite New", None),
    ]


async def test_one_film_that_radarr_does_not_have_is_let_go_or_refused(radarr: Radarr) -> None:
    radarr.demo.add(1, "First")
    await radarr.syncs.sync_one(1)
    del radarr.demo.movies[1]
    assert (await radarr.syncs.sync_one(1)).counts.removed == 1
    with pytest.raises(NotATitle):
        await radarr.syncs.sync_one(99)


async def test_nothing_is_answered_from_a_cache(radarr: Radarr) -> None:  # W39
    radarr.demo.add(1, "First")
    await radarr.syncs.sync_one(1)
    radarr.demo.movies[1]["title"] = "Second"
    await radarr.syncs.sync_one(1)
    assert [row["title"] for row in await radarr.rows("arr_title", "arr_id")] == ["Second"]
    assert len(radarr.server.asked) == 2


FAULTS: dict[str, tuple[Say, type[Exception]]] = {
    "500": (Say(status=500), Unavailable),
    "429": (Say(status=429, headers={"retry-after": "7"}), TooMany),
    "garbage": (Say(body=b"<html>what?</html>"), Nonsense),
    "another shape": (Say(body=b'{"movies": []}'), Nonsense),
    "half a body": (Say(body=b'[{"id": 1, "title": "F', length=500), Unavailable),
    "half a list": (Say(body=b'[{"id": 1, "title": "First"}, {"id": 2'), Unavailable),
    "wrong key": (Say(status=401), Refused),
    "redirect": (Say(status=302, headers={"location": "http://127.0.0.1:9/api/v3/movie"}), LedAway),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_raises_what_says_what_to_do_and_writes_nothing(radarr: Radarr, fault: str) -> None:
    answer, error = FAULTS[fault]
    radarr.demo.add(1, "First")
    radarr.server.answer(answer)
    with pytest.raises(error):
        await radarr.sync()
    assert await radarr.rows("arr_title", "arr_id") == []
    radarr.server.say = lambda asked: say(radarr.demo, asked)
    if fault != "429":
        assert (await radarr.sync()).counts.added == 1


async def test_a_program_that_fails_on_the_way_costs_no_attempt_once_something_is_done(sonarr: Any) -> None:
    for number in range(1, 13):
        sonarr.demo.add(number, f"Series {number}")
    failing = [True]

    def answer(asked: Asked) -> Say:
        if failing[0] and asked.path.endswith("/episode") and asked.query["seriesId"] == ["8"]:
            return Say(status=502)
        return say(sonarr.demo, asked)

    sonarr.server.say = answer
    paused = await sonarr.syncs.sync_all(request())
    assert isinstance(paused, SyncPaused)
    assert (paused.again_in, "502" in (paused.reason or "")) == (timedelta(seconds=30), True)
    failing[0] = False
    sonarr.server.asked.clear()
    done = await sonarr.sync()
    assert done.counts == SyncCounts(added=12, total=12)
    # The five that were done are not asked for again.
    asked_for = [asked.query["seriesId"][0] for asked in sonarr.server.asked if asked.path.endswith("/episode")]
    assert asked_for == [str(number) for number in range(6, 13)]


async def test_a_program_that_is_silent_is_not_waited_for_longer_than_the_settings_say(radarr: Radarr) -> None:
    held = asyncio.Event()
    radarr.server.answer(Say(hold=held))
    slow = RadarrClient(
        caller_of(radarr.server, "radarr", wait=timedelta(milliseconds=200)),
        list_bounds=Bounds(read=timedelta(milliseconds=200), total=timedelta(milliseconds=400)),
    )
    spool = Spool()
    for call in (slow.movie(1), slow.status(), slow.movies(spool)):
        with pytest.raises(Unavailable):
            await call
    spool.close()
    held.set()


async def test_a_program_that_keeps_failing_is_left_alone_and_costs_no_attempt(radarr: Radarr) -> None:  # W06
    radarr.server.answer(Say(status=500))
    for _ in range(5):
        with pytest.raises(Unavailable):
            await radarr.sync()
    asked = len(radarr.server.asked)
    with pytest.raises(CircuitOpen) as caught:
        await radarr.sync()
    assert caught.value.retry_after > timedelta(0)
    assert len(radarr.server.asked) == asked
