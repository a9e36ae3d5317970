"""What a scan finds, beside what Radarr and Sonarr have: files are linked as soon as both know them."""

from uuid import UUID

from revenge.app.arr.films import FilmTitles
from revenge.app.arr.statements import statements
from revenge.content.library.models import Library
from revenge.content.library.ports import FilesChanged
from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import Source


class ArrFiles:
    """Links files, and matches films that Radarr knows by their paths, before anybody has to guess."""

    def __init__(self, films: FilmTitles) -> None:
        self._films = films
        self._sql = statements()

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Look which of them are theirs."""
        found = [*change.added, *change.moved]
        if not found:
            return
        rows = await conn.fetch(self._sql["file_link_scanned"], found)
        films = [
            (bytes(row["path"]), row["entity_id"])
            for row in rows
            if row["source"] == Source.RADARR and row["entity_id"] is not None
        ]
        if films:
            await self._films.match(conn, films)

    async def scan_done(self, conn: Connection, library: Library) -> None:
        """Do nothing."""

    async def visibility_changed(self, conn: Connection, library_id: UUID) -> None:
        """Do nothing."""
