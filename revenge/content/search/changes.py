"""What search must be told, and the builds that go on: rows, one method for each statement."""

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.search.models import Build, Change, Group
from revenge.content.search.statements import statements
from revenge.infra.database.connection import Connection, Pool
from revenge.infra.search.models import Collection, Refusal

MOST_REFUSALS = 5
"""After so many a document is left alone until it changes again, or everything is built anew."""


class ChangeLog:
    """Changes that wait to be told."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def waiting_job(self, conn: Connection, group: Group) -> int | None:
        """Return the job that was last made for such changes; the caller's transaction has a change from now on.

        A job that ends finds out about transactions that have a change and are not committed, and comes back for them:
        so whoever finds it waiting need not make another.
        """
        await conn.execute(self._sql["change_open"], group.number)
        found: int | None = await conn.fetchval(self._sql["change_job"], group)
        return found

    async def put(self, conn: Connection, group: Group, entities: Ids[UUID], *, job_id: int | None) -> None:
        """Remember changes, as the caller's transaction commits, and the job that will tell them."""
        ids = [uuid7() for _ in entities]
        await conn.execute(self._sql["change_put"], group, ids, list(entities), job_id)

    async def add(self, group: Group, entities: Ids[UUID]) -> None:
        """Remember changes, where they do not wait already."""
        if entities:
            ids = [uuid7() for _ in entities]
            await self._pool.execute(self._sql["change_put_missing"], group, ids, list(entities))

    async def take(self, group: Group, *, limit: int, without: Ids[UUID] = ()) -> Sequence[Change]:
        """Return the oldest changes but some; they stay until they are told."""
        rows = await self._pool.fetch(self._sql["change_take"], group, list(without), MOST_REFUSALS, limit)
        return [Change(row["id"], row["entity_id"]) for row in rows]

    async def told(self, changes: Ids[UUID]) -> None:
        """Forget changes."""
        await self._pool.execute(self._sql["change_told"], list(changes))

    async def refused(self, reasons: Mapping[UUID, str]) -> None:
        """Count refusals, with the reasons by change."""
        if reasons:
            await self._pool.execute(self._sql["change_refused"], list(reasons), list(reasons.values()))

    async def refusals(self, group: Group) -> Sequence[Refusal]:
        """Return what was refused and has not been told since, with the last reason."""
        rows = await self._pool.fetch(self._sql["change_refusals"], group)
        return [Refusal(row["entity_id"], row["error"]) for row in rows]

    async def count(self, group: Group) -> int:
        """Return how many changes wait to be told that nobody has refused."""
        found: int = await self._pool.fetchval(self._sql["change_count"], group)
        return found

    async def is_open(self, group: Group) -> bool:
        """Return whether a transaction that has a change is not committed yet."""
        found: bool = await self._pool.fetchval(self._sql["change_is_open"], group.number)
        return found


class BuildLog:
    """Builds, one row for each collection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def list(self, collections: Ids[Collection]) -> Mapping[Collection, Build]:
        """Return the newest build of each collection that has one."""
        rows = await self._pool.fetch(self._sql["build_list"], list(collections))
        builds = [
            Build(
                collection=Collection(row["collection"]),
                id=row["id"],
                engine=row["engine"],
                fingerprint=row["fingerprint"],
                job_id=row["job_id"],
                cursor=row["cursor"],
                indexed=row["indexed"],
                refused=row["refused"],
                ended_at=row["ended_at"],
            )
            for row in rows
        ]
        return {build.collection: build for build in builds}

    async def begin(self, collection: Collection, *, engine: str, fingerprint: str, job_id: int | None) -> Build:
        """Begin a build, in the place of the one before."""
        build = Build(
            collection=collection,
            id=uuid7(),
            engine=engine,
            fingerprint=fingerprint,
            job_id=job_id,
            cursor=None,
            indexed=0,
            refused=0,
            ended_at=None,
        )
        await self._pool.execute(self._sql["build_begin"], collection, build.id, engine, fingerprint, job_id)
        return build

    async def adopt(self, build: Build, job_id: int | None) -> None:
        """Let another job go on with a build."""
        await self._pool.execute(self._sql["build_adopt"], build.id, job_id)

    async def advance(self, build: Build, *, cursor: UUID, indexed: int, refused: int) -> None:
        """Remember how far a build is."""
        await self._pool.execute(self._sql["build_advance"], build.id, cursor, indexed, refused)

    async def forget(self, collections: Ids[Collection]) -> None:
        """Forget builds: they are gone, and have to be made anew."""
        await self._pool.execute(self._sql["build_forget"], list(collections))

    async def end(self, build: Build) -> None:
        """Remember that a build has taken over."""
        await self._pool.execute(self._sql["build_end"], build.id)
