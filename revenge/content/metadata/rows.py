"""What a provider says, as rows of the tables: cleaned, each once, in an order of its own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.grouping import fold
from revenge.content.library.text import clean_text
from revenge.content.metadata.models import (
    CollectionRef,
    Credit,
    Details,
    EntityKind,
    EpisodeDetails,
    IdProvider,
    Ids,
    ImageRef,
    MovieDetails,
    PersonRef,
    TitleDetails,
)

_ID_ORDER = {provider: number for number, provider in enumerate(IdProvider)}
_MAX_ID = 100
_MAX_NAME = 500
_MAX_TITLE = 1000
_MAX_TEXT = 20_000
_MAX_SOURCE = 2000
_MAX_VOTES = 2**31 - 1
_WORDS = re.compile(r"[\W_]+")
_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What is to be written of an entity that exists."""

    entity_id: UUID
    kind: EntityKind
    details: Details
    partial: bool = False
    """It adds to what is known and takes nothing back: the answer of one provider among several."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A person or a collection as somebody names it; the same one twice is equal."""

    key: tuple[str, str]
    """The first of its ids, or ``("", folded name)``."""
    name: str
    ids: tuple[tuple[str, str], ...]
    overview: str | None = None

    @property
    def local_key(self) -> str | None:
        """By what it is known while no provider has identified it."""
        return None if self.ids else self.key[1]


def columns(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Return rows as the arrays that a statement unnests."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def ids_of(ids: Ids) -> tuple[tuple[str, str], ...]:
    """Return what is fit to be stored of ``ids``, the one that counts most first."""
    cleaned = [(provider, clean_text(str(value))) for provider, value in ids.items()]
    kept = [(provider, value) for provider, value in cleaned if value is not None and len(value) <= _MAX_ID]
    return tuple((provider.value, value) for provider, value in sorted(kept, key=lambda pair: _ID_ORDER[pair[0]]))


def replaced(descriptions: Iterable[Description], rows: Iterable[Sequence[Any]], at: int = 0) -> list[UUID]:
    """Return the entities of which ``rows``, each with its entity at ``at``, are all there are.

    One of which a provider says nothing keeps what it has.
    """
    spoken = {row[at] for row in rows}
    return [each.entity_id for each in descriptions if not each.partial and each.entity_id in spoken]


def external_ids(descriptions: Iterable[Description]) -> list[tuple[UUID, str, str, str]]:
    """Return entity, kind, provider and value."""
    return [
        (each.entity_id, each.kind.value, provider, value)
        for each in descriptions
        for provider, value in ids_of(each.details.ids)
    ]


def translations(descriptions: Iterable[Description]) -> list[tuple[Any, ...]]:
    """Return entity, language, title, overview and tagline."""
    return _unique(
        (
            (each.entity_id, said.language),
            clean_text(said.title, limit=_MAX_TITLE),
            clean_text(said.overview, limit=_MAX_TEXT, lines=True),
            clean_text(said.tagline, limit=_MAX_TITLE),
        )
        for each in descriptions
        for said in each.details.translations
        if 2 <= len(said.language) <= 35 and said.language.isascii() and said.language.isprintable()
    )


def genres(descriptions: Iterable[Description]) -> tuple[dict[str, str], list[tuple[Any, ...]]]:
    """Return names by slug; and entity, slug and position."""
    names: dict[str, str] = {}
    rows: list[tuple[tuple[UUID, str], int]] = []
    for each in descriptions:
        if isinstance(each.details, TitleDetails):
            for position, name in enumerate(each.details.genres):
                if (text := clean_text(name, limit=100)) and (slug := _slug(text)):
                    names.setdefault(slug, text)
                    rows.append(((each.entity_id, slug), position))
    return names, _unique(rows)


def ratings(descriptions: Iterable[Description]) -> list[tuple[Any, ...]]:
    """Return entity, source, value and votes."""
    return _unique(
        ((each.entity_id, source), rating.value, _count(rating.votes))
        for each in descriptions
        if isinstance(each.details, TitleDetails)
        for rating in each.details.ratings
        if (source := clean_text(rating.source, limit=50)) and 0 <= rating.value <= 100
    )


def certifications(descriptions: Iterable[Description]) -> list[tuple[Any, ...]]:
    """Return entity, country and value."""
    return _unique(
        ((each.entity_id, place), text)
        for each in descriptions
        if isinstance(each.details, TitleDetails)
        for country, value in each.details.certifications.items()
        if (place := clean_text(country, limit=10)) and (text := clean_text(value, limit=50))
    )


def images(descriptions: Iterable[Description]) -> list[tuple[Any, ...]]:
    """Return an id, entity, type, provider, source, language and position; positions count by type."""
    rows: list[tuple[Any, ...]] = []
    for each in descriptions:
        counts: dict[str, int] = {}
        for key, language in _pictures(each.details.images):
            rows.append((uuid7(), each.entity_id, *key, language, counts.get(key[0], 0)))
            counts[key[0]] = counts.get(key[0], 0) + 1
    return rows


def credits_of(details: Details) -> tuple[Credit, ...]:
    """Return who had to do with it, where that is known of things of its kind."""
    return details.credits if isinstance(details, TitleDetails | EpisodeDetails) else ()


def credit_fields(credit: Credit) -> tuple[str, str, str, str]:
    """Return type, character, job and department."""
    texts = (clean_text(text, limit=_MAX_NAME) or "" for text in (credit.character, credit.job, credit.department))
    return (credit.type.value, *texts)  # type: ignore[return-value]  # three texts


def collection_of(details: Details) -> CollectionRef | None:
    """Return the series of films that it belongs to."""
    return details.collection if isinstance(details, MovieDetails) else None


def reference(named: PersonRef | CollectionRef) -> Reference | None:
    """Return whom a name and ids mean; None without a name."""
    name = clean_text(" ".join(named.name.split()), limit=_MAX_NAME)
    if name is None:
        return None
    ids = ids_of(named.ids)
    overview = clean_text(named.overview, limit=_MAX_TEXT, lines=True) if isinstance(named, CollectionRef) else None
    return Reference(ids[0] if ids else ("", fold(name)), name, ids, overview)


def single_images(images_by_entity: Iterable[tuple[UUID, Sequence[ImageRef]]]) -> list[tuple[Any, ...]]:
    """Return an id, entity, type, provider, source and language of the first picture of each type."""
    rows: list[tuple[Any, ...]] = []
    for entity_id, pictures in images_by_entity:
        seen: set[str] = set()
        for key, language in _pictures(pictures):
            if key[0] not in seen:
                seen.add(key[0])
                rows.append((uuid7(), entity_id, *key, language))
    return rows


def _pictures(pictures: Iterable[ImageRef]) -> list[tuple[tuple[str, str, str], str | None]]:
    found: dict[tuple[str, str, str], str | None] = {}
    for picture in pictures:
        source = clean_text(picture.source, limit=_MAX_SOURCE)
        if source is not None:
            found.setdefault((picture.type.value, picture.provider, source), clean_text(picture.language, limit=35))
    return list(found.items())


def _unique(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows whose first value is their key, flat, the first of each key."""
    found: dict[Any, tuple[Any, ...]] = {}
    for key, *values in rows:
        found.setdefault(key, (*key, *values))
    return list(found.values())


def _slug(name: str) -> str:
    return _WORDS.sub("-", name.casefold()).strip("-")


def _count(number: int | None) -> int | None:
    return None if number is None else min(max(number, 0), _MAX_VOTES)
