"""What hangs on entities, as it is shown: read for many at once, in a fixed number of statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from revenge.content.library.ports import Connection, Pool
from revenge.content.metadata.models import Rating, Translation
from revenge.content.metadata.statements import statements

Reader = Connection | Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownImage:
    """A picture; one without a hash was not fetched yet."""

    id: UUID
    type: str
    provider: str
    language: str | None
    hash: str | None
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCredit:
    """What somebody did."""

    person_id: UUID
    name: str
    type: str
    character: str
    job: str
    department: str
    image: UUID | None = None
    """The person's picture."""


@dataclass(slots=True)
class Children:
    """What hangs on one entity."""

    ids: dict[str, str] = field(default_factory=dict)
    translations: list[Translation] = field(default_factory=list)
    genres: dict[str, str] = field(default_factory=dict)
    """Names by slug."""
    ratings: list[Rating] = field(default_factory=list)
    certifications: dict[str, str] = field(default_factory=dict)
    images: list[ShownImage] = field(default_factory=list)
    credits: list[ShownCredit] = field(default_factory=list)


async def read_children(conn: Reader, entity_ids: Collection[UUID]) -> dict[UUID, Children]:
    """Return all that hangs on each entity, in eight statements; one of which nothing is known has empty children."""
    found = await read_summaries(conn, entity_ids, images="children_images")
    sql, ids = statements(), list(entity_ids)
    for row in await conn.fetch(sql["external_id_list"], ids):
        found[row["entity_id"]].ids[row["provider"]] = row["value"]
    for row in await conn.fetch(sql["children_translations"], ids):
        found[row["entity_id"]].translations.append(
            Translation(language=row["language"], title=row["title"], overview=row["overview"], tagline=row["tagline"])
        )
    for row in await conn.fetch(sql["children_ratings"], ids):
        rating = Rating(source=row["source"], value=float(row["value"]), votes=row["votes"])
        found[row["entity_id"]].ratings.append(rating)
    for row in await conn.fetch(sql["children_certifications"], ids):
        found[row["entity_id"]].certifications[row["country"]] = row["value"]
    rows = await conn.fetch(sql["children_credits"], ids)
    faces = await _faces(conn, {row["person_id"] for row in rows})
    for row in rows:
        values = {name: row[name] for name in ("person_id", "name", "type", "character", "job", "department")}
        found[row["entity_id"]].credits.append(ShownCredit(**values, image=faces.get(row["person_id"])))
    return found


async def read_summaries(
    conn: Reader, entity_ids: Collection[UUID], *, images: str = "children_shown_images"
) -> dict[UUID, Children]:
    """Return what lists show: genres, and the picture of each type that is shown; in two statements."""
    sql, ids = statements(), list(entity_ids)
    found = {entity_id: Children() for entity_id in ids}
    for row in await conn.fetch(sql["children_genres"], ids):
        found[row["entity_id"]].genres[row["slug"]] = row["name"]
    for row in await conn.fetch(sql[images], ids):
        found[row["entity_id"]].images.append(_image(row))
    return found


async def _faces(conn: Reader, people: Collection[UUID]) -> Mapping[UUID, UUID]:
    if not people:
        return {}
    rows: Sequence[asyncpg.Record] = await conn.fetch(statements()["children_shown_images"], list(people))
    return {row["entity_id"]: row["id"] for row in rows if row["type"] == "profile"}


def _image(row: asyncpg.Record) -> ShownImage:
    values: dict[str, Any] = {name: row[name] for name in ("id", "type", "provider", "language", "hash", "fetched_at")}
    return ShownImage(**values)
