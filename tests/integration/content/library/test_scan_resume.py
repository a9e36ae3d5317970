"""A scan that is killed anywhere, cancelled, or taken over ends as if nothing had happened, and is nobody else's meanwhile."""

import asyncio
import os
import shutil
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from revenge.content.library.errors import LibraryNotFound, ScanBusy, ScanConflict, ScanFailed, ScanLost, ScanNotFound
from revenge.content.library.models import LibraryFields, LibraryType, Scan, ScanStatus, ScanType
from revenge.content.library.ports import Connection, JobFate
from revenge.content.library.scans import ScanPaused, ScanRequest, ScanService
from revenge.content.library.scans.ledger import Ledger

if TYPE_CHECKING:
    from tests.integration.content.library.conftest import World

JOB = 77


class Killed(BaseException):
    """The process dies here."""


@contextmanager
def killed_at(transaction: int, *, committed: bool) -> Iterator[list[int]]:
    """Die in the given transaction of a run, before or after its commit; yields the number of those begun."""
    begun = [0]
    real = Ledger.transaction

    @asynccontextmanager
    async def dying(self: Ledger) -> AsyncIterator[Connection]:
        begun[0] += 1
        async with real(self) as conn:
            yield conn
            if begun[0] == transaction and not committed:
                raise Killed
        if begun[0] == transaction:
            raise Killed

    async def nothing(self: Any, *args: Any) -> None: ...

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ledger, "transaction", dying)
        patch.setattr(ScanService, "_release", nothing)
        patch.setattr(ScanService, "_interrupted", nothing)
        yield begun


@pytest.fixture(autouse=True)
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revenge.content.library.scans.walking._STRETCH", 8)
    monkeypatch.setattr("revenge.content.library.walk.walker._BATCH", 4)
    monkeypatch.setattr("revenge.content.library.scans.probing._COMMIT_AT", 4)


async def save(world: "World") -> None:
    await world.pool.execute(
        "CREATE TABLE files AS TABLE revenge.library_file; CREATE TABLE items AS TABLE revenge.library_item;"
        "CREATE TABLE roots AS TABLE revenge.library_root"
    )


async def restore(world: "World") -> None:
    given = await world.pool.fetchval(
        "SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute"
        " WHERE attrelid = 'revenge.library_item'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
    )
    await world.pool.execute(
        "DELETE FROM revenge.library_scan; DELETE FROM revenge.library_file; DELETE FROM revenge.library_item;"
        "DELETE FROM revenge.library_root; INSERT INTO revenge.library_root TABLE roots;"
        f"INSERT INTO revenge.library_item ({given}) SELECT {given} FROM items; INSERT INTO revenge.library_file TABLE files"
    )


def make_tree(world: "World") -> None:
    world.put(*(f"Film {n:02} (2000)/Film {n:02} - {v}.mkv" for n in range(12) for v in (720, 1080)))
    world.put("broken (1999)/broken (1999).mkv", "Disc (2001)/BDMV/STREAM/0.m2ts")
    (world.root / "dangling.mkv").symlink_to("nowhere")


async def test_a_first_scan_killed_at_any_commit_ends_as_if_undisturbed(world: "World") -> None:
    make_tree(world)
    await world.make_library()
    await save(world)
    with killed_at(0, committed=False) as begun:
        await world.scan(job_id=JOB, chunk_size=5)
    undisturbed = await world.snapshot()
    assert begun[0] > 10
    for transaction in range(1, begun[0] + 1):
        for committed in (False, True):
            await restore(world)
            with killed_at(transaction, committed=committed), pytest.raises(Killed):
                await world.scan(job_id=JOB, chunk_size=5)
            await world.scan(job_id=JOB, chunk_size=5)
            assert await world.snapshot() == undisturbed, (transaction, committed)


