"""Pictures as the tables hold them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from revenge.content.image.pictures import Picture
from revenge.content.library.ports import Connection, Pool
from revenge.content.library.statements import SCHEMA
from revenge.content.metadata.models import EntityKind, ImageType
from revenge.infra.jobs.sql import load


@cache
def statements() -> Mapping[str, str]:
    """Return every statement of ``sql/`` by its name."""
    return load("revenge.content.image.sql", schema=SCHEMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A picture of something, whether it was fetched or not."""

    id: UUID
    entity_id: UUID
    type: ImageType
    provider: str
    source: str
    hash: str | None
    error: str | None
    """Why it cannot be had; None where nobody tried, or it was."""
    content: Picture | None
    beside: bytes | None = None
    """Where it lies, of one beside videos; None: ``source`` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedImage:
    """A picture that is shown and was not fetched yet."""

    id: UUID
    entity_id: UUID
    kind: EntityKind
    type: ImageType
    source: str


class ImageRepository:
    """One method per question."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def get(self, image_id: UUID) -> Image | None:
        """Return a picture."""
        return _image(await self._pool.fetchrow(self._sql["image_get"], image_id))

    async def find(self, entity_id: UUID, type: ImageType, source: str) -> Image | None:
        """Return a picture by what it shows and where it is."""
        return _image(await self._pool.fetchrow(self._sql["image_find"], entity_id, type, source))

    async def shown(self, entity_id: UUID, type: ImageType) -> UUID | None:
        """Return the picture of this type that is shown of something, None where there is none."""
        found: UUID | None = await self._pool.fetchval(self._sql["image_shown"], entity_id, type)
        return found

    async def is_seen(self, entity_id: UUID, libraries: Collection[UUID]) -> bool:
        """Return whether one of ``libraries`` has what a picture shows, or a part of it."""
        found: bool = await self._pool.fetchval(self._sql["image_is_seen"], entity_id, list(libraries))
        return found

    async def add(self, entity_id: UUID, type: ImageType, provider: str, source: str) -> UUID | None:
        """Make a picture, the last of its type, and return its id; None where there is nothing that it could show."""
        found: UUID | None = await self._pool.fetchval(
            self._sql["image_add"], uuid7(), entity_id, type, provider, source
        )
        return found

    async def wanted(self, conn: Connection, entity_ids: Collection[UUID]) -> Sequence[WantedImage]:
        """Return what is shown of entities and was neither fetched nor refused for good."""
        return [
            WantedImage(
                id=row["id"],
                entity_id=row["entity_id"],
                kind=EntityKind(row["kind"]),
                type=ImageType(row["type"]),
                source=row["source"],
            )
            for row in await conn.fetch(self._sql["image_wanted"], list(entity_ids))
        ]

    async def fetched(self, image_id: UUID, hash: str, content: Picture, size_bytes: int) -> None:
        """Remember what a picture was found to be."""
        await self._pool.execute(
            self._sql["image_fetched"], image_id, hash, content.mime, content.width, content.height, size_bytes
        )

    async def refused(self, image_id: UUID, error: str) -> None:
        """Remember that a picture cannot be had."""
        await self._pool.execute(self._sql["image_refused"], image_id, error)

    async def known(self, hashes: Collection[str]) -> frozenset[str]:
        """Return those of ``hashes`` that pictures have."""
        return frozenset(row["hash"] for row in await self._pool.fetch(self._sql["blob_known"], list(hashes)))

    async def forget_unused(self, kept: timedelta, *, limit: int) -> Sequence[str]:
        """Remove contents that nothing has shown for so long, and return their hashes."""
        return [row["hash"] for row in await self._pool.fetch(self._sql["blob_forget_unused"], kept, limit)]


def _image(row: asyncpg.Record | None) -> Image | None:
    if row is None:
        return None
    return Image(
        id=row["id"],
        entity_id=row["entity_id"],
        type=ImageType(row["type"]),
        provider=row["provider"],
        source=row["source"],
        hash=row["hash"],
        error=row["error"],
        beside=row["beside"],
        content=None if row["mime"] is None else Picture(mime=row["mime"], width=row["width"], height=row["height"]),
    )
