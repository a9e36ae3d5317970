"""What is played now: begun, heard of, stopped."""

from collections.abc import Collection, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.service.playback.errors import NothingToPlay, PlaybackNotFound, TooManyPlaybacks, WrongFile
from revenge.service.playback.models import NewPlayback, Playback, PlaybackConfig, Viewing
from revenge.service.playback.ports import NoPlaybackEvents, PlaybackEvents
from revenge.service.playback.records import playback_from
from revenge.service.playback.statements import statements
from revenge.service.playback.watched import check_position, put_watched


class PlaybackService:
    """Each beat also remembers how far the account has watched, in the same transaction."""

    def __init__(
        self, pool: Pool, *, node: str, config: PlaybackConfig | None = None, events: PlaybackEvents | None = None
    ) -> None:
        """``node`` is where segments of what is begun here are made."""
        self._pool = pool
        self._node = node
        self._config = config or PlaybackConfig()
        self._events = events or NoPlaybackEvents()
        self._sql = statements()

    async def start(self, account_id: UUID, wanted: NewPlayback, *, only: Collection[UUID] | None) -> Playback:
        """Begin to play. ``only`` is what the account may see, None is everything.

        Raises:
            NothingToPlay: there is no such film, episode or file, or not for this account.
            WrongFile: the file is none of the film or the episode.
            BeyondTheEnd: the file ends before ``position_s``.
            TooManyPlaybacks: the account plays as much as it may.
        """
        libraries, config = None if only is None else list(only), self._config
        async with self._pool.acquire() as conn, conn.transaction():
            if not await conn.fetchval(self._sql["entity_visible"], wanted.entity_id, libraries):
                raise NothingToPlay(wanted.entity_id)
            if wanted.file_id:
                await self._check_file(conn, wanted.file_id, wanted, libraries)
            await conn.execute(self._sql["playback_lock"], account_id)
            if await conn.fetchval(self._sql["playback_count"], account_id, config.timeout) >= config.max_sessions:
                raise TooManyPlaybacks(config.max_sessions)
            row = await conn.fetchrow(
                self._sql["playback_insert"],
                uuid7(),
                account_id,
                wanted.entity_id,
                wanted.file_id,
                self._node,
                wanted.client,
                wanted.position_s,
            )
            if row is None:
                raise NothingToPlay(wanted.entity_id)
            playback = playback_from(row)
            await self._events.started(conn, playback)
            return playback

    async def beat(self, account_id: UUID, playback_id: UUID, viewing: Viewing) -> Playback:
        """Say that it is played still, and where.

        Raises:
            PlaybackNotFound: the account plays no such thing, or no longer.
            BeyondTheEnd: it ends before the position.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            return await self._beat(conn, account_id, playback_id, viewing, None)

    async def stop(self, account_id: UUID, playback_id: UUID, viewing: Viewing) -> Playback:
        """Say that it is played no more, and where it stopped.

        Raises:
            PlaybackNotFound: the account plays no such thing, or no longer.
            BeyondTheEnd: it ends before the position.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            playback = await self._beat(conn, account_id, playback_id, viewing, "stopped")
            await self._events.stopped(conn, playback)
            return playback

    async def list(
        self, account_id: UUID | None, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Playback], str | None]:
        """Return what an account plays now, None is everybody, the newest first, and the next page's cursor.

        Raises:
            ValueError: the cursor is none of ours.
        """
        before = UUID(cursor) if cursor else None
        rows = await self._pool.fetch(self._sql["playback_list"], account_id, before, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return [playback_from(row) for row in rows[:limit]], more

    async def _check_file(
        self, conn: Connection, file_id: UUID, wanted: NewPlayback, libraries: Sequence[UUID] | None
    ) -> None:
        file = await conn.fetchrow(self._sql["file_visible"], file_id, libraries, wanted.entity_id)
        if file is None:
            raise NothingToPlay(file_id)
        if not file["is_of_it"]:
            raise WrongFile(file_id, wanted.entity_id)
        check_position(wanted.position_s, file["duration_s"])

    async def _beat(
        self, conn: Connection, account_id: UUID, playback_id: UUID, viewing: Viewing, reason: str | None
    ) -> Playback:
        duration_s = viewing.duration_s
        if duration_s is None:
            duration_s = await conn.fetchval(self._sql["playback_duration"], playback_id, account_id)
        check_position(viewing.position_s, duration_s)
        row = await conn.fetchrow(self._sql["playback_beat"], playback_id, account_id, viewing.position_s, reason)
        if row is None:
            raise PlaybackNotFound(playback_id)
        if row["entity_id"] is not None:
            await put_watched(conn, account_id, row["entity_id"], viewing)
        return playback_from(row)
