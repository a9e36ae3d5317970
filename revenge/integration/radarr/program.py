"""Radarr, as syncs see it."""

from collections.abc import Sequence

from pydantic import ValidationError

from revenge.integration.arr.facts import FilmFacts, Source
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.reading import what_is_wrong
from revenge.integration.arr.service import Batch
from revenge.integration.arr.spool import Spool
from revenge.integration.radarr.client import RadarrClient
from revenge.integration.radarr.mapping import film_facts
from revenge.integration.radarr.wire import Movie


class RadarrProgram:
    """Films as facts."""

    source = Source.RADARR
    batch_size = 200

    def __init__(self, client: RadarrClient, *, paths: PathMapper) -> None:
        self._client = client
        self._paths = paths

    async def fetch_all(self, spool: Spool) -> None:
        """Put the list of all films into ``spool``."""
        await self._client.movies(spool)

    async def facts(self, titles: Sequence[tuple[int, bytes]]) -> Batch[FilmFacts]:
        """Return what Radarr says of films of its list; only one that lacks its file in there is asked for again."""
        found: list[FilmFacts] = []
        errors: dict[int, str] = {}
        for arr_id, text in titles:
            try:
                movie = Movie.model_validate_json(text)
            except ValidationError as error:
                errors[arr_id] = what_is_wrong(error)
                continue
            found.append(await self._with_file(movie))
        return Batch(found, errors)

    async def one(self, arr_id: int) -> FilmFacts:
        """Return what it says of one film."""
        return await self._with_file(await self._client.movie(arr_id))

    async def _with_file(self, movie: Movie) -> FilmFacts:
        if movie.has_file and movie.movie_file is None:
            files = await self._client.movie_files(movie.id)
            movie = movie.model_copy(update={"movie_file": files[0] if files else None})
        return film_facts(movie, self._paths)
