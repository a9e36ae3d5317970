"""Pictures that lie beside videos: whom they show."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.image.repository import statements
from revenge.content.library.ports import Connection

SOURCE = "beside:"
"""What their sources begin with, which lead nowhere by themselves: only a row that a scan's picture has is ever read."""
_BEFORE_PROVIDERS = -100
"""Who puts a picture beside a video wants to see it: its position is before those of all that providers have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What has other pictures now."""

    entities: frozenset[UUID] = frozenset()
    """Films, series, seasons and episodes."""
    movies: frozenset[UUID] = frozenset()
    series: frozenset[UUID] = frozenset()
    """With those that the seasons and episodes are of."""


class PicturesBeside:
    """Finds whom pictures show, in a few statements, however many.

    A picture's name says which videos it is about; what these are, matches say. So whenever either changes, the pictures
    around are settled anew, and none is left with what is no longer its own. Of a library only one transaction does so at
    a time, and looks after the ones before have ended: two that change either side would else not see each other.
    """

    def __init__(self) -> None:
        self._sql = statements()

    async def lock(self, conn: Connection, libraries: Collection[UUID]) -> None:
        """Let nobody else settle pictures of libraries until the transaction ends."""
        if libraries:
            await conn.execute(self._sql["beside_lock"], list(libraries))

    async def near(self, conn: Connection, *, movies: Collection[UUID], series: Collection[UUID]) -> Collection[UUID]:
        """Return the pictures that may show films or series, or did until now; nobody else settles them meanwhile."""
        libraries = await conn.fetch(self._sql["beside_libraries"], list(movies), list(series))
        await self.lock(conn, [row["id"] for row in libraries])
        return [row["id"] for row in await conn.fetch(self._sql["beside_near"], list(movies), list(series))]

    async def nobodys(self, conn: Connection, library_id: UUID) -> Collection[UUID]:
        """Return the pictures of a library's folders that show nothing, since these have files of several films or series."""
        return [row["id"] for row in await conn.fetch(self._sql["beside_nobodys"], library_id)]

    async def settle(self, conn: Connection, pictures: Collection[UUID], *, gone: Collection[UUID] = ()) -> Shown:
        """Write whom pictures show, and return what has others now; those that are ``gone`` show nothing.

        After `lock` of their libraries.
        """
        rows = await conn.fetch(self._sql["beside_owners"], list(pictures)) if pictures else []
        given = [
            (
                *(uuid7(), row["entity_id"], row["type"]),
                # Another content is another picture: it is fetched, and the one before is shown no more.
                f"{SOURCE}{row['id']}:{row['size_bytes']}:{row['mtime_ns']}",
                *(_BEFORE_PROVIDERS + row["rank"], row["id"]),
            )
            for row in rows
        ]
        columns = map(list, zip(*given, strict=True)) if given else ([],) * 6
        changed = await conn.fetch(self._sql["beside_put"], [*pictures, *gone], *columns)
        return Shown(
            entities=frozenset(row["entity_id"] for row in changed),
            movies=frozenset(row["movie_id"] for row in changed if row["movie_id"] is not None),
            series=frozenset(row["series_id"] for row in changed if row["series_id"] is not None),
        )
