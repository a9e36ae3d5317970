"""Telling search what has changed: in batches, each thing once, until nothing waits any more."""

from collections.abc import Collection as Ids
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from revenge.content.search.changes import BuildLog, ChangeLog
from revenge.content.search.documents import people_to_tell
from revenge.content.search.guard import Guard
from revenge.content.search.models import Build, Change, Group, Tally
from revenge.content.search.ports import Report
from revenge.content.search.source import DocumentSource
from revenge.infra.search.models import Collection, Document, Refusal
from revenge.infra.search.ports import SearchIndex
from revenge.infra.search.schema import SCHEMAS

BATCH = 500
"""Documents at once: a second's work for either engine."""
_SERIES_AT_ONCE = 20


class Indexer:
    """Writes single documents, to what is searched and to a build that goes on."""

    def __init__(
        self, *, index: SearchIndex, engine: str, source: DocumentSource, changes: ChangeLog, builds: BuildLog
    ) -> None:
        self._index = index
        self._engine = engine
        self._source = source
        self._changes = changes
        self._builds = builds

    async def drain(
        self,
        group: Group,
        *,
        tally: Tally,
        guard: Guard,
        report: Report,
        batch_size: int = BATCH,
        absent: Ids[Collection] = (),
    ) -> bool:
        """Tell all changes of a group; return False when time ran out before.

        ``absent`` collections are neither there nor being built: they are left out, and read the tables when they are.
        What is refused stays, is counted in ``tally``, and is not tried again with the same one.
        """
        told = 0
        size = min(batch_size, _SERIES_AT_ONCE) if group is Group.TVSHOWS else batch_size
        targets = _Targets(await self._building(group), absent)
        while changes := await self._changes.take(group, limit=size, without=tally.kept):
            if not guard.may_go_on():
                return False
            entities = sorted({change.entity_id for change in changes})
            refused = await self._tell(group, entities, targets, tally, batch_size)
            await self._settle(changes, refused, tally)
            told += len(changes)
            report(phase="changes", current=told, message=f"{group}: {told} changes told")
        return True

    async def remove(self, collection: Collection, entity: UUID, *, tally: Tally) -> None:
        """Take a document out of what is searched, whatever the tables say."""
        build = (await self._building(Group(collection))).get(collection)
        await self._index.apply(collection, remove=[entity], build=build)
        tally.removed += 1

    def is_current(self, build: Build) -> bool:
        """Return whether a build is of this engine and of documents as they are made now."""
        return (build.engine, build.fingerprint) == (self._engine, SCHEMAS[build.collection].fingerprint)

    async def _building(self, group: Group) -> Mapping[Collection, UUID]:
        builds = await self._builds.list(group.collections)
        return {name: build.id for name, build in builds.items() if build.goes_on and self.is_current(build)}

    async def _tell(
        self,
        group: Group,
        entities: Sequence[UUID],
        targets: "_Targets",
        tally: Tally,
        batch_size: int,
    ) -> Mapping[UUID, str]:
        """Index entities anew; return why some could not be, by the entity."""
        main = Collection(group.value)
        if group is Group.PEOPLE:
            return await self._put(main, entities, targets, tally)
        before = {document["id"]: document for document in await self._index.stored(main, entities)}
        after: dict[str, Document] = {}
        refused = await self._put(main, entities, targets, tally, made=after)
        if group is Group.TVSHOWS:
            refused = {**await self._parts(entities, targets, tally, batch_size), **refused}
        people = set[UUID]().union(
            *(people_to_tell(before.get(str(entity)), after.get(str(entity))) for entity in entities)
        )
        await self._changes.add(Group.PEOPLE, people)
        return refused

    async def _parts(
        self, series: Sequence[UUID], targets: "_Targets", tally: Tally, batch_size: int
    ) -> Mapping[UUID, str]:
        refused: dict[UUID, str] = {}
        for collection in (Collection.SEASONS, Collection.EPISODES):
            if collection in targets.absent:
                continue
            parts = await self._source.parts(collection, series)
            # Of a season or an episode that is gone only the index still knows whose it was.
            gone = await self._index.members(collection, series) - parts.keys()
            for batch in _batches([*gone, *parts], batch_size):
                answer = await self._put(collection, batch, targets, tally)
                refused |= {parts[part]: reason for part, reason in answer.items()}
        return refused

    async def _put(
        self,
        collection: Collection,
        ids: Sequence[UUID],
        targets: "_Targets",
        tally: Tally,
        *,
        made: dict[str, Document] | None = None,
    ) -> Mapping[UUID, str]:
        documents = await self._source.documents(collection, ids)
        known = {document["id"] for document in documents}
        gone = [one for one in ids if str(one) not in known]
        answer = await self._index.apply(collection, put=documents, remove=gone, build=targets.building.get(collection))
        if made is not None:
            made |= {document["id"]: document for document in documents}
        tally.indexed += len(documents) - len(answer)
        tally.removed += len(gone)
        return {refusal.id: refusal.reason for refusal in answer}

    async def _settle(self, changes: Iterable[Change], refused: Mapping[UUID, str], tally: Tally) -> None:
        """Forget what was told, and count what was refused."""
        kept = {change.id: refused[change.entity_id] for change in changes if change.entity_id in refused}
        await self._changes.told([change.id for change in changes if change.id not in kept])
        await self._changes.refused(kept)
        tally.refused += [Refusal(entity, reason) for entity, reason in refused.items()]
        tally.kept |= kept.keys()


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where documents go beside what is searched, and which collections are not there at all."""

    building: Mapping[Collection, UUID]
    absent: Ids[Collection]


def _batches(ids: Ids[UUID], size: int) -> Iterator[Sequence[UUID]]:
    every = list(ids)
    for start in range(0, len(every), size):
        yield every[start : start + size]
