"""What accounts have watched, and how far."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from revenge.infra.database.connection import Connection, Pool
from revenge.service.playback.errors import BeyondTheEnd, NothingToPlay, NotWatched
from revenge.service.playback.models import Viewing, Watched
from revenge.service.playback.records import watched_from
from revenge.service.playback.statements import statements

SLACK_S = 10
"""Players round, and containers lie by seconds."""


class WatchedService:
    """``only`` is what the account may see, None is everything; it decides nothing else."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def put(
        self, account_id: UUID, entity_id: UUID, viewing: Viewing, *, only: Collection[UUID] | None
    ) -> Watched:
        """Remember how far an account is; a film that was watched to its end counts once more each time it is.

        Raises:
            NothingToPlay: there is no such film or episode, or not for this account.
            BeyondTheEnd: it ends before the position.
        """
        check_position(viewing.position_s, viewing.duration_s)
        async with self._pool.acquire() as conn, conn.transaction():
            libraries = None if only is None else list(only)
            if not await conn.fetchval(self._sql["entity_visible"], entity_id, libraries):
                raise NothingToPlay(entity_id)
            return await put_watched(conn, account_id, entity_id, viewing)

    async def get(self, account_id: UUID, entity_id: UUID) -> Watched:
        """Return how far an account is.

        Raises:
            NotWatched: it has not watched any of it.
        """
        row = await self._pool.fetchrow(self._sql["watched_get"], account_id, entity_id)
        if row is None:
            raise NotWatched(entity_id)
        return watched_from(row)

    async def forget(self, account_id: UUID, entity_id: UUID) -> None:
        """Forget that an account has watched something.

        Raises:
            NotWatched: it has not watched any of it.
        """
        if await self._pool.fetchval(self._sql["watched_delete"], account_id, entity_id) is None:
            raise NotWatched(entity_id)

    async def list(
        self, account_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Watched], str | None]:
        """Return what an account has watched, the latest first, and the next page's cursor.

        Raises:
            ValueError: the cursor is none of ours.
        """
        moment, entity_id = _read_cursor(cursor)
        rows = await self._pool.fetch(self._sql["watched_list"], account_id, moment, entity_id, limit + 1)
        more = None
        if len(rows) > limit:
            last = rows[limit - 1]
            more = f"{last['last_watched_at'].isoformat()}_{last['entity_id']}"
        return [watched_from(row) for row in rows[:limit]], more


def check_position(position_s: int, duration_s: int | None) -> None:
    """Do nothing where somebody may be at ``position_s`` of what takes ``duration_s``, None is unknown.

    Raises:
        BeyondTheEnd: they cannot be; a player that counts a little further than the file says may.
    """
    if duration_s is not None and position_s > duration_s + SLACK_S:
        raise BeyondTheEnd(position_s, duration_s)


async def put_watched(conn: Connection, account_id: UUID, entity_id: UUID, viewing: Viewing) -> Watched:
    """Remember how far an account is, in the caller's transaction."""
    row = await conn.fetchrow(
        statements()["watched_put"],
        account_id,
        entity_id,
        viewing.position_s,
        viewing.duration_s,
        viewing.completed,
    )
    if row is None:
        raise NothingToPlay(entity_id)
    return watched_from(row)


def _read_cursor(cursor: str | None) -> tuple[datetime | None, UUID | None]:
    if not cursor:
        return None, None
    moment, _, entity_id = cursor.partition("_")
    at = datetime.fromisoformat(moment)
    if at.tzinfo is None:
        raise ValueError(f"{cursor!r} is no cursor of this list")
    return at, UUID(entity_id)
