"""Tokens that work once: password resets, address checks, second factors, logins elsewhere."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.values import json_text
from revenge.service.auth.errors import LinkRefused
from revenge.service.auth.models import ConsumedToken, IssuedToken, TokenKind
from revenge.service.auth.statements import statements
from revenge.service.auth.tokens import ONCE_PREFIX, has_form, hash_of, new_token

LIFETIMES: Mapping[TokenKind, timedelta] = {
    TokenKind.PASSWORD_RESET: timedelta(hours=1),
    TokenKind.EMAIL_VERIFICATION: timedelta(days=2),
    TokenKind.MFA_CHALLENGE: timedelta(minutes=5),
    TokenKind.WEBAUTHN_CHALLENGE: timedelta(minutes=5),
    TokenKind.OIDC_STATE: timedelta(minutes=10),
}
"""The kinds that are issued here, and how long one holds unless a call says otherwise."""


class OnceTokens:
    """Issues tokens and takes each back once; what they are for is decided by whoever calls."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._sql = statements()

    async def issue(
        self,
        kind: TokenKind,
        *,
        account_id: UUID | None = None,
        data: Mapping[str, Any] | None = None,
        lifetime: timedelta | None = None,
        conn: Connection | None = None,
    ) -> IssuedToken:
        """Make a token; a reset of a password takes the place of those before it.

        Raises:
            ValueError: tokens of this kind are not issued here.
        """
        if kind not in LIFETIMES:
            raise ValueError(f"tokens of the kind {kind} are not issued here")
        if conn is None:
            async with self._pool.acquire() as own, own.transaction():
                return await self.issue(kind, account_id=account_id, data=data, lifetime=lifetime, conn=own)
        if kind is TokenKind.PASSWORD_RESET and account_id is not None:
            await self.revoke_all(kind, account_id, conn=conn)
        token, token_id = new_token(ONCE_PREFIX), uuid7()
        row = await conn.fetchrow(
            self._sql["token_insert"],
            token_id,
            account_id,
            None,
            kind,
            token.hash,
            None,
            json_text(dict(data or {})),
            lifetime or LIFETIMES[kind],
        )
        return IssuedToken(id=token_id, text=token.text, expires_at=row["expires_at"] if row else None)

    async def consume(self, kind: TokenKind, text: str, *, conn: Connection | None = None) -> ConsumedToken:
        """Use a token up and return what it said.

        Raises:
            LinkRefused: it is unknown, of another kind, used, revoked or expired.
        """
        if kind not in LIFETIMES or not has_form(text, ONCE_PREFIX):
            raise LinkRefused
        row = await (conn or self._pool).fetchrow(self._sql["token_consume"], kind, hash_of(text))
        if row is None:
            raise LinkRefused
        return ConsumedToken(id=row["id"], account_id=row["account_id"], data=orjson.loads(row["data"]))

    async def revoke_all(self, kind: TokenKind, account_id: UUID, *, conn: Connection | None = None) -> int:
        """Let no token of a kind that an account has work any more; return how many did."""
        return len(await (conn or self._pool).fetch(self._sql["token_revoke_all"], kind, account_id))
