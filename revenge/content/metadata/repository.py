"""Entities as the tables hold them: their ids with providers, and all that providers say of them.

A film, series, season, episode, person or collection has a row in ``entity`` and one in a table of its own with the same id.
Whoever makes one calls `EntityRepository.create`, inserts its own row, and calls `EntityRepository.describe`::

    async with pool.acquire() as conn, conn.transaction():
        found = await entities.find_many(conn, EntityKind.SERIES, [details.ids])
        ...                                              # found: link to it; else create, and insert into series
        written = await entities.describe(conn, [Description(entity_id=id, kind=EntityKind.SERIES, details=details), ...])

Everything is written with the caller's connection, in its transaction: all of it is true, or nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.grouping import fold
from revenge.content.library.ports import Connection
from revenge.content.metadata import rows
from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.models import Credit, EntityKind, IdProvider, Ids, ImageRef
from revenge.content.metadata.references import Key, References, find_by_ids
from revenge.content.metadata.rows import Description, Reference, columns, replaced
from revenge.content.metadata.statements import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two that are one: an id that ``entity_id`` should have is another's."""

    entity_id: UUID
    holder_id: UUID
    provider: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What `EntityRepository.describe` found out beside writing."""

    clashes: Sequence[Clash] = ()
    """The ids in question were left with whoever had them; `EntityRepository.merge` makes one of two."""
    collections: Mapping[UUID, UUID] = field(default_factory=dict)
    """The collection that each film belongs to; those of which nothing was said are left out."""
    people: frozenset[UUID] = frozenset()
    """Whose credits changed, new ones included."""


class EntityRepository:
    """Writes entities; it keeps nothing, and needs nothing but the caller's connection."""

    def __init__(self) -> None:
        self._sql = statements()

    async def create(self, conn: Connection, kind: EntityKind, ids: Collection[UUID]) -> None:
        """Make entities; the caller inserts the rows of their own tables."""
        await conn.execute(self._sql["entity_insert_many"], list(ids), [kind.value] * len(ids))

    async def delete(self, conn: Connection, ids: Collection[UUID]) -> frozenset[UUID]:
        """Delete entities with all that hangs on them, and return those that were there. Nothing blocks making them anew."""
        return frozenset(row["id"] for row in await conn.fetch(self._sql["entity_delete_many"], list(ids)))

    async def lock(self, conn: Connection, ids: Collection[UUID]) -> frozenset[UUID]:
        """Let nobody else describe, merge or delete them until the transaction ends; return those that are there."""
        return frozenset(row["id"] for row in await conn.fetch(self._sql["entity_lock"], sorted(ids)))

    async def find_many(self, conn: Connection, kind: EntityKind, wanted: Sequence[Ids]) -> list[tuple[UUID, ...]]:
        """Return, for each of ``wanted`` in its order, who has one of its ids, whoever has the weightiest id first.

        More than one: they are the same thing, and want to be merged.
        """
        asked = [(at, rows.ids_of(ids)) for at, ids in enumerate(wanted)]
        found = await find_by_ids(conn, kind, asked)
        return [
            tuple(dict.fromkeys(found[at][provider] for provider, _ in ids if provider in found.get(at, {})))
            for at, ids in asked
        ]

    async def ids_of(self, conn: Connection, entity_ids: Collection[UUID]) -> dict[UUID, dict[IdProvider, str]]:
        """Return entities' ids with providers; one without any has an empty dictionary."""
        found: dict[UUID, dict[IdProvider, str]] = {entity_id: {} for entity_id in entity_ids}
        for row in await conn.fetch(self._sql["external_id_list"], list(entity_ids)):
            found[row["entity_id"]][IdProvider(row["provider"])] = row["value"]
        return found

    async def describe(self, conn: Connection, descriptions: Sequence[Description]) -> Written:
        """Write ids, translations, genres, ratings, certifications, pictures, credits and people of all of them.

        What is the same stays as it is, ids of rows and pictures that were fetched included; what is given and differs is
        changed; what is no longer given goes. A list that is empty says nothing, and what is known stays: an answer that
        lacks credits never takes them away. So does all of a ``partial`` description. Fields of the entity's own table are
        the caller's to write.

        The number of statements does not depend on how many there are, of whatever. Describe everything of a transaction in
        one call: rows that others write, too, are written in one order within it, so that nobody waits in a circle.

        Raises:
            EntityGone: one of them does not exist.
        """
        missing = {each.entity_id for each in descriptions} - await self.lock(
            conn, {each.entity_id for each in descriptions}
        )
        if missing:
            raise EntityGone(missing)
        clashes = await self._put_ids(conn, descriptions)
        await self._put_lists(conn, descriptions)
        collections = await self._put_collections(conn, descriptions)
        people = await self._put_credits(conn, descriptions)
        return Written(clashes=clashes, collections=collections, people=people)

    async def _put_ids(self, conn: Connection, descriptions: Sequence[Description]) -> list[Clash]:
        given = rows.external_ids(descriptions)
        if not given:
            return []
        entities, kinds, providers, values = columns(given, 4)
        await conn.execute(self._sql["external_id_drop_changed"], entities, providers, values)
        await conn.execute(self._sql["external_id_put"], entities, kinds, providers, values)
        found = await conn.fetch(self._sql["external_id_clashes"], entities, kinds, providers, values)
        return [Clash(**dict(row)) for row in found]

    async def _put_lists(self, conn: Connection, descriptions: Sequence[Description]) -> None:
        genre_names, genre_rows = rows.genres(descriptions)
        if genre_names:
            await conn.execute(self._sql["genre_put"], list(genre_names), list(genre_names.values()))
        for statement, given, width, entity_at in (
            ("translation_put", rows.translations(descriptions), 5, 0),
            ("entity_genre_put", genre_rows, 3, 0),
            ("rating_put", rows.ratings(descriptions), 4, 0),
            ("certification_put", rows.certifications(descriptions), 3, 0),
            ("image_put", rows.images(descriptions), 7, 1),
        ):
            if given:
                whole = replaced(descriptions, given, entity_at)
                await conn.execute(self._sql[statement], whole, *columns(given, width))

    async def _put_collections(self, conn: Connection, descriptions: Sequence[Description]) -> dict[UUID, UUID]:
        named = {each.entity_id: rows.collection_of(each.details) for each in descriptions}
        keys = {
            entity_id: (reference, said)
            for entity_id, said in named.items()
            if said is not None and (reference := rows.reference(said)) is not None
        }
        if not keys:
            return {}
        found, _ = await References(conn, EntityKind.COLLECTION).resolve(reference for reference, _ in keys.values())
        await self._put_single_images(conn, ((found[each.key], said.images) for each, said in keys.values()))
        return {entity_id: found[each.key] for entity_id, (each, _) in keys.items()}

    async def _put_credits(self, conn: Connection, descriptions: Sequence[Description]) -> frozenset[UUID]:
        named = [
            (each.entity_id, reference, credit, position)
            for each in descriptions
            for position, credit in enumerate(rows.credits_of(each.details))
            if (reference := rows.reference(credit.person)) is not None
        ]
        if not named:
            return frozenset()
        known = await self._known_by_name(conn, named)
        strangers = [each for entity_id, each, _, _ in named if (entity_id, each.key) not in known]
        found, _ = await References(conn, EntityKind.PERSON).resolve(strangers)
        given: dict[tuple[object, ...], tuple[object, ...]] = {}
        pictures: dict[UUID, list[ImageRef]] = {}
        for entity_id, each, credit, position in named:
            person_id = known.get((entity_id, each.key)) or found[each.key]
            type_, character, job, department = rows.credit_fields(credit)
            key = (entity_id, person_id, type_, character, job)
            given.setdefault(key, (uuid7(), *key, department, position))
            if credit.person.image is not None:
                pictures.setdefault(person_id, [credit.person.image])
        await self._put_single_images(conn, pictures.items())
        whole = replaced(descriptions, given.values(), 1)
        changed = await conn.fetch(self._sql["credit_put"], whole, *columns(given.values(), 8))
        return frozenset(row["person_id"] for row in changed)

    async def _known_by_name(
        self, conn: Connection, named: Iterable[tuple[UUID, Reference, Credit, int]]
    ) -> dict[tuple[UUID, Key], UUID]:
        """Return whom names without ids mean where the entity has a credit of somebody of that name already."""
        nameless = {entity_id for entity_id, each, _, _ in named if not each.ids}
        if not nameless:
            return {}
        found = await conn.fetch(self._sql["credit_names"], list(nameless))
        return {(row["entity_id"], ("", fold(row["name"]))): row["id"] for row in found}

    async def _put_single_images(self, conn: Connection, given: Iterable[tuple[UUID, Sequence[ImageRef]]]) -> None:
        pictures = rows.single_images(given)
        if pictures:
            await conn.execute(self._sql["image_put_missing"], *columns(pictures, 6))
