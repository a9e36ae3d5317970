"""What people do with films: look at them, refresh, delete and merge them, and say what a file is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never
from uuid import UUID

import asyncpg

from revenge.content.library.models import LibraryFile
from revenge.content.library.ports import ChoiceKind, ChoiceMade, Connection, Pool
from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.merging import merge_entities
from revenge.content.metadata.models import IdProvider, Ids, MovieDetails, is_id
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.scoring import LOCAL
from revenge.content.movie import models
from revenge.content.movie.errors import CandidateNotFound, ItemNotFound, MovieNotFound, WrongChoice
from revenge.content.movie.items import ItemRepository
from revenge.content.movie.models import ItemMatch, ItemPage, ItemView, MatchState, Movie, MovieFilter, MoviePage
from revenge.content.movie.ports import Matched, MovieEvents, MovieJobs
from revenge.content.movie.registry import Claim, MovieRegistry
from revenge.content.movie.repository import MovieRepository

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class ByCandidate:
    """One of the item's candidates."""

    position: int


@dataclass(frozen=True, slots=True)
class ById:
    """The film that a provider calls by an id."""

    provider: IdProvider
    value: str


@dataclass(frozen=True, slots=True)
class ByMovie:
    """A film of ours."""

    movie_id: UUID


@dataclass(frozen=True, slots=True)
class Ignore:
    """None: it is to be left alone."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Whatever a match finds."""


