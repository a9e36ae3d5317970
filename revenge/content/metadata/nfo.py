"""What an NFO file says, as details: the provider that needs neither a key nor a network. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import TypeAdapter

from revenge.content.library.nfo import Nfo
from revenge.content.library.nfo.models import NfoKind
from revenge.content.metadata.models import (
    CollectionRef,
    Credit,
    CreditType,
    EpisodeDetails,
    IdProvider,
    MovieDetails,
    Network,
    PersonRef,
    Rating,
    SeriesDetails,
    TitleDetails,
)

T = TypeVar("T", bound=TitleDetails)

NAME = "nfo"
_kept = TypeAdapter(Nfo)
_SOURCES = {
    "imdb": ("imdb", 10),
    "themoviedb": ("tmdb", 10),
    "tmdb": ("tmdb", 10),
    "metacritic": ("metacritic", 100),
    "tomatometerallcritics": ("rottentomatoes", 100),
    "rottentomatoes": ("rottentomatoes", 100),
    "default": (NAME, 10),
}
"""Kodi's names of who rates, ours, and of how many we count."""
_COUNTRY_OF_MPAA = "US"


def movie_from_nfo(kept: Mapping[str, Any]) -> MovieDetails | None:
    """Return a film as the NFO file beside it tells; None where it tells of no film, or has no title.

    Args:
        kept: what the scan kept in ``library_file.nfo``.
    """
    nfo = _kept.validate_python(dict(kept))
    if nfo.kind not in (NfoKind.MOVIE, None) or nfo.title is None:
        return None
    return replace(
        _described(MovieDetails, nfo, nfo.title),
        release_date=nfo.premiered,
        runtime_min=nfo.runtime_min,
        collection=CollectionRef(name=nfo.collection) if nfo.collection else None,
    )


def series_from_nfo(kept: Mapping[str, Any]) -> SeriesDetails | None:
    """Return a series as a ``tvshow.nfo`` tells, or as an episode's NFO file names it; None where neither does."""
    nfo = _kept.validate_python(dict(kept))
    if nfo.kind is NfoKind.EPISODE:
        return SeriesDetails(provider=NAME, title=nfo.show_title) if nfo.show_title else None
    if nfo.kind not in (NfoKind.TVSHOW, None) or nfo.title is None:
        return None
    return replace(
        _described(SeriesDetails, nfo, nfo.title),
        first_air_date=nfo.premiered,
        networks=tuple(Network(name=name) for name in nfo.studios),
    )


def episodes_from_nfo(kept: Mapping[str, Any]) -> Sequence[EpisodeDetails]:
    """Return the episodes that an NFO file tells of: several of a file that holds several; empty where it has none."""
    nfo = _kept.validate_python(dict(kept))
    return [
        EpisodeDetails(
            provider=NAME,
            ids=ids_of(one),
            season=one.season,
            number=one.episode,
            title=one.title,
            overview=one.plot,
            air_date=one.premiered,
            runtime_min=one.runtime_min,
            credits=tuple(_credits(one, CreditType.GUEST_STAR)),
        )
        for one in (nfo, *nfo.further)
        if one.kind is NfoKind.EPISODE and one.season is not None and one.episode is not None
    ]


def _described(shape: type[T], nfo: Nfo, title: str) -> T:
    """Return what films and series have in common."""
    return shape(
        provider=NAME,
        ids=ids_of(nfo),
        title=title,
        original_title=nfo.original_title,
        year=nfo.year,
        overview=nfo.plot,
        tagline=nfo.tagline,
        genres=nfo.genres,
        credits=tuple(_credits(nfo)),
        ratings=tuple(_ratings(nfo)),
        certifications=_certifications(nfo),
    )


def ids_of(nfo: Nfo) -> dict[IdProvider, str]:
    """Return the ids of what an NFO file is about."""
    said = {IdProvider.TMDB: nfo.tmdb_id, IdProvider.IMDB: nfo.imdb_id, IdProvider.TVDB: nfo.tvdb_id}
    return {provider: str(value) for provider, value in said.items() if value}


def _credits(nfo: Nfo, actors: CreditType = CreditType.CAST) -> Iterator[Credit]:
    for actor in nfo.actors:
        yield Credit(person=PersonRef(name=actor.name), type=actors, character=actor.role or "")
    for names, job, department in ((nfo.directors, "Director", "Directing"), (nfo.credits, "Writer", "Writing")):
        for name in names:
            yield Credit(person=PersonRef(name=name), type=CreditType.CREW, job=job, department=department)


def _ratings(nfo: Nfo) -> Iterator[Rating]:
    seen = set()
    for one in nfo.ratings:
        source, highest = _SOURCES.get(one.source.lower(), (None, 10))
        if source is None or source in seen or not 0 < one.value <= one.highest:
            continue
        seen.add(source)
        yield Rating(source=source, value=round(one.value / one.highest * highest, 2), votes=one.votes)


def _certifications(nfo: Nfo) -> dict[str, str]:
    """Return the one that is given; ``US:PG-13`` and ``Rated PG-13`` are two habits of the same field."""
    if not nfo.mpaa:
        return {}
    country, _, value = nfo.mpaa.partition(":")
    if value and len(country) == 2:
        return {country.upper(): value.strip()}
    return {_COUNTRY_OF_MPAA: nfo.mpaa.removeprefix("Rated ").strip()}
