"""Sonarr, as syncs see it."""

from collections.abc import Sequence

from pydantic import ValidationError

from revenge.infra.http.errors import NotThere
from revenge.integration.arr.facts import ShowFacts, Source
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.reading import what_is_wrong
from revenge.integration.arr.service import Batch
from revenge.integration.arr.spool import Spool
from revenge.integration.sonarr.client import SonarrClient
from revenge.integration.sonarr.mapping import show_facts
from revenge.integration.sonarr.wire import Series


class SonarrProgram:
    """Series with their episodes, as facts."""

    source = Source.SONARR
    batch_size = 5
    """Each costs a request, and may have a thousand episodes."""

    def __init__(self, client: SonarrClient, *, paths: PathMapper) -> None:
        self._client = client
        self._paths = paths

    async def fetch_all(self, spool: Spool) -> None:
        """Put the list of all series into ``spool``."""
        await self._client.series_list(spool)

    async def facts(self, titles: Sequence[tuple[int, bytes]]) -> Batch[ShowFacts]:
        """Return what Sonarr says of series of its list, with one request for each."""
        found: list[ShowFacts] = []
        errors: dict[int, str] = {}
        for arr_id, text in titles:
            try:
                found.append(await self._with_episodes(Series.model_validate_json(text)))
            except ValidationError as error:
                errors[arr_id] = what_is_wrong(error)
            except NotThere:
                errors[arr_id] = "it was taken out of Sonarr meanwhile"
        return Batch(found, errors)

    async def one(self, arr_id: int) -> ShowFacts:
        """Return what it says of one series."""
        return await self._with_episodes(await self._client.series(arr_id))

    async def _with_episodes(self, series: Series) -> ShowFacts:
        episodes = await self._client.episodes(series.id)
        lacking = any(each.episode_file_id and each.episode_file is None for each in episodes)
        # Versions that do not know the flag answer without files.
        files = await self._client.episode_files(series.id) if lacking else []
        return show_facts(series, episodes, files, self._paths)
