"""Rows of films, series and people for tests, with as little said as a test is about."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    import asyncpg


class MediaRows:
    """Writes rows by plain statements: whoever fills these tables otherwise is not under test."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self._roots: dict[UUID, UUID] = {}

    async def library(self, name: str, *, type_: str = "movie") -> UUID:
        library = uuid7()
        await self._insert("library", id=library, name=name, type=type_)
        root = uuid7()
        path = f"/{name}".encode()
        await self._insert("library_root", id=root, library_id=library, position=1, path=path, path_text=f"/{name}")
        self._roots[library] = root
        return library

    async def movie(self, title: str = "Heat", *, library: UUID | None = None, **columns: Any) -> UUID:
        movie = await self._entity("movie")
        await self._insert("movie", id=movie, title=title, **columns)
        if library is not None:
            await self.file(library, title, movie_id=movie)
        return movie

    async def series(self, title: str = "The Wire", **columns: Any) -> UUID:
        series = await self._entity("series")
        await self._insert("series", id=series, title=title, **columns)
        return series

    async def season(self, series: UUID, number: int = 1, **columns: Any) -> UUID:
        season = await self._entity("season")
        await self._insert("season", id=season, series_id=series, number=number, **columns)
        return season

    async def episode(
        self,
        series: UUID,
        season: UUID,
        number: int = 1,
        *,
        season_number: int = 1,
        library: UUID | None = None,
        **columns: Any,
    ) -> UUID:
        episode = await self._entity("episode")
        await self._insert(
            "episode",
            id=episode,
            series_id=series,
            season_id=season,
            season_number=season_number,
            number=number,
            **columns,
        )
        if library is not None:
            item = await self.file(library, f"S{season_number}E{number}", series_id=series)
            await self._insert("item_episode", item_id=item, episode_id=episode)
        return episode

    async def person(self, name: str = "Al Pacino", **columns: Any) -> UUID:
        person = await self._entity("person")
        await self._insert("person", id=person, name=name, **columns)
        return person

    async def credit(self, entity: UUID, person: UUID, *, type_: str = "cast", **columns: Any) -> None:
        columns = {"position": 0, **columns}
        await self._insert("credit", id=uuid7(), entity_id=entity, person_id=person, type=type_, **columns)

    async def genre(self, entity: UUID, slug: str, name: str, position: int = 0) -> None:
        await self.pool.execute("INSERT INTO revenge.genre VALUES ($1, $2) ON CONFLICT DO NOTHING", slug, name)
        await self._insert("entity_genre", entity_id=entity, genre=slug, position=position)

    async def file(self, library: UUID, name: str, *, state: str = "present", **item: Any) -> UUID:
        """Write an item with one file; return the item."""
        item_id, path = uuid7(), f"/{name}-{uuid7()}.mkv"
        kind = "movie" if "movie_id" in item else "episode"
        await self._insert("library_item", id=item_id, library_id=library, kind=kind, key=path, title=name, **item)
        gone = {"missing_since": await self.pool.fetchval("SELECT now()")} if state == "missing" else {}
        await self._insert(
            "library_file",
            id=uuid7(),
            library_id=library,
            root_id=self._roots[library],
            item_id=item_id,
            path=path.encode(),
            path_text=path,
            size_bytes=1,
            mtime_ns=1,
            inode=1,
            resolution="1080p",
            source="bluray",
            height=1080,
            state=state,
            **gone,
        )
        return item_id

    async def delete(self, entities: Sequence[UUID]) -> None:
        await self.pool.execute("DELETE FROM revenge.entity WHERE id = ANY ($1::uuid[])", list(entities))

    async def update(self, table: str, id: UUID, **columns: Any) -> None:
        changes = ", ".join(f"{name} = ${place}" for place, name in enumerate(columns, 2))
        await self.pool.execute(f"UPDATE revenge.{table} SET {changes} WHERE id = $1", id, *columns.values())

    async def put(self, table: str, **columns: Any) -> None:
        await self._insert(table, **columns)

    async def _entity(self, kind: str) -> UUID:
        entity = uuid7()
        await self._insert("entity", id=entity, kind=kind)
        return entity

    async def _insert(self, table: str, **columns: Any) -> None:
        places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
        await self.pool.execute(
            f"INSERT INTO revenge.{table} ({', '.join(columns)}) VALUES ({places})", *columns.values()
        )
