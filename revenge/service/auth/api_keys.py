"""Keys of accounts for programs: named, revocable, shown once."""

from datetime import timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Pool
from revenge.service.auth.config import AuthConfig
from revenge.service.auth.errors import AccountNotFound, ApiKeyNotFound, InvalidAccount, TooManyKeys
from revenge.service.auth.models import Actor, ApiKey, Identity, IssuedToken, TokenKind
from revenge.service.auth.ports import AuthEvent, AuthEvents, NoAuthEvents
from revenge.service.auth.records import key_from
from revenge.service.auth.statements import statements
from revenge.service.auth.tokens import KEY_PREFIX, has_form, hash_of, new_token

_LONGEST_NAME = 100


class ApiKeyService:
    """Whoever calls has made sure that the actor may do it; a key may what its account may."""

    def __init__(self, pool: Pool, *, events: AuthEvents | None = None, config: AuthConfig | None = None) -> None:
        self._pool = pool
        self._events = events or NoAuthEvents()
        self._config = config or AuthConfig()
        self._sql = statements()

    async def create(
        self, account_id: UUID, name: str, *, actor: Actor, lifetime: timedelta | None = None
    ) -> IssuedToken:
        """Make a key; its text is returned here and never again. ``lifetime``: None is until it is revoked.

        Raises:
            AccountNotFound: there is no such account.
            InvalidAccount: the name is empty, or too long.
            TooManyKeys: the account has as many as it may have.
        """
        name = name.strip()
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise InvalidAccount("name", f"must be 1 to {_LONGEST_NAME} printable characters")
        token, key_id = new_token(KEY_PREFIX), uuid7()
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["account_lock"])
            if await conn.fetchrow(self._sql["account_get"], account_id) is None:
                raise AccountNotFound(account_id)
            if await conn.fetchval(self._sql["api_key_count"], account_id) >= self._config.max_keys:
                raise TooManyKeys(self._config.max_keys)
            row = await conn.fetchrow(
                self._sql["token_insert"],
                key_id,
                account_id,
                None,
                TokenKind.API_KEY,
                token.hash,
                name,
                "{}",
                lifetime,
            )
            await self._events.happened(conn, _event("apikey.create", actor, account_id, key_id, name))
        return IssuedToken(id=key_id, text=token.text, expires_at=row["expires_at"] if row else None)

    async def list(
        self, account_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[ApiKey], str | None]:
        """Return an account's keys that hold, oldest first, and the next page's cursor.

        Raises:
            ValueError: the cursor is none of ours.
        """
        after = UUID(cursor) if cursor else None
        rows = await self._pool.fetch(self._sql["api_key_list"], account_id, after, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return [key_from(row) for row in rows[:limit]], more

    async def revoke(self, account_id: UUID, key_id: UUID, *, actor: Actor) -> None:
        """Let a key work no more.

        Raises:
            ApiKeyNotFound: the account has no such key.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            name = await conn.fetchval(self._sql["api_key_revoke"], account_id, key_id)
            if name is None:
                raise ApiKeyNotFound(key_id)
            await self._events.happened(conn, _event("apikey.revoke", actor, account_id, key_id, name))

    async def identify(self, key: str) -> Identity | None:
        """Return whose key it is; None when it is nobody's that holds."""
        if not has_form(key, KEY_PREFIX):
            return None
        row = await self._pool.fetchrow(self._sql["api_key_identify"], hash_of(key))
        if row is None:
            return None
        if row["is_stale"]:
            await self._pool.execute(self._sql["api_key_touch"], row["id"])
        return Identity(
            account_id=row["account_id"], username=row["username"], is_admin=row["is_admin"], session_id=None
        )


def _event(action: str, actor: Actor, account_id: UUID, key_id: UUID, name: str) -> AuthEvent:
    return AuthEvent(
        action=action,
        actor=actor,
        account_id=account_id,
        username=actor.username,
        changes={"name": name},
        resource_id=key_id,
    )
