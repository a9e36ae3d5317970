"""Sonarr's series among ours, with their seasons and episodes: found by id, then by path, never doubled."""

from collections.abc import Sequence
from uuid import UUID

import orjson

from revenge.app.arr.details import SONARR, ids_of, season_details, show_details
from revenge.app.arr.statements import statements
from revenge.content.metadata.models import EntityKind, EpisodeDetails, SeriesDetails
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.rows import Description, columns
from revenge.content.tvshow.writer import Numbers, ShowWriter
from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import EpisodeFacts, ShowFacts
from revenge.integration.arr.ports import Saved

_EVIDENCE = orjson.dumps({"by": SONARR, "reason": "Sonarr says which episodes the file is"}).decode()


class ShowTitles:
    """Writes what Sonarr says of series: a number of statements for each, whatever the number of its episodes."""

    def __init__(self) -> None:
        self._entities = EntityRepository()
        self._writer = ShowWriter(self._entities)
        self._sql = statements()

    async def save(self, conn: Connection, facts: Sequence[ShowFacts]) -> Sequence[Saved]:
        """Write what is said of series; see ``Titles``."""
        # In one order everywhere: whoever locks the same series does not wait for this in a circle.
        order = sorted(facts, key=lambda each: sorted(each.ids.items()))
        saved = {each.arr_id: await self._save(conn, each) for each in order}
        return [saved[each.arr_id] for each in facts]

    async def _save(self, conn: Connection, facts: ShowFacts) -> Saved:
        ids = ids_of(facts)
        await self._writer.lock_identity(conn, ids)
        found = (await self._writer.find(conn, ids) if ids else None) or await self._at_paths(conn, facts)
        if found is None and not facts.exists:
            return Saved(None)
        series_id = found or await self._writer.make(conn, title=facts.title, year=facts.year, is_local=not ids)
        await self._writer.lock(conn, series_id)
        if found is not None and await conn.fetchval(self._sql["series_told"], series_id):
            episodes = await self._add_to(conn, series_id, facts)
        else:
            episodes = await self._tell_all(conn, series_id, facts)
        await self._match(conn, series_id, facts, episodes)
        return Saved(series_id, created=found is None)

    async def _at_paths(self, conn: Connection, facts: ShowFacts) -> UUID | None:
        """Return the series that files of this one were found to be; one with other ids is another."""
        rows = await conn.fetch(self._sql["titles_at_paths"], [file.path for file in facts.files])
        series = next((row["series_id"] for row in rows if row["series_id"] is not None), None)
        if series is None:
            return None
        known = (await self._entities.ids_of(conn, [series]))[series]
        return series if all(known.get(who, value) == value for who, value in ids_of(facts).items()) else None

    async def _tell_all(self, conn: Connection, series_id: UUID, facts: ShowFacts) -> dict[Numbers, UUID]:
        """Write a series as Sonarr alone knows it: episodes without files are there to be missed."""
        # The series stays one of which no provider has told, so that one is asked; its episodes are more than names.
        await self._writer.write(conn, series_id, series=show_details(facts), told=False)
        await self._writer.write(conn, series_id, seasons=season_details(facts, facts.episodes), partial=True)
        made, _ = await self._writer.ensure(conn, series_id, {(each.season, each.number) for each in facts.episodes})
        return dict(made.episodes)

    async def _add_to(self, conn: Connection, series_id: UUID, facts: ShowFacts) -> dict[Numbers, UUID]:
        """Add to a series that a provider has told of: ids, pictures, and episodes of which there are files."""
        with_files = {(each.season, each.number): each for each in facts.episodes if each.file_id is not None}
        made, _ = await self._writer.ensure(conn, series_id, with_files.keys())
        new = [each for numbers, each in with_files.items() if made.episodes[numbers] in made.new]
        if new:
            await self._writer.write(conn, series_id, episodes=_episodes(facts, new))
        said = show_details(facts)
        beside = SeriesDetails(provider=said.provider, ids=said.ids, images=said.images, title=said.title)
        description = Description(entity_id=series_id, kind=EntityKind.SERIES, details=beside, partial=True)
        await self._entities.describe(conn, [description])
        return dict(made.episodes)

    async def _match(self, conn: Connection, series_id: UUID, facts: ShowFacts, episodes: dict[Numbers, UUID]) -> None:
        paths = {file.id: file.path for file in facts.files}
        pairs = [
            (paths[each.file_id], episodes[each.season, each.number])
            for each in facts.episodes
            if each.file_id is not None and (each.season, each.number) in episodes
        ]
        if pairs:
            await conn.execute(self._sql["series_match"], series_id, *columns(pairs, 2), _EVIDENCE)


def _episodes(facts: ShowFacts, wanted: Sequence[EpisodeFacts]) -> list[EpisodeDetails]:
    return [episode for season in season_details(facts, wanted) for episode in season.episodes]
