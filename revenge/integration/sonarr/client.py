"""What Sonarr is asked."""

from pydantic import TypeAdapter

from revenge.integration.arr.client import API, ArrClient
from revenge.integration.arr.spool import Spool
from revenge.integration.sonarr.wire import Episode, EpisodeFile, Series

_SERIES = TypeAdapter(Series)
_EPISODES = TypeAdapter(list[Episode])
_FILES = TypeAdapter(list[EpisodeFile])


class SonarrClient(ArrClient):
    """Series, episodes and their files."""

    async def series_list(self, into: Spool) -> None:
        """Read all series, without their episodes."""
        await self.spool("/series", into)

    async def series(self, series_id: int) -> Series:
        """Return a series; ``NotThere`` where there is none."""
        return await self._caller.get(f"{API}/series/{series_id}", _SERIES)

    async def episodes(self, series_id: int) -> list[Episode]:
        """Return all episodes of a series, each with its file and its picture: neither comes unless it is asked for."""
        return await self._caller.get(
            f"{API}/episode",
            _EPISODES,
            params={"seriesId": series_id, "includeEpisodeFile": True, "includeImages": True},
        )

    async def episode_files(self, series_id: int) -> list[EpisodeFile]:
        """Return all files of a series."""
        return await self._caller.get(f"{API}/episodefile", _FILES, params={"seriesId": series_id})
