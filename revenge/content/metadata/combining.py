"""What several providers say of one thing, as one: pure."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

from revenge.content.metadata.models import Details, TitleDetails

D = TypeVar("D", bound=Details)
T = TypeVar("T", bound=TitleDetails)
Item = TypeVar("Item")

_OWN = ("provider", "translations", "images", "ratings", "vote_average", "vote_count", "popularity")
"""What is not simply filled in: these are lists of many, or numbers that mean something with their provider only."""


def add(first: T, more: T) -> T:
    """Return what ``first`` says, and what ``more`` adds: it fills what is missing, and contradicts nothing."""
    return replace(
        _filled(first, more),
        ids={**more.ids, **first.ids},
        translations=_joined(first.translations, more.translations, lambda one: one.language),
        images=_joined(first.images, more.images, lambda one: (one.type, one.provider, one.source)),
        ratings=_joined(first.ratings, more.ratings, lambda one: one.source),
        certifications={**more.certifications, **first.certifications},
    )


def _filled(first: D, more: D) -> D:
    """Fill fields that are None or empty."""
    found: dict[str, Any] = {}
    for field in fields(first):
        said, other = getattr(first, field.name), getattr(more, field.name)
        if field.name not in _OWN and said in (None, "", ()) and other not in (None, "", ()):
            found[field.name] = other
    return replace(first, **found)


def _joined(first: Sequence[Item], more: Iterable[Item], key: Callable[[Item], Hashable]) -> tuple[Item, ...]:
    known = {key(one) for one in first}
    return (*first, *(one for one in more if key(one) not in known))