async def test_a_scan_of_changes_killed_at_any_commit_ends_as_if_undisturbed(world: "World", tmp_path: Any) -> None:
    make_tree(world)
    world.put("keep/Cross (1990).mkv", "keep/Cross (1991).mkv")
    await world.make_library()
    await world.scan()
    (world.root / "Film 03 (2000)").rename(world.root / "A Film 03 (2000)")
    (world.root / "Film 04 (2000)").rename(world.root / "Z Film 04 (2000)")
    for name in ("Film 05 (2000)/Film 05 - 720.mkv", "Film 10 (2000)/Film 10 - 1080.mkv"):
        (world.root / name).unlink()
    world.put("New (2020)/New (2020).mkv", "Film 07 (2000)/Film 07 - 720.mkv", size=5)
    shutil.copytree(world.root / "keep", world.root / "kept")
    shutil.rmtree(world.root / "keep")
    await save(world)
    with killed_at(0, committed=False) as begun:
        done = await world.scan(job_id=JOB, chunk_size=2)
    assert (done.counts.added, done.counts.moved, done.counts.missing, done.counts.updated) == (1, 6, 2, 1)
    undisturbed = await world.snapshot()
    for transaction in range(1, begun[0] + 1):
        for committed in (False, True):
            await restore(world)
            with killed_at(transaction, committed=committed), pytest.raises(Killed):
                await world.scan(job_id=JOB, chunk_size=2)
            await world.scan(job_id=JOB, chunk_size=2)
            assert await world.snapshot() == undisturbed, (transaction, committed)


async def test_a_full_scan_killed_many_times_reads_each_file_once_more_at_most(world: "World") -> None:
    make_tree(world)
    await world.make_library()
    await world.scan()
    files = len(await world.files())
    world.prober.probed.clear()
    for _ in range(30):
        with killed_at(3, committed=True):
            try:
                await world.scan(job_id=JOB, force=True, chunk_size=5)
            except Killed:
                continue
            break
    scan = (await world.repository.scans(world.library_id)).scans[0]
    assert (scan.status, scan.counts.updated, scan.counts.probed) == (ScanStatus.COMPLETED, files, files)
    assert files <= len(world.prober.probed) <= 2 * files


async def test_links_followed_before_a_kill_are_not_followed_again(world: "World", tmp_path: Any) -> None:
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/Film (2000).mkv").touch()
    world.put(*(f"b/Film {n} (2001).mkv" for n in range(20)))
    (world.root / "a").symlink_to(outside)
    (world.root / "c").symlink_to(outside / "deep")
    await world.make_library()
    with killed_at(4, committed=True), pytest.raises(Killed):
        await world.scan(job_id=JOB, chunk_size=3, probing=False)
    assert (await world.scan(job_id=JOB, chunk_size=3, probing=False)).counts.added == 21


async def test_a_run_that_lost_its_claim_writes_nothing_more(world: "World") -> None:
    make_tree(world)
    await world.make_library()
    with killed_at(3, committed=True), pytest.raises(Killed):
        await world.scan(job_id=JOB, chunk_size=5)
    claims = world.service()._claims
    first = await claims.claim(ScanRequest(library_id=world.library_id, job_id=JOB))
    second = await claims.claim(ScanRequest(library_id=world.library_id, job_id=JOB))
    assert not isinstance(first, Scan)
    assert not isinstance(second, Scan)
    before = await world.snapshot()
    with pytest.raises(ScanLost):
        async with first.ledger.chunk() as conn:
            await conn.execute("DELETE FROM revenge.library_file")
    with pytest.raises(ScanLost):
        await first.ledger.beat()
    assert await world.snapshot() == before
    async with second.ledger.chunk():
        pass


async def test_another_job_waits_while_a_scan_is_worked(world: "World") -> None:
    await world.make_library()
    await world.service()._claims.claim(ScanRequest(library_id=world.library_id, job_id=JOB))
    with pytest.raises(ScanBusy) as busy:
        await world.scan(job_id=JOB + 1)
    assert busy.value.job_id == JOB


