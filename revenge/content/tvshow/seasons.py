"""Asks a source for seasons, several at once."""

import asyncio
from collections.abc import Iterable, Sequence

from revenge.content.metadata.errors import UnknownTitle
from revenge.content.metadata.models import Ids, SeasonDetails
from revenge.content.metadata.ports import MetadataSource


class SeasonReader:
    """One request a season brings its episodes."""

    def __init__(self, source: MetadataSource, *, at_once: int = 4) -> None:
        self._source = source
        self._at_once = asyncio.Semaphore(at_once)

    async def read(self, ids: Ids, numbers: Iterable[int], *, languages: Sequence[str]) -> list[SeasonDetails]:
        """Return the seasons with their episodes; those that nobody knows are left out.

        Raises:
            MetadataError: one could not be asked for; the requests for others are ended.
        """
        wanted = [(number, asyncio.ensure_future(self._one(ids, number, languages))) for number in sorted(set(numbers))]
        try:
            found = await asyncio.gather(*(task for _, task in wanted))
        finally:
            for _, task in wanted:
                task.cancel()
        return [season for season in found if season is not None]

    async def _one(self, ids: Ids, number: int, languages: Sequence[str]) -> SeasonDetails | None:
        async with self._at_once:
            try:
                return await self._source.season(ids, number, languages=languages)
            except UnknownTitle:
                return None
