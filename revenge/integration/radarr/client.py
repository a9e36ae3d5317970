"""What Radarr is asked."""

from pydantic import TypeAdapter

from revenge.integration.arr.client import API, ArrClient
from revenge.integration.arr.spool import Spool
from revenge.integration.radarr.wire import Movie, MovieFile

_MOVIE = TypeAdapter(Movie)
_FILES = TypeAdapter(list[MovieFile])


class RadarrClient(ArrClient):
    """Films and their files."""

    async def movies(self, into: Spool) -> None:
        """Read all films; each holds its file."""
        await self.spool("/movie", into)

    async def movie(self, movie_id: int) -> Movie:
        """Return a film; ``NotThere`` where there is none."""
        return await self._caller.get(f"{API}/movie/{movie_id}", _MOVIE)

    async def movie_files(self, movie_id: int) -> list[MovieFile]:
        """Return the files of a film."""
        return await self._caller.get(f"{API}/moviefile", _FILES, params={"movieId": movie_id})
