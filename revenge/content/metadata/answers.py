"""What providers answered, kept for a while: each thing on its own, so that asking anew touches nothing else."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from weakref import WeakValueDictionary

from pydantic import BaseModel, ValidationError

from revenge.content.library.ports import Pool
from revenge.content.metadata.errors import MetadataError, SourceBusy, SourceDown, SourceRefused, UnknownTitle
from revenge.content.metadata.statements import statements
from revenge.infra.http.errors import CallFailed, LedAway, NotNow, NotThere, Refused

T = TypeVar("T", bound=BaseModel)

_LONGEST_KEY = 1000
"""Bytes: PostgreSQL's indexes take 2,704."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long an answer serves before it is asked for again."""

    titles: timedelta = timedelta(hours=24)
    searches: timedelta = timedelta(hours=24)
    unknown: timedelta = timedelta(hours=1)
    """For what a provider does not have: it may soon."""


class KeptAnswers:
    """The answers of all providers, in a table that all nodes share; what is asked for twice at once is asked once."""

    def __init__(self, pool: Pool, *, keep: Keep) -> None:
        self.keep = keep
        self._pool = pool
        self._sql = statements()
        self._asking: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def ask(
        self,
        provider: str,
        key: str,
        shape: type[T],
        fetch: Callable[[], Awaitable[T]],
        *,
        keep: timedelta,
        fresh: bool = False,
    ) -> T:
        """Return the kept answer, or what ``fetch`` returns, and keep that.

        Args:
            provider: who is asked.
            key: what it is asked, with everything that changes the answer.
            shape: what is kept of it.
            fetch: asks.
            keep: how long the answer serves.
            fresh: ask, whatever is kept.

        Raises:
            UnknownTitle: there is no such thing, as it said, now or lately.
            MetadataError: it could not be asked; nothing is kept of that.
        """
        key = _short(key)
        if not fresh and (kept := await self._kept(provider, key, shape)) is not None:
            return kept
        lock = self._asking.setdefault((provider, key), asyncio.Lock())
        waited = lock.locked()
        async with lock:
            if waited and (kept := await self._kept(provider, key, shape)) is not None:
                return kept
            try:
                found = await fetch()
            except (NotThere, UnknownTitle) as error:
                await self._put(provider, key, None, self.keep.unknown)
                raise UnknownTitle(str(error)) from error
            except CallFailed as error:
                raise told(error) from error
            await self._put(provider, key, found.model_dump_json(by_alias=True, exclude_defaults=True), keep)
            return found

    async def forget_old(self, *, limit: int = 1000) -> int:
        """Remove answers whose time is over, ``limit`` at most, and return how many."""
        return len(await self._pool.fetch(self._sql["answer_forget_old"], limit))

    async def _kept(self, provider: str, key: str, shape: type[T]) -> T | None:
        row = await self._pool.fetchrow(self._sql["answer_get"], provider, key)
        if row is None:
            return None
        if row["answer"] is None:
            raise UnknownTitle(f"{provider} has no {key}")
        try:
            return shape.model_validate_json(row["answer"])
        except ValidationError:  # kept by another version of this program
            return None

    async def _put(self, provider: str, key: str, answer: str | None, keep: timedelta) -> None:
        await self._pool.execute(self._sql["answer_put"], provider, key, answer, keep)


def _short(key: str) -> str:
    """Return a key that an index has room for."""
    return key if len(key.encode()) <= _LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def told(error: CallFailed) -> MetadataError:
    """Return a failed call as an error of metadata."""
    match error:
        case NotThere():
            return UnknownTitle(str(error))
        case Refused() | LedAway():
            return SourceRefused(str(error))
        case NotNow():
            return SourceBusy(str(error), retry_after=error.retry_after)
        case _:
            return SourceDown(str(error))