Choice = ByCandidate | ById | ByMovie | Ignore | Undo


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An item after a choice."""

    item: ItemView
    job_id: int | None
    """The job that matches it anew, after `Undo`."""


class MovieService:
    """Films and what libraries have of them, as people see and change them.

    ``visible`` are the libraries that whoever asks may see, None: all. A film is seen by whoever may see a library that has
    an item of it; one that no library has, by whoever may see all.
    """

    def __init__(self, pool: Pool, *, jobs: MovieJobs, events: MovieEvents) -> None:
        self._pool = pool
        self._jobs = jobs
        self._events = events
        self._entities = EntityRepository()
        self._movies = MovieRepository(self._entities)
        self._items = ItemRepository()
        self._registry = MovieRegistry()

    async def page(
        self, wanted: MovieFilter, *, visible: Collection[UUID] | None, limit: int = 50, cursor: str | None = None
    ) -> MoviePage:
        """Return films; ``ValueError`` for a cursor that is none of ours."""
        return await self._movies.page(self._pool, wanted, visible=visible, limit=limit, cursor=cursor)

    async def get(self, movie_id: UUID, *, visible: Collection[UUID] | None = None) -> Movie:
        """Return a film.

        Raises:
            MovieNotFound: there is none, or it may not be seen.
        """
        return await self._movies.get(self._pool, movie_id, visible=visible)

    async def versions(self, movie_id: UUID, *, visible: Collection[UUID] | None = None) -> list[models.Version]:
        """Return a film's versions, each with its files; parts of a stack in their order."""
        files = await self._movies.files(self._pool, movie_id, visible=visible)
        ordered = sorted(files, key=_version_key)
        versions: list[models.Version] = []
        for _, group in groupby(ordered, key=_version_key):
            parts = sorted(group, key=lambda file: (file.part or 0, file.path))
            first = parts[0]
            # Two files that are no parts are two versions, though they look alike.
            stacks = [parts] if all(part.part for part in parts) else [[part] for part in parts]
            versions.extend(
                models.Version(
                    item_id=first.item_id,
                    library_id=first.library_id,
                    edition=first.edition,
                    resolution=first.resolution,
                    files=stack,
                )
                for stack in stacks
            )
        return versions

    async def collections(
        self, *, visible: Collection[UUID] | None, limit: int = 50, cursor: str | None = None
    ) -> models.CollectionPage:
        """Return collections by name; ``ValueError`` for a cursor that is none of ours."""
        return await self._movies.collections(self._pool, visible=visible, limit=limit, cursor=cursor)

    async def collection(self, collection_id: UUID, *, visible: Collection[UUID] | None = None) -> models.Collection:
        """Return a collection.

        Raises:
            CollectionNotFound: there is none, or no film of it may be seen.
        """
        return await self._movies.collection(self._pool, collection_id, visible=visible)

    async def refresh(self, movie_id: UUID, *, languages: Sequence[str] = ()) -> int:
        """Enqueue a refresh that is forced, and return its job.

        Raises:
            MovieNotFound: there is no such film.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await self._movies.to_refresh(conn, movie_id)
            return await self._jobs.refresh(conn, movie_id, force=True, languages=languages)

    async def delete(self, movie_id: UUID) -> None:
        """Delete a film with all that is known of it. Its files stay, and no match makes it again before a person says so.

        Raises:
            MovieNotFound: there is no such film.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            # Whoever links items to films holds this lock: none is linked to this one between the look and the deed.
            await self._registry.lock(conn)
            if not await self._movies.known(conn, await self._entities.lock(conn, [movie_id])):
                raise MovieNotFound(movie_id)
            items = await self._items.of_movies(conn, [movie_id])
            await self._choose_all(conn, items, None)
            ignored = [
                ItemMatch(item_id=row["id"], state=MatchState.IGNORED, evidence={"by": "deletion"}) for row in items
            ]
            await self._items.set_matches(conn, ignored, {})
            await self._entities.delete(conn, [movie_id])
            await self._events.deleted(conn, [movie_id], asked_for=True)

    async def merge(self, keep: UUID, gone: Sequence[UUID]) -> Movie:
        """Make one film of several that are the same: ids, items, what was watched and choices move to ``keep``.

        It holds for ever, as a choice does: no match makes several of their items again.

        Raises:
            MovieNotFound: one of them does not exist.
            WrongChoice: nothing is to be merged, or a film into itself.
        """
        others = list(dict.fromkeys(gone))
        if not others or keep in others:
            raise WrongChoice("name at least one other film")
        async with self._pool.acquire() as conn, conn.transaction():
            await self._registry.lock(conn)
            # Before anything of theirs is written: whoever describes a film holds its entity when it writes the film.
            known = await self._movies.known(conn, await self._entities.lock(conn, [keep, *others]))
            for movie_id in (keep, *others):
                if movie_id not in known:
                    raise MovieNotFound(movie_id)
            await self._movies.fill_from(conn, keep, others)
            items = await self._items.of_movies(conn, others)
            try:
                await merge_entities(conn, dict.fromkeys(others, keep))
            except EntityGone as error:
                raise MovieNotFound(next(iter(error.entity_ids))) from error
            await self._choose_all(conn, items, keep)
            if (await self._entities.ids_of(conn, [keep]))[keep]:
                await self._movies.clear_local_keys(conn, [keep])
            await self._events.merged(conn, keep, others)
            return await self._movies.get(conn, keep)

    async def items(
        self,
        library_id: UUID,
        *,
        state: MatchState = MatchState.UNMATCHED,
        limit: int = 50,
        cursor: str | None = None,
    ) -> ItemPage:
        """Return a library's items of one state with what they may be; ``ValueError`` for a cursor that is none of ours."""
        return await self._items.page(self._pool, library_id, state, limit=limit, cursor=cursor)

    async def choose(self, library_id: UUID, item_id: UUID, choice: Choice) -> Chosen:
        """Say what an item is. The choice outlives the item, whose files may vanish and come back.

        Raises:
            ItemNotFound: the library has no such item.
            CandidateNotFound: it has no such candidate.
            MovieNotFound: there is no such film.
            WrongChoice: the item is no film, or the id is none.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await self._registry.lock(conn)
            found = await self._items.get_many(conn, await self._items.lock(conn, [item_id]))
            if not found or found[0].library_id != library_id:
                raise await self._not_chosen(conn, library_id, item_id)
            item = found[0]
            if isinstance(choice, Undo):
                await self._items.undo_choice(conn, library_id, item.key)
                await self._items.reset(conn, [item_id])
                await self._tell_choice(conn, item, ChoiceKind.UNDONE, None)
                job_id = await self._jobs.match_item(conn, item_id, force=True)
                return Chosen(item=await self._items.show(conn, library_id, item_id), job_id=job_id)
            created: frozenset[UUID] = frozenset()
            movie_id: UUID | None = None
            if not isinstance(choice, Ignore):
                movie_id, created = await self._film_of(conn, item, choice)
            await self._put_choice(conn, item, movie_id, created)
            kind = ChoiceKind.IGNORED if movie_id is None else ChoiceKind.CHOSEN
            await self._tell_choice(conn, item, kind, movie_id)
            return Chosen(item=await self._items.show(conn, library_id, item_id), job_id=None)

    async def forget_library(self, library_id: UUID) -> int:
        """Delete the films that nobody else has, before a library that was deleted is forgotten; return how many there were."""
        count, after = 0, UUID(int=0)
        while True:
            async with self._pool.acquire() as conn, conn.transaction():
                await self._registry.lock(conn)
                films = await self._movies.of_library(conn, library_id, after=after, limit=_CHUNK)
                if not films:
                    return count
                after = films[-1]
                only_here = await self._movies.only_of(conn, library_id, films)
                await self._entities.delete(conn, only_here)
                await self._events.deleted(conn, only_here, asked_for=False)
                count += len(only_here)

    async def _choose_all(self, conn: Connection, items: Sequence[asyncpg.Record], movie_id: UUID | None) -> None:
        """Keep for ever what items are, None: nothing."""
        by_library: dict[UUID, list[str]] = {}
        for row in items:
            by_library.setdefault(row["library_id"], []).append(row["key"])
        for library_id, keys in by_library.items():
            await self._items.choose(conn, library_id, keys, movie_id)

    async def _tell_choice(
        self, conn: Connection, item: models.MatchItem, kind: ChoiceKind, movie_id: UUID | None
    ) -> None:
        made = ChoiceMade(library_id=item.library_id, item_ids=[item.id], kind=kind, entity_id=movie_id)
        await self._events.chosen(conn, made)

    async def _not_chosen(self, conn: Connection, library_id: UUID, item_id: UUID) -> Exception:
        try:
            item = await self._items.show(conn, library_id, item_id)
        except ItemNotFound as error:
            return error
        return WrongChoice(f"the item {item_id} is of the kind {item.kind!r}, not a film")

    async def _film_of(
        self, conn: Connection, item: models.MatchItem, choice: ByCandidate | ById | ByMovie
    ) -> tuple[UUID, frozenset[UUID]]:
        match choice:
            case ByMovie():
                return await self._film(conn, choice.movie_id), frozenset()
            case ById():
                ids = _checked_id(choice)
                title, year = item.title, item.year
            case ByCandidate():
                candidate = await self._candidate(conn, item, choice.position)
                if candidate.provider == LOCAL:
                    return await self._film(conn, UUID(candidate.provider_id)), frozenset()
                ids, title, year = _candidate_ids(candidate), candidate.title, candidate.year
            case _:
                assert_never(choice)
        details = MovieDetails(provider="choice", ids=ids, title=title, year=year)
        ensured = await self._registry.ensure(conn, [Claim(details=details)])
        return ensured.ids[0], ensured.created

    async def _film(self, conn: Connection, movie_id: UUID) -> UUID:
        if not await self._movies.known(conn, [movie_id]):
            raise MovieNotFound(movie_id)
        return movie_id

    async def _candidate(self, conn: Connection, item: models.MatchItem, position: int) -> models.StoredCandidate:
        view = await self._items.show(conn, item.library_id, item.id)
        for candidate in view.candidates:
            if candidate.position == position:
                return candidate
        raise CandidateNotFound(item.id, position)

    async def _put_choice(
        self, conn: Connection, item: models.MatchItem, movie_id: UUID | None, created: frozenset[UUID]
    ) -> None:
        await self._items.choose(conn, item.library_id, [item.key], movie_id)
        had_items = await self._movies.with_items(conn, [movie_id] if movie_id else [])
        chosen = ItemMatch(
            item_id=item.id,
            state=MatchState.IGNORED if movie_id is None else MatchState.MANUAL,
            movie_id=movie_id,
            confidence=None if movie_id is None else 1.0,
            evidence={"by": "choice"},
        )
        await self._items.set_matches(conn, [chosen], {})
        before = item.movie_id
        is_known = movie_id is not None and movie_id not in created
        if before is not None and before != movie_id and movie_id is not None:
            left = await self._movies.abandoned(conn, [before])
            if left.get(before):
                await merge_entities(conn, {before: movie_id})
        await self._events.matched(
            conn,
            Matched(
                library_id=item.library_id,
                created=sorted(created),
                linked=[movie_id] if movie_id is not None and is_known else [],
                available=[movie_id] if movie_id is not None and is_known and movie_id not in had_items else [],
                unlinked=[before] if before is not None and before != movie_id else [],
            ),
        )


def _version_key(file: LibraryFile) -> tuple[str, str, str, str, str]:
    return (
        str(file.item_id),
        file.edition or "",
        file.resolution or "",
        file.source or "",
        file.release_group or "",
    )


def _checked_id(choice: ById) -> Ids:
    if choice.provider is IdProvider.TVMAZE:
        raise WrongChoice(f"films are not known by ids of {choice.provider.value}")
    if not is_id(choice.provider, choice.value):
        raise WrongChoice(f"{choice.value[:50]!r} is no id of {choice.provider.value}")
    return {choice.provider: choice.value}


def _candidate_ids(candidate: models.StoredCandidate) -> Ids:
    told = candidate.evidence.get("ids") or {}
    own = {candidate.provider: candidate.provider_id}
    return {IdProvider(name): value for name, value in {**own, **told}.items() if name in set(IdProvider)}
