"""Keeping search up to date, as jobs do it: changes, single documents, rebuilds, and whether all of it is true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from revenge.content.search.changes import BuildLog, ChangeLog
from revenge.content.search.errors import DocumentsRefused
from revenge.content.search.guard import Guard
from revenge.content.search.indexing import BATCH, Indexer
from revenge.content.search.models import Difference, Ending, Group, Outcome, Tally
from revenge.content.search.ports import Holds, Monotonic, Report
from revenge.content.search.rebuild import Rebuilder
from revenge.content.search.source import DocumentSource
from revenge.infra.database.connection import Pool
from revenge.infra.search.errors import NoIndex
from revenge.infra.search.models import Collection
from revenge.infra.search.ports import SearchIndex

LEASE = timedelta(seconds=30)
"""How long a dead writer keeps others away; a living one renews it."""
SAMPLE = 25
"""Documents of each collection that are compared word for word."""
MOST_BATCH = 1000
"""More at once would be one request of many megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a job wants done."""

    groups: Sequence[Group]
    rebuild: bool = False
    change: UUID | None = None
    """Of the first group: index this, too."""
    remove: UUID | None = None
    """Of the first group: take this out, and nothing else."""
    job_id: int | None = None
    batch_size: int = BATCH
    run_for: timedelta = timedelta(minutes=8)


class IndexService:
    """Writes to the search engine; one at a time for each group, in the whole cluster."""

    def __init__(self, pool: Pool, *, index: SearchIndex, engine: str, monotonic: Monotonic) -> None:
        """``engine`` is the index's name, by which a change of engine is noticed."""
        self._index = index
        self._source = DocumentSource(pool)
        self._changes = ChangeLog(pool)
        self._builds = BuildLog(pool)
        self._monotonic = monotonic
        self._indexer = Indexer(
            index=index, engine=engine, source=self._source, changes=self._changes, builds=self._builds
        )
        self._rebuilder = Rebuilder(
            index=index,
            engine=engine,
            source=self._source,
            changes=self._changes,
            builds=self._builds,
            indexer=self._indexer,
        )

    async def run(self, task: Task, *, holds: Holds, report: Report) -> Outcome:
        """Do what a job wants, as far as its time goes.

        Raises:
            DocumentsRefused: all was done but for these.
            BuildIncomplete, WriterLost: the attempt failed, and may be repeated.
            SearchUnavailable, SearchRefused: the engine does not answer, or will not do it.
        """
        tally, ending = Tally(), Ending.DONE
        until_s = self._monotonic() + task.run_for.total_seconds()
        if task.change is not None:
            await self._changes.add(task.groups[0], [task.change])
        for group in task.groups if task.remove is None else task.groups[:1]:
            async with holds(f"search.{group}", ttl=LEASE) as hold:
                if not hold:
                    ending = Ending.BUSY
                    continue
                guard = Guard(hold=hold, monotonic=self._monotonic, until_s=until_s)
                reached = await self._work(group, task, tally, guard, report)
            if reached is Ending.PAUSED:
                return Outcome(ending=reached, tally=tally)
            ending = reached if ending is Ending.DONE else ending
        if task.rebuild:
            tally.refused = [refusal for group in task.groups for refusal in await self._changes.refusals(group)]
        if tally.refused:
            raise DocumentsRefused(tally)
        return Outcome(ending=ending, tally=tally)

    async def differences(self) -> Sequence[Difference]:
        """Compare the index with the tables, by numbers and by a sample; return what was found of each collection.

        A group whose changes are still to be told is not judged: it will be right when they are.

        Raises:
            SearchUnavailable, SearchRefused: the engine does not answer, or will not do it.
        """
        found: list[Difference] = []
        for group in Group:
            if await self._rebuilder.is_needed(group):
                reason = "it has not been built yet, or for another engine or other documents"
                found += [Difference(collection=collection, reason=reason) for collection in group.collections]
            elif await self._changes.count(group) or await self._changes.is_open(group):
                found += [Difference(collection=collection, waits=True) for collection in group.collections]
            else:
                found += [await self._difference(collection) for collection in group.collections]
        return found

    async def _work(self, group: Group, task: Task, tally: Tally, guard: Guard, report: Report) -> Ending:
        if task.remove is not None:
            await self._indexer.remove(Collection(group.value), task.remove, tally=tally)
            return Ending.DONE
        size = min(max(task.batch_size, 1), MOST_BATCH)
        if not await self._write(group, task, tally, guard, report, size):
            return Ending.PAUSED
        # Whoever made a change while this job was waiting made no other one: if it is not committed yet, come back for it.
        # In this order: a change that is committed between the two is seen by the second.
        is_open = await self._changes.is_open(group)
        return Ending.BUSY if is_open or await self._changes.count(group) else Ending.DONE

    async def _write(self, group: Group, task: Task, tally: Tally, guard: Guard, report: Report, size: int) -> bool:
        """Return False when time ran out before the end."""
        if not task.rebuild and not await self._rebuilder.is_needed(group):
            try:
                return await self._indexer.drain(group, tally=tally, guard=guard, report=report, batch_size=size)
            except NoIndex:
                # Somebody has deleted it, data and all: only building it helps.
                await self._builds.forget(group.collections)
        return await self._rebuilder.run(
            group, job_id=task.job_id, tally=tally, guard=guard, report=report, batch_size=size
        )

    async def _difference(self, collection: Collection) -> Difference:
        expected = await self._source.count(collection)
        state = await self._index.state(collection)
        details = {"expected": expected, "indexed": state.documents}
        if not state.exists or state.documents != expected:
            return Difference(collection=collection, reason="numbers differ", details=details)
        ids = await self._source.sample(collection, SAMPLE)
        right = {document["id"]: document for document in await self._source.documents(collection, ids)}
        stored = {document["id"]: document for document in await self._index.stored(collection, ids)}
        wrong = sorted(one for one, document in right.items() if stored.get(one) != document)
        reason = f"{len(wrong)} of {len(right)} documents differ" if wrong else None
        return Difference(collection=collection, reason=reason, details={**details, "differing": wrong[:10]})
