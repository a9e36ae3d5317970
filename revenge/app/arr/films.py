"""Radarr's films among ours: found by id, then by path, made where there is something to watch, never doubled."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from revenge.app.arr.details import RADARR, film_details, ids_of
from revenge.app.arr.statements import statements
from revenge.content.metadata.models import EntityKind, MovieDetails
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.rows import Description, columns
from revenge.content.movie.registry import Claim, MovieRegistry
from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import FilmFacts
from revenge.integration.arr.ports import Saved

_EVIDENCE = orjson.dumps({"by": RADARR, "reason": "Radarr says which film the file is"}).decode()


class FilmTitles:
    """Writes what Radarr says of films, in as many statements for many as for one."""

    def __init__(self) -> None:
        self._entities = EntityRepository()
        self._registry = MovieRegistry()
        self._sql = statements()

    async def save(self, conn: Connection, facts: Sequence[FilmFacts]) -> Sequence[Saved]:
        """Write what is said of films; see ``Titles``."""
        # Nobody makes a film between the look for it and its making.
        await self._registry.lock(conn)
        found = await self._find(conn, facts)
        new = [each for each in facts if each.arr_id not in found and each.exists]
        made = await self._registry.ensure(conn, [Claim(details=film_details(each)) for each in new])
        created = dict(zip((each.arr_id for each in new), made.ids, strict=True))
        films = found | created
        await self._fill(conn, {films[each.arr_id]: film_details(each) for each in facts if each.arr_id in films})
        await self.match(
            conn, [(file.path, films[each.arr_id]) for each in facts if each.arr_id in films for file in each.files]
        )
        return [
            Saved(films.get(each.arr_id), created=films.get(each.arr_id) in made.created and each.arr_id in created)
            for each in facts
        ]

    async def _find(self, conn: Connection, facts: Sequence[FilmFacts]) -> dict[int, UUID]:
        """Return films that are there, by Radarr's ids."""
        by_ids = await self._entities.find_many(conn, EntityKind.MOVIE, [ids_of(each) for each in facts])
        found = {each.arr_id: holders[0] for each, holders in zip(facts, by_ids, strict=True) if holders}
        paths = [file.path for each in facts if each.arr_id not in found for file in each.files]
        if not paths:
            return found
        rows = await conn.fetch(self._sql["titles_at_paths"], paths)
        by_path = {bytes(row["path"]): row["movie_id"] for row in rows if row["movie_id"] is not None}
        known_ids = await self._entities.ids_of(conn, set(by_path.values()))
        for each in facts:
            if each.arr_id in found:
                continue
            film = next((by_path[file.path] for file in each.files if file.path in by_path), None)
            # A film with other ids is another film, whatever lies there.
            if film is not None and all(
                known_ids[film].get(who, value) == value for who, value in ids_of(each).items()
            ):
                found[each.arr_id] = film
        return found

    async def _fill(self, conn: Connection, said: Mapping[UUID, MovieDetails]) -> None:
        if not said:
            return
        told = {row["id"] for row in await conn.fetch(self._sql["film_told"], list(said))}
        written = await self._entities.describe(
            conn,
            [
                Description(
                    entity_id=film,
                    kind=EntityKind.MOVIE,
                    details=_beside(details) if film in told else details,
                    partial=True,
                )
                for film, details in said.items()
            ],
        )
        rows = [_row(film, details, written.collections.get(film)) for film, details in said.items()]
        await conn.execute(self._sql["film_fill"], *columns(rows, 15))

    async def match(self, conn: Connection, files: Sequence[tuple[bytes, UUID]]) -> None:
        """Match files, by their paths, with films, where nobody has matched them."""
        if files:
            await conn.execute(self._sql["film_match"], *columns(files, 2), _EVIDENCE)


def _beside(details: MovieDetails) -> MovieDetails:
    """Return what is added to a film that a provider has told of: ids and pictures."""
    return replace(details, genres=(), ratings=(), certifications={}, collection=None)


def _row(film: UUID, details: MovieDetails, collection: UUID | None) -> tuple[Any, ...]:
    return (
        film,
        details.title,
        details.original_title,
        details.original_language,
        details.year,
        details.release_date,
        details.runtime_min,
        details.overview,
        details.status,
        details.popularity,
        details.vote_average,
        details.vote_count,
        details.trailer_url,
        details.homepage,
        collection,
    )
