"""A film as Radarr sends it, in our terms."""

from dataclasses import replace

from revenge.integration.arr.facts import FilmFacts, Score
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.reading import described, file_facts, score_of, text_or_none
from revenge.integration.radarr.wire import Movie, Ratings

_STATUS = {"inCinemas": "In Theaters", "released": "Released", "announced": "Announced", "tba": "Rumored"}


def film_facts(movie: Movie, paths: PathMapper) -> FilmFacts:
    """Return what Radarr says of a film."""
    file = None if movie.movie_file is None else file_facts(movie.movie_file, paths, folder=movie.path)
    ratings = movie.ratings or Ratings()
    shown = score_of("tmdb", ratings.tmdb, most=10) or score_of("imdb", ratings.imdb, most=10)
    collection = movie.collection
    name = text_or_none(collection.title or collection.name, 500) if collection else None
    ids = {"tmdb": movie.tmdb_id, "imdb": text_or_none(movie.imdb_id, 100)}
    return replace(
        described(FilmFacts, movie, paths, name="film", ids=ids, statuses=_STATUS),
        original_title=text_or_none(movie.original_title),
        files=() if file is None else (file,),
        unreachable=int(movie.movie_file is not None and file is None),
        release_date=movie.digital_release or movie.physical_release or movie.in_cinemas,
        runtime_min=movie.runtime,
        popularity=movie.popularity if movie.popularity and movie.popularity > 0 else None,
        vote_average=shown.value if shown else None,
        vote_count=shown.votes if shown else None,
        trailer_url=_trailer(movie.you_tube_trailer_id),
        homepage=text_or_none(movie.website),
        scores=_scores(ratings),
        collection=name,
        collection_tmdb_id=str(collection.tmdb_id) if collection and collection.tmdb_id else None,
    )


def _scores(ratings: Ratings) -> tuple[Score, ...]:
    found = (
        score_of("tmdb", ratings.tmdb, most=10),
        score_of("imdb", ratings.imdb, most=10),
        score_of("metacritic", ratings.metacritic, most=100),
        score_of("rottentomatoes", ratings.rotten_tomatoes, most=100),
    )
    return tuple(score for score in found if score is not None)


def _trailer(video: str | None) -> str | None:
    if video is None or not video.isascii() or not video.replace("-", "").replace("_", "").isalnum():
        return None
    return f"https://www.youtube.com/watch?v={video}"