async def test_another_job_takes_over_what_nobody_works_any_more(world: "World") -> None:
    make_tree(world)
    await world.make_library()
    with killed_at(3, committed=True), pytest.raises(Killed):
        await world.scan(job_id=JOB, chunk_size=5)
    (begun,) = (await world.repository.scans(world.library_id)).scans
    await world.pool.execute("UPDATE revenge.library_scan SET heartbeat_at = now() - interval '1 minute'")
    done = await world.scan(job_id=JOB + 1)
    assert (done.id, done.job_id, done.counts.added) == (begun.id, JOB + 1, 26)


async def test_a_waiting_scan_is_left_to_its_own_job_while_that_lives(world: "World") -> None:
    await world.make_library()
    waiting = await world.libraries.trigger_scan(world.library_id)
    with pytest.raises(ScanBusy):
        await world.scan(job_id=JOB)
    world.jobs.fates[1] = JobFate.ENDED
    assert (await world.scan(job_id=JOB)).id == waiting.id


async def test_an_attempt_after_the_scan_was_completed_returns_it(world: "World") -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    first = await world.scan(job_id=JOB)
    world.events.told.clear()
    assert await world.scan(job_id=JOB) == first
    assert world.events.told == []


async def test_a_failed_scan_whose_job_is_retried_begins_again(world: "World", tmp_path: Any) -> None:
    world.put("Film (2000).mkv")
    await world.make_library()
    world.root.rename(tmp_path / "away")
    with pytest.raises(ScanFailed):
        await world.scan(job_id=JOB)
    (tmp_path / "away").rename(world.root)
    scan = await world.scan(job_id=JOB)
    assert (scan.status, scan.counts.added, scan.error_message) == (ScanStatus.COMPLETED, 1, None)
    assert len((await world.repository.scans(world.library_id)).scans) == 1


@pytest.mark.parametrize(
    ("fate", "status"), [(JobFate.CANCELLED, ScanStatus.CANCELLED), (JobFate.ALIVE, ScanStatus.RUNNING)]
)
async def test_a_run_that_is_stopped_ends_the_scan_only_when_its_job_was_cancelled(
    world: "World", fate: JobFate, status: ScanStatus
) -> None:
    make_tree(world)
    world.put("hang (2000).mkv")
    await world.make_library()
    world.jobs.fates[JOB] = fate
    task = asyncio.create_task(world.scan(job_id=JOB))
    await world.prober.blocked.wait()
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 2
    (scan,) = (await world.repository.scans(world.library_id)).scans
    assert scan.status is status
    assert await world.pool.fetchval("SELECT claim FROM revenge.library_scan") is None


