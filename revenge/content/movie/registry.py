"""Finds films by their ids, and makes those that are not there: one way for all who learn of films."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.grouping import film_key
from revenge.content.library.ports import Connection
from revenge.content.metadata.models import EntityKind, IdProvider, MovieDetails
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.rows import Description
from revenge.content.movie.models import NewMovie
from revenge.content.movie.repository import MovieRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A film that somebody knows of. Without ids it is told apart by ``local_key``."""

    details: MovieDetails
    local_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensured:
    """Films that are there now."""

    ids: Sequence[UUID]
    """Of each claim, in their order."""
    created: frozenset[UUID] = frozenset()
    """Those that were not there before."""
    people: frozenset[UUID] = field(default_factory=frozenset)
    """Those whose credits changed."""


class MovieRegistry:
    """Films by what they are known by; an id that exists already links, it never fails."""

    def __init__(self) -> None:
        self._entities = EntityRepository()
        self._movies = MovieRepository(self._entities)

    async def lock(self, conn: Connection) -> None:
        """Let nobody else make films until the transaction ends; `ensure` does it by itself."""
        await self._movies.lock_creation(conn)

    async def ensure(self, conn: Connection, claims: Sequence[Claim]) -> Ensured:
        """Return the films of ``claims``; those that no id and no local key leads to are made, all in a fixed number of statements.

        A film that is there stays as it is, but for ids that it lacks and is not local any more. One that names alone knew
        is it that has the title and the year of somebody's who has ids by now: what people watched of it stays with it.
        """
        if not claims:
            return Ensured(ids=[])
        await self.lock(conn)
        known = await self._entities.find_many(conn, EntityKind.MOVIE, [claim.details.ids for claim in claims])
        local = await self._movies.find_local(conn, {key for claim in claims for key in _keys(claim)})
        nameless = dict(local)
        made: dict[UUID, NewMovie] = {}
        by_id: dict[tuple[IdProvider, str], UUID] = {}
        found: list[UUID] = []
        identified: set[UUID] = set()
        told: dict[UUID, MovieDetails] = {}
        for claim, holders in zip(claims, known, strict=True):
            movie_id = holders[0] if holders else _known_by(claim, by_id, local)
            if movie_id is None and (movie_id := nameless.pop(_name_key(claim), None)) is not None:
                told[movie_id] = claim.details
            if movie_id is None:
                movie_id = uuid7()
                made[movie_id] = NewMovie(id=movie_id, details=claim.details, local_key=claim.local_key)
            elif claim.details.ids and movie_id not in made:
                identified.add(movie_id)
            by_id |= dict.fromkeys(claim.details.ids.items(), movie_id)
            if claim.local_key is not None and not claim.details.ids:
                local.setdefault(claim.local_key, movie_id)
            found.append(movie_id)
        written = await self._movies.insert(conn, list(made.values()))
        if told:
            await self._entities.describe(
                conn,
                [
                    Description(entity_id=movie_id, kind=EntityKind.MOVIE, details=details, partial=True)
                    for movie_id, details in told.items()
                ],
            )
        if identified:
            await self._movies.clear_local_keys(conn, identified)
        return Ensured(ids=found, created=frozenset(made), people=written.people)


def _name_key(claim: Claim) -> str:
    """Return the local key of a film that nothing but the title and the year of ``claim`` was known of."""
    return film_key(claim.details.title, claim.details.year) if claim.details.ids and claim.details.year else ""


def _keys(claim: Claim) -> Iterator[str]:
    if claim.local_key is not None:
        yield claim.local_key
    if key := _name_key(claim):
        yield key


def _known_by(claim: Claim, by_id: Mapping[tuple[IdProvider, str], UUID], local: Mapping[str, UUID]) -> UUID | None:
    if claim.details.ids:
        return next((by_id[pair] for pair in claim.details.ids.items() if pair in by_id), None)
    return local.get(claim.local_key) if claim.local_key is not None else None
