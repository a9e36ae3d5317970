"""Building collections anew beside what is searched: resumable, verified, and with what changes meanwhile."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from revenge.content.search.changes import BuildLog, ChangeLog
from revenge.content.search.errors import BuildIncomplete
from revenge.content.search.guard import Guard
from revenge.content.search.indexing import BATCH, Indexer
from revenge.content.search.models import Build, Group, Tally
from revenge.content.search.ports import Report
from revenge.content.search.source import DocumentSource
from revenge.infra.search.models import Collection, Document
from revenge.infra.search.ports import SearchIndex
from revenge.infra.search.schema import SCHEMAS

Drain = Callable[[], Awaitable[bool]]
"""Tells what has changed meanwhile; False when time ran out before."""

_COUNTS = 5
"""How often numbers are compared while others go on changing the tables."""


class Rebuilder:
    """Builds the collections of a group, one after the other."""

    def __init__(
        self,
        *,
        index: SearchIndex,
        engine: str,
        source: DocumentSource,
        changes: ChangeLog,
        builds: BuildLog,
        indexer: Indexer,
    ) -> None:
        self._index = index
        self._engine = engine
        self._source = source
        self._changes = changes
        self._builds = builds
        self._indexer = indexer

    async def is_needed(self, group: Group) -> bool:
        """Return whether there is nothing to be searched yet, or it was built for another engine or other documents."""
        builds = await self._builds.list(group.collections)
        for collection in group.collections:
            build = builds.get(collection)
            if build is None or not self._indexer.is_current(build):
                return True
            if build.goes_on and not (await self._index.state(collection)).exists:
                return True
        return False

    async def run(
        self,
        group: Group,
        *,
        job_id: int | None,
        tally: Tally,
        guard: Guard,
        report: Report,
        batch_size: int = BATCH,
    ) -> bool:
        """Build a group's collections anew and tell what changed meanwhile; return False when time ran out before.

        A build that was broken off goes on where it was; what this job has built already is not built again.

        Raises:
            BuildIncomplete: a build has not what the tables have; the next attempt begins a new one.
            WriterLost: the lease ran out.
        """
        absent = {one for one in group.collections if not (await self._index.state(one)).exists}

        async def drain() -> bool:
            return await self._indexer.drain(
                group, tally=tally, guard=guard, report=_silent, batch_size=batch_size, absent=absent
            )

        for collection in group.collections:
            build = await self._begin(collection, job_id)
            if build.goes_on:
                await self._index.begin(collection, build.id)
                absent.discard(collection)
                if not await self._fill(group, build, guard, report, batch_size, drain):
                    return False
                await self._verify(build, report, drain)
                await self._index.finish(collection, build.id)
                await self._builds.end(build)
            tally.built[collection] = await self._index.count(collection)
        return await self._indexer.drain(group, tally=tally, guard=guard, report=report, batch_size=batch_size)

    async def _begin(self, collection: Collection, job_id: int | None) -> Build:
        build = (await self._builds.list([collection])).get(collection)
        if build is not None and self._indexer.is_current(build):
            if build.goes_on and build.job_id != job_id:
                await self._builds.adopt(build, job_id)
            if build.goes_on or (job_id is not None and build.job_id == job_id):
                return build
        fingerprint = SCHEMAS[collection].fingerprint
        return await self._builds.begin(collection, engine=self._engine, fingerprint=fingerprint, job_id=job_id)

    async def _fill(
        self, group: Group, build: Build, guard: Guard, report: Report, batch_size: int, drain: Drain
    ) -> bool:
        collection, cursor, done = build.collection, build.cursor, build.indexed + build.refused
        total = await self._source.count(collection)
        while ids := await self._source.page(collection, after=cursor, limit=batch_size):
            if not guard.may_go_on():
                return False
            documents = await self._source.documents(collection, ids)
            refused = await self._index.fill(collection, documents, build=build.id)
            # They are tried once more as changes, and named by what becomes of that.
            await self._changes.add(group, _owners(documents, {refusal.id for refusal in refused}))
            cursor = ids[-1]
            await self._builds.advance(
                build, cursor=cursor, indexed=len(documents) - len(refused), refused=len(refused)
            )
            done += len(documents)
            report(phase=collection.value, current=done, total=max(total, done))
            # What changes meanwhile goes to both, so that a long build makes nobody wait.
            if not await drain():
                return False
        return True

    async def _verify(self, build: Build, report: Report, drain: Drain) -> None:
        """Compare numbers; whoever changes the tables meanwhile gets told in between."""
        expected = found = 0
        for _ in range(_COUNTS):
            await drain()
            refused = (await self._builds.list([build.collection]))[build.collection].refused
            expected = await self._source.count(build.collection)
            found = await self._index.count(build.collection, build=build.id)
            if expected - refused <= found <= expected:
                report(phase=build.collection.value, current=found, total=found)
                return
        await self._builds.begin(
            build.collection, engine=build.engine, fingerprint=build.fingerprint, job_id=build.job_id
        )
        raise BuildIncomplete(build.collection, expected=expected, found=found)


def _silent(*, phase: str, current: int, total: int | None = None, message: str = "") -> None:
    """Report nothing: the phase is the build's."""


def _owners(documents: Sequence[Document], refused: set[UUID]) -> set[UUID]:
    """Return whose change it is that indexes these documents again: a season's and an episode's is its series'."""
    return {
        UUID(document.get("series_id", document["id"])) for document in documents if UUID(document["id"]) in refused
    }
