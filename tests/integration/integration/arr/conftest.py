"""A Radarr and a Sonarr on real sockets, their syncs on a real database, and the rest of the server as a test says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.sonarr import DemoSonarr
from revenge.infra.http.caller import Caller
from revenge.infra.jobs.clock import SystemClock
from revenge.integration.arr.facts import FilmFacts, ShowFacts
from revenge.integration.arr.models import SyncDone
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.service import SyncRequest, SyncService
from revenge.integration.radarr.client import RadarrClient
from revenge.integration.radarr.program import RadarrProgram
from revenge.integration.sonarr.client import SonarrClient
from revenge.integration.sonarr.program import SonarrProgram
from tests.fakes.arr import KEY, caller_of, serving
from tests.fakes.arr_server import FakeEvents, FakeQueue, FakeShelf, FakeTitles
from tests.fakes.wire import WireServer

JOB = 11


@dataclass(kw_only=True)
class Ground:
    """What a test works with."""

    pool: Any
    server: WireServer
    caller: Caller
    titles: FakeTitles
    shelf: FakeShelf = field(default_factory=FakeShelf)
    queue: FakeQueue = field(default_factory=FakeQueue)
    events: FakeEvents = field(default_factory=FakeEvents)

    async def rows(self, table: str, order: str) -> list[asyncpg.Record]:
        """Return all rows of a table."""
        return list(await self.pool.fetch(f"SELECT * FROM revenge.{table} ORDER BY {order}"))

    async def library_file(self, path: bytes, *, state: str = "present") -> UUID:
        """Put a file there, in the one library that there is, and let the shelf know it."""
        found: UUID = await self.pool.fetchval(
            """
            WITH library AS (
                INSERT INTO revenge.library (id, name, type) VALUES (gen_random_uuid(), gen_random_uuid()::text, 'movie')
                RETURNING id
            ), root AS (
                INSERT INTO revenge.library_root (id, library_id, position, path, path_text)
                SELECT gen_random_uuid(), id, 0, '/our/films', '' FROM library RETURNING id, library_id
            )
            INSERT INTO revenge.library_file (
                id, library_id, root_id, path, path_text, size_bytes, mtime_ns, inode, state, missing_since
            )
            SELECT gen_random_uuid(), library_id, id, $1, '', 1, 1, 1, $2, CASE WHEN $2 = 'missing' THEN now() END
            FROM root RETURNING id
            """,
            path,
            state,
        )
        self.shelf.files[path] = found
        return found


@dataclass(kw_only=True)
class Radarr(Ground):
    """With a Radarr."""

    demo: DemoRadarr
    syncs: SyncService[FilmFacts]
    program: RadarrProgram

    async def sync(self, job_id: int = JOB, **changes: Any) -> SyncDone:
        """Sync all films."""
        done = await self.syncs.sync_all(SyncRequest(job_id=job_id, run_for=timedelta(minutes=5), **changes))
        assert isinstance(done, SyncDone)
        return done


@dataclass(kw_only=True)
class Sonarr(Ground):
    """With a Sonarr."""

    demo: DemoSonarr
    syncs: SyncService[ShowFacts]
    program: SonarrProgram

    async def sync(self, job_id: int = JOB, **changes: Any) -> SyncDone:
        """Sync all series."""
        done = await self.syncs.sync_all(SyncRequest(job_id=job_id, run_for=timedelta(minutes=5), **changes))
        assert isinstance(done, SyncDone)
        return done


@pytest.fixture
async def radarr(pool: Any) -> AsyncIterator[Radarr]:
    demo = DemoRadarr(api_key=KEY)
    async with serving(demo) as server, caller_of(server, "radarr") as caller:
        ground = Ground(pool=pool, server=server, caller=caller, titles=FakeTitles())
        program = RadarrProgram(RadarrClient(caller), paths=PathMapper({"/movies": "/our/films"}))
        yield Radarr(**vars(ground), demo=demo, program=program, syncs=_syncs(ground, program))


@pytest.fixture
async def sonarr(pool: Any) -> AsyncIterator[Sonarr]:
    demo = DemoSonarr(api_key=KEY)
    async with serving(demo) as server, caller_of(server, "sonarr") as caller:
        ground = Ground(pool=pool, server=server, caller=caller, titles=FakeTitles("series"))
        program = SonarrProgram(SonarrClient(caller), paths=PathMapper({"/tv": "/our/shows"}))
        yield Sonarr(**vars(ground), demo=demo, program=program, syncs=_syncs(ground, program))


def _syncs(ground: Ground, program: Any) -> SyncService[Any]:
    return SyncService(
        ground.pool,
        program=program,
        titles=ground.titles,
        shelf=ground.shelf,
        jobs=ground.queue,
        events=ground.events,
        clock=SystemClock(),
    )
