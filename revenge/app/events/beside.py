"""Pictures beside videos follow what scans see and what matches say."""

from collections.abc import Collection
from uuid import UUID

from revenge.app.events.pictures import Pictures
from revenge.app.events.sinks import SearchChanges
from revenge.content.image.beside import PicturesBeside, Shown
from revenge.content.library.models import Library
from revenge.content.library.ports import Connection, FilesChanged


class ChangesWithPictures:
    """What search is told of films and series, pictures beside their files are settled by first: it shows them, too."""

    def __init__(self, search: SearchChanges, *, beside: PicturesBeside, pictures: Pictures) -> None:
        self._search = search
        self._beside = beside
        self._pictures = pictures

    async def touch(
        self,
        conn: Connection,
        *,
        movies: Collection[UUID] = (),
        series: Collection[UUID] = (),
        people: Collection[UUID] = (),
    ) -> None:
        """Settle the pictures around films and series, have fetched what is new, and index all that changed."""
        shown = Shown()
        if (movies or series) and (near := await self._beside.near(conn, movies=movies, series=series)):
            shown = await self._show(conn, near)
        await self._search.touch(conn, movies={*movies, *shown.movies}, series={*series, *shown.series}, people=people)

    async def settle_nobodys(self, conn: Connection, library_id: UUID) -> None:
        """Do the same for pictures that show nothing: what else was in their folders may be elsewhere."""
        await self._beside.lock(conn, [library_id])
        if nobodys := await self._beside.nobodys(conn, library_id):
            await self._settle(conn, nobodys)

    async def settle(
        self, conn: Connection, library_id: UUID, pictures: Collection[UUID], *, gone: Collection[UUID]
    ) -> None:
        """Do the same for pictures of a library that are new, have other content, or are gone."""
        await self._beside.lock(conn, [library_id])
        await self._settle(conn, pictures, gone=gone)

    async def _settle(self, conn: Connection, pictures: Collection[UUID], *, gone: Collection[UUID] = ()) -> None:
        shown = await self._show(conn, pictures, gone=gone)
        if shown.movies or shown.series:
            await self._search.touch(conn, movies=shown.movies, series=shown.series)

    async def _show(self, conn: Connection, pictures: Collection[UUID], *, gone: Collection[UUID] = ()) -> Shown:
        shown = await self._beside.settle(conn, pictures, gone=gone)
        if shown.entities:
            await self._pictures.fetch(conn, sorted(shown.entities))
        return shown


class PictureFiles:
    """Settles the pictures among what a scan saw change."""

    def __init__(self, changes: ChangesWithPictures) -> None:
        self._changes = changes

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Settle them; what files of the same folders are is settled when these are matched."""
        if change.pictures or change.pictures_gone:
            await self._changes.settle(conn, change.library_id, change.pictures, gone=change.pictures_gone)

    async def scan_done(self, conn: Connection, library: Library) -> None:
        """Look once more at those that nobody has."""
        await self._changes.settle_nobodys(conn, library.id)

    async def visibility_changed(self, conn: Connection, library_id: UUID) -> None:
        """Do nothing."""