async def test_a_walk_that_hangs_does_not_hold_up_a_cancel(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    world.put("a/Film (2000).mkv", "b/Film (2001).mkv")
    await world.make_library()
    loop, entered, hang, real = asyncio.get_running_loop(), asyncio.Event(), threading.Event(), os.scandir

    def scandir(path: Any) -> Any:
        if path == os.fsencode(world.root / "b"):
            loop.call_soon_threadsafe(entered.set)
            hang.wait(20)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    task = asyncio.create_task(world.scan())
    await entered.wait()
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 2
    hang.set()
    (scan,) = (await world.repository.scans(world.library_id)).scans
    assert scan.status is ScanStatus.CANCELLED


async def test_a_run_pauses_when_its_time_is_over_and_the_next_goes_on(world: "World") -> None:
    make_tree(world)
    await world.make_library()
    request = ScanRequest(library_id=world.library_id, job_id=JOB, run_for_s=0.0)
    service = world.service(chunk_size=5)
    pauses = 0
    while isinstance(outcome := await service.run(request), ScanPaused):
        pauses += 1
    assert pauses > 5
    assert (outcome.status, outcome.counts.added, outcome.counts.probed) == (ScanStatus.COMPLETED, 26, 26)


async def test_a_given_scan_id_is_used_even_when_it_has_no_row(world: "World") -> None:
    await world.make_library()
    wanted = world.library_id  # any UUID, as from a Go service's own table
    outcome = await world.service().run(
        ScanRequest(library_id=world.library_id, scan_id=wanted, job_id=JOB, force=True)
    )
    assert isinstance(outcome, Scan)
    assert (outcome.id, outcome.type) == (wanted, ScanType.FULL)


async def test_a_scan_of_another_library_is_refused(world: "World", tmp_path: Any) -> None:
    await world.make_library()
    scan = await world.scan()
    (tmp_path / "second").mkdir()
    await world.make_library(tmp_path / "second", name="Second")
    with pytest.raises(ScanNotFound):
        await world.service().run(ScanRequest(library_id=world.library_id, scan_id=scan.id))


async def test_a_deleted_library_ends_its_scan(world: "World") -> None:
    await world.make_library()
    claimed = await world.service()._claims.claim(ScanRequest(library_id=world.library_id, job_id=JOB))
    assert not isinstance(claimed, Scan)
    await world.libraries.delete(world.library_id)
    with pytest.raises(ScanLost):
        async with claimed.ledger.chunk():
            pass
    with pytest.raises(LibraryNotFound):
        await world.scan(job_id=JOB)


async def test_what_is_abandoned_is_settled_by_what_became_of_its_job(world: "World", tmp_path: Any) -> None:
    for name, fate in (("a", JobFate.CANCELLED), ("b", JobFate.ENDED), ("c", JobFate.ALIVE)):
        (tmp_path / name).mkdir()
        library = await world.libraries.create(
            LibraryFields(name=name, type=LibraryType.MOVIE, paths=[str(tmp_path / name)])
        )
        scan = await world.libraries.trigger_scan(library.id)
        assert scan.job_id is not None
        world.jobs.fates[scan.job_id] = fate
    assert await world.service().settle_abandoned() == 2
    rows = await world.pool.fetch("SELECT status FROM revenge.library_scan ORDER BY job_id")
    assert [row["status"] for row in rows] == ["cancelled", "failed", "pending"]


async def test_a_second_trigger_is_told_of_the_scan_in_the_way(world: "World") -> None:
    await world.make_library()
    first = await world.libraries.trigger_scan(world.library_id, ScanType.FULL)
    assert (first.status, first.job_id, world.jobs.enqueued[0].force) == (ScanStatus.PENDING, 1, True)
    with pytest.raises(ScanConflict) as conflict:
        await world.libraries.trigger_scan(world.library_id)
    assert (conflict.value.scan_id, conflict.value.job_id) == (first.id, 1)
    world.jobs.fates[1] = JobFate.CANCELLED
    assert (await world.libraries.trigger_scan(world.library_id)).id != first.id


async def test_a_trigger_whose_job_is_there_already_leaves_no_row(world: "World") -> None:
    await world.make_library()
    world.jobs.duplicate_of = 5
    with pytest.raises(ScanConflict) as conflict:
        await world.libraries.trigger_scan(world.library_id)
    assert conflict.value.job_id == 5
    assert (await world.repository.scans(world.library_id)).scans == []


async def test_statements_do_not_grow_with_files(world: "World", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # stretches of their real size
    world.put(*(f"Film {n} (2000)/Film {n}.mkv" for n in range(40)))
    await world.make_library()
    few = await _statements(world)
    world.put(*(f"More {n} (2000)/More {n}.mkv" for n in range(400)))
    assert await _statements(world) <= few + 6, "those that look for moved files"
    assert await _statements(world) < few + 6, "nothing to write"


async def _statements(world: "World") -> int:
    """Return how many statements a scan takes."""
    seen: list[str] = []

    async def watch(conn: Any) -> None:
        conn.add_query_logger(lambda query: seen.append(query.query))

    async with asyncpg.create_pool(world.database, min_size=1, max_size=1, init=watch) as pool:
        mine, world.pool = world.pool, pool
        try:
            await world.scan(probing=False, chunk_size=1000)
        finally:
            world.pool = mine
    return len(seen)
