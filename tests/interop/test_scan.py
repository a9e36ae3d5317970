"""A Go service asks for a scan, and the real worker here does it on real files."""

from datetime import timedelta
from pathlib import Path

import asyncpg

from revenge.app.enqueue import ScanQueue
from revenge.content.library.models import LibraryFields, LibraryType, ScanStatus
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.scans import ScanService
from revenge.content.library.service import LibraryService
from revenge.content.movie.jobs import MovieLibraryScanWorker
from revenge.infra.jobs import Client, ClientConfig, JobState, Workers
from tests.interop.conftest import StartPeer

LIMIT = timedelta(seconds=30)


async def test_gos_scan_finds_the_films_here(
    database: str, pool: "asyncpg.Pool[asyncpg.Record]", start_go: StartPeer, tmp_path: Path
) -> None:
    (tmp_path / "The General (1926)").mkdir()
    (tmp_path / "The General (1926)" / "The General (1926).mkv").write_bytes(b"film")
    queue = ScanQueue(Client(pool, schema="public"))
    libraries = LibraryService(pool, jobs=queue)
    library = await libraries.create(LibraryFields(name="Films", type=LibraryType.MOVIE, paths=[bytes(tmp_path)]))
    client = Client(
        pool,
        config=ClientConfig(queues={"bulk": 1}, known_kinds_only=True),
        workers=Workers([MovieLibraryScanWorker(ScanService(pool, jobs=queue))]),
        schema="public",
        listen=lambda: asyncpg.connect(database),
    )
    await client.start()
    go = await start_go(dsn=database)

    args = {"scan_id": "", "library_id": str(library.id), "paths": [str(tmp_path)], "force": False}
    inserted = await go.call("insert", kind="movie_library_scan", type="movie_library_scan", args=args)
    job = await client.wait(inserted["job"]["id"], timeout=LIMIT)
    await client.stop()

    assert (job.state, job.output["added"], job.output["status"]) == (JobState.COMPLETED, 1, "completed")
    repository = LibraryRepository(pool)
    (file,) = (await repository.files(library.id, limit=10)).files
    assert (file.title, file.year) == ("The General", 1926)
    (scan,) = (await repository.scans(library.id, limit=10)).scans
    assert (scan.status, scan.job_id) == (ScanStatus.COMPLETED, job.id)
