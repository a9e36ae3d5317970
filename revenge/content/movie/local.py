"""The provider that needs no key: what a film's NFO file says of it."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from revenge.content.metadata.models import (
    CollectionRef,
    Credit,
    CreditType,
    MovieDetails,
    PersonRef,
    Rating,
)
from revenge.content.movie.models import MatchItem

NFO = "nfo"
_OF_A_HUNDRED = ("metacritic", "rottentomatoes")
_SOURCES = {"default": NFO, "themoviedb": "tmdb", "tomatometerallcritics": "rottentomatoes"}


def details_of(item: MatchItem) -> MovieDetails:
    """Return what names and the NFO file say; it has the item's ids."""
    nfo = item.nfo
    collection = nfo.get("collection")
    return MovieDetails(
        provider=NFO if nfo else "name",
        ids=item.ids,
        title=item.title,
        original_title=nfo.get("original_title"),
        year=item.year,
        release_date=_date(nfo.get("premiered")),
        runtime_min=nfo.get("runtime_min"),
        overview=nfo.get("plot"),
        tagline=nfo.get("tagline"),
        genres=tuple(nfo.get("genres", ())),
        credits=tuple(_credits(nfo)),
        ratings=tuple(_rating(rating) for rating in nfo.get("ratings", ()) if rating.get("highest", 10.0) > 0),
        certifications={"US": nfo["mpaa"].removeprefix("Rated ")} if nfo.get("mpaa") else {},
        collection=CollectionRef(name=collection) if collection else None,
    )


def _credits(nfo: Mapping[str, Any]) -> Iterator[Credit]:
    for actor in nfo.get("actors", ()):
        yield Credit(person=PersonRef(name=actor["name"]), type=CreditType.CAST, character=actor.get("role") or "")
    for name in nfo.get("directors", ()):
        yield Credit(person=PersonRef(name=name), type=CreditType.CREW, job="Director", department="Directing")
    for name in nfo.get("credits", ()):
        yield Credit(person=PersonRef(name=name), type=CreditType.CREW, job="Writer", department="Writing")


def _rating(rating: Mapping[str, Any]) -> Rating:
    source = str(rating.get("source", "default")).casefold()
    source = _SOURCES.get(source, source)
    scale = 100.0 if source in _OF_A_HUNDRED else 10.0
    value = rating["value"] / rating.get("highest", 10.0) * scale
    return Rating(source=source, value=min(value, scale), votes=rating.get("votes"))


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
