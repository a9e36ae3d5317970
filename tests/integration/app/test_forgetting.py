"""What becomes of a deleted library is decided by one at a time."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest

from revenge.app.forgetting import LibraryGraves
from revenge.content.library.errors import LibraryBusy, LibraryNotFound
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.service import LibraryService
from tests.fakes.media_rows import MediaRows
from tests.integration.content.library.conftest import Jobs


class Feature:
    """Has something of libraries, and lets a test do something while that is deleted."""

    def __init__(self, meanwhile: Callable[[UUID], Awaitable[object]]) -> None:
        self._meanwhile = meanwhile
        self.ended: list[type[Exception] | None] = []

    async def forget_library(self, library_id: UUID) -> int:
        try:
            await self._meanwhile(library_id)
        except LibraryBusy:
            self.ended.append(LibraryBusy)
        else:
            self.ended.append(None)
        return 0


@pytest.fixture
async def deleted(pool: asyncpg.Pool) -> UUID:
    library_id = await MediaRows(pool).library("Films")
    await LibraryService(pool, jobs=Jobs()).delete(library_id)
    return library_id


@pytest.mark.parametrize("what", ["restore", "forget"])
async def test_library_that_is_being_forgotten_is_neither_restored_nor_forgotten_again(
    pool: asyncpg.Pool, deleted: UUID, what: str
) -> None:
    """A restore in between brought back a library whose films were gone."""
    repository, service = LibraryRepository(pool), LibraryService(pool, jobs=Jobs())
    others = LibraryGraves(service, repository, features=[])
    feature = Feature(getattr(others, what))
    await LibraryGraves(service, repository, features=[feature]).forget(deleted)
    assert feature.ended == [LibraryBusy]
    with pytest.raises(LibraryNotFound):
        await others.restore(deleted)


async def test_library_whose_forgetting_failed_may_be_restored(pool: asyncpg.Pool, deleted: UUID) -> None:
    async def fail(library_id: UUID) -> None:
        raise ConnectionError

    service = LibraryService(pool, jobs=Jobs())
    graves = LibraryGraves(service, LibraryRepository(pool), features=[Feature(fail)])
    with pytest.raises(ConnectionError):
        await graves.forget(deleted)
    assert (await graves.restore(deleted)).name == "Films"
