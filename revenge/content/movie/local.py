"""What is known of a film without asking anybody: its name, and the NFO file beside it."""

from dataclasses import replace

from revenge.content.metadata.models import MovieDetails
from revenge.content.metadata.nfo import movie_from_nfo
from revenge.content.movie.models import MatchItem

NAME = "name"
"""The provider of what nothing but a name says."""


def details_of(item: MatchItem) -> MovieDetails:
    """Return what names and the NFO file say, with the item's ids."""
    told = movie_from_nfo(item.nfo) if item.nfo else None
    if told is None:
        return MovieDetails(provider=NAME, ids=item.ids, title=item.title, year=item.year)
    return replace(told, ids={**told.ids, **item.ids}, title=item.title, year=item.year or told.year)
