"""The tables as documents: by pages in the order of ids, and a fixed number of statements for each batch."""

from collections.abc import Collection as Ids
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from revenge.content.search.documents import (
    CAST,
    Extras,
    Work,
    episode_document,
    movie_document,
    person_document,
    season_document,
    series_document,
)
from revenge.content.search.statements import statements
from revenge.infra.database.connection import Pool
from revenge.infra.search.models import Collection, Document

_FIRST = UUID(int=0)
_TABLES: Mapping[Collection, str] = {
    Collection.MOVIES: "movie",
    Collection.TVSHOWS: "series",
    Collection.SEASONS: "season",
    Collection.EPISODES: "episode",
    Collection.PEOPLE: "person",
}


class DocumentSource:
    """What the tables hold, as documents."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def count(self, collection: Collection) -> int:
        """Return how many documents there should be."""
        found: int = await self._pool.fetchval(self._sql[f"{_TABLES[collection]}_count"])
        return found

    async def page(self, collection: Collection, *, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Return ids in their order, after one of them; none at the end."""
        rows = await self._pool.fetch(self._sql[f"{_TABLES[collection]}_page"], after or _FIRST, limit)
        return [row["id"] for row in rows]

    async def sample(self, collection: Collection, size: int) -> Sequence[UUID]:
        """Return some ids by chance."""
        rows = await self._pool.fetch(self._sql[f"{_TABLES[collection]}_sample"], size)
        return [row["id"] for row in rows]

    async def parts(self, collection: Collection, series: Ids[UUID]) -> Mapping[UUID, UUID]:
        """Return the ids of series' seasons or episodes, each with its series'."""
        rows = await self._pool.fetch(self._sql[f"{_TABLES[collection]}_of_series"], list(series))
        return {row["id"]: row["series_id"] for row in rows}

    async def documents(self, collection: Collection, ids: Ids[UUID]) -> Sequence[Document]:
        """Return the documents of these ids; those that are in no table are left out."""
        rows = await self._rows(f"{_TABLES[collection]}_rows", ids)
        if not rows:
            return []
        match collection:
            case Collection.MOVIES:
                extras = await self._extras(rows, credited=True)
                return [movie_document(row, extras) for row in rows]
            case Collection.TVSHOWS:
                extras = await self._extras(rows, credited=True, guests=True)
                return [series_document(row, extras) for row in rows]
            case Collection.PEOPLE:
                return await self._people(rows)
        series = {row["series_id"] for row in rows}
        extras = await self._extras(rows, pictured=series)
        work = Work(titles={}, libraries=await self._libraries(series))
        make = season_document if collection is Collection.SEASONS else episode_document
        return [make(row, extras, work) for row in rows]

    async def _people(self, rows: Sequence[Any]) -> Sequence[Document]:
        did = {row["person_id"]: row for row in await self._rows("person_work", [row["id"] for row in rows])}
        works = {one for row in did.values() for name in ("movie_ids", "series_ids") for one in row[name] or ()}
        titles = {row["id"]: row for row in await self._rows("work_titles", works)}
        work = Work(titles=titles, libraries=await self._libraries(works))
        extras = await self._extras(rows)
        return [person_document(row, did.get(row["id"]), extras, work) for row in rows]

    async def _extras(
        self, rows: Sequence[Any], *, credited: bool = False, guests: bool = False, pictured: Ids[UUID] = ()
    ) -> Extras:
        ids = [row["id"] for row in rows]
        external: dict[UUID, dict[str, str]] = {}
        for row in await self._rows("external_ids", ids):
            external.setdefault(row["entity_id"], {})[row["provider"]] = row["value"]
        pictures: dict[UUID, dict[str, Any]] = {}
        for row in await self._rows("pictures", [*ids, *pictured]):
            pictures.setdefault(row["entity_id"], {})[row["type"]] = row
        people: Sequence[Any] = await self._pool.fetch(self._sql["credits"], ids, CAST) if credited else ()
        return Extras(
            ids=external,
            titles={row["entity_id"]: row["titles"] for row in await self._rows("translated_titles", ids)},
            genres={row["entity_id"]: row for row in (await self._rows("genres", ids) if credited else ())},
            age_ratings=(
                {row["entity_id"]: row["ratings"] for row in await self._rows("age_ratings", ids)} if credited else {}
            ),
            pictures=pictures,
            credits={row["entity_id"]: row for row in people},
            guests=({row["series_id"]: row["person_ids"] for row in await self._rows("guests", ids)} if guests else {}),
        )

    async def _libraries(self, works: Ids[UUID]) -> Mapping[UUID, Sequence[UUID]]:
        return {row["id"]: row["library_ids"] for row in await self._rows("work_libraries", works)}

    async def _rows(self, name: str, ids: Ids[UUID]) -> Sequence[Any]:
        return await self._pool.fetch(self._sql[name], list(ids))
