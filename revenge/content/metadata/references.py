"""Finds the people and the collections that others name, and makes those that are not there."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.ports import Connection
from revenge.content.metadata.models import EntityKind
from revenge.content.metadata.rows import Reference, columns
from revenge.content.metadata.statements import statements

Key = tuple[str, str]
"""A reference's: its first id, or an empty provider and a folded name."""


async def find_by_ids(
    conn: Connection, kind: EntityKind, wanted: Iterable[tuple[int, tuple[tuple[str, str], ...]]]
) -> dict[int, dict[str, UUID]]:
    """Return who has each provider's id, by the numbers of what is looked for."""
    rows = [(number, *pair) for number, ids in wanted for pair in ids]
    found: dict[int, dict[str, UUID]] = {}
    if rows:
        for row in await conn.fetch(statements()["entity_find"], kind.value, *columns(rows, 3)):
            found.setdefault(row["number"], {})[row["provider"]] = row["entity_id"]
    return found


class References:
    """Ids of what is named, in eight statements however many there are.

    Two transactions that make the same person or collection at once end up with one: the second waits for the first, and
    takes what it made. They write in one order, so that none waits for another in a circle.
    """

    def __init__(self, conn: Connection, kind: EntityKind) -> None:
        self._conn = conn
        self._kind = kind
        self._sql = statements()

    async def resolve(self, wanted: Iterable[Reference]) -> tuple[dict[Key, UUID], frozenset[UUID]]:
        """Return the id of each by its key, and which of them are new."""
        asked = sorted({each.key: each for each in wanted}.values(), key=lambda each: each.key)
        if not asked:
            return {}, frozenset()
        found = await self._find(asked)
        missing = [each for each in asked if each.key not in found]
        made: dict[UUID, Reference] = {uuid7(): each for each in missing}
        if made:
            await self._insert(made)
        known = [(found[each.key], each) for each in asked if each.key in found]
        await self._put_ids([*known, *made.items()])
        if made:
            found |= await self._find(missing)
            lost = [entity_id for entity_id, each in made.items() if found.get(each.key) != entity_id]
            if lost:
                await self._conn.execute(self._sql["entity_delete_many"], lost)
        return found, frozenset(made) & frozenset(found.values())

    async def _find(self, asked: Sequence[Reference]) -> dict[Key, UUID]:
        by_ids = await find_by_ids(self._conn, self._kind, ((at, each.ids) for at, each in enumerate(asked)))
        found: dict[Key, UUID] = {}
        for at, each in enumerate(asked):
            holders = by_ids.get(at, {})
            holder = next((holders[provider] for provider, _ in each.ids if provider in holders), None)
            if holder is not None:
                found[each.key] = holder
        local = {each.local_key: each.key for each in asked if each.local_key is not None}
        if local:
            rows = await self._conn.fetch(self._sql[f"{self._kind.value}_find_local"], list(local))
            found |= {local[row["local_key"]]: row["id"] for row in rows}
        return found

    async def _insert(self, made: Mapping[UUID, Reference]) -> None:
        await self._conn.execute(self._sql["entity_insert_many"], list(made), [self._kind.value] * len(made))
        rows = [(entity_id, each.name, each.local_key, each.overview) for entity_id, each in made.items()]
        await self._conn.execute(self._sql[f"{self._kind.value}_insert_many"], *columns(rows, 4))

    async def _put_ids(self, everyone: Iterable[tuple[UUID, Reference]]) -> None:
        rows = [(entity_id, self._kind.value, *pair) for entity_id, each in everyone for pair in each.ids]
        if rows:
            await self._conn.execute(self._sql["external_id_put"], *columns(rows, 4))
