"""Logins: made with a password, renewed with a refresh token, ended."""

import ipaddress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.values import clean_text
from revenge.service.auth.config import AuthConfig
from revenge.service.auth.errors import LoginRefused, SessionNotFound, TokenRefused, TooManyLogins
from revenge.service.auth.models import Actor, Caller, Identity, Login, Session, TokenKind
from revenge.service.auth.passwords import LONGEST, Passwords
from revenge.service.auth.ports import AuthEvent, AuthEvents, NoAuthEvents
from revenge.service.auth.records import account_from, session_from
from revenge.service.auth.statements import statements
from revenge.service.auth.tokens import REFRESH_PREFIX, SESSION_PREFIX, has_form, hash_of, new_token

_LONGEST_TEXT = 255


class SessionService:
    """Whoever calls has made sure that the actor may look at and end the sessions it names."""

    def __init__(
        self, pool: Pool, *, passwords: Passwords, events: AuthEvents | None = None, config: AuthConfig | None = None
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._events = events or NoAuthEvents()
        self._config = config or AuthConfig()
        self._sql = statements()

    async def login(self, username: str, password: str, *, caller: Caller) -> Login:
        """Begin a session.

        A name that nobody has, a wrong password, no password and a ban take as long and are answered alike.

        Raises:
            LoginRefused: name and password do not go together.
            TooManyLogins: too many have failed already; the password was not looked at.
        """
        username, caller = clean_text(username)[:_LONGEST_TEXT], clean_caller(caller)
        await self._count_try(username, caller)
        known = await self._pool.fetchrow(self._sql["account_credentials"], username)
        kept = known["password_hash"] if known else None
        fits = len(password) <= LONGEST and await self._passwords.verify(password, kept)
        if not fits or known is None or not known["is_active"]:
            await self._refuse(username, known, caller)
            raise LoginRefused
        outdated = kept is not None and self._passwords.is_outdated(kept)
        hashed = await self._passwords.hash(password) if outdated else None
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["failed_login_forgive"], username, caller.ip_address)
            await conn.execute(self._sql["account_logged_in"], known["id"])
            if hashed:
                await conn.execute(self._sql["account_set_password"], known["id"], hashed)
            session = await self._begin(conn, known["id"], caller)
            await self._make_room(conn, known["id"])
            actor = Actor(account_id=known["id"], username=known["username"], caller=caller)
            await self._tell(conn, "user.login", actor, session_id=session.session_id)
            return session

    async def refresh(self, refresh_token: str, *, caller: Caller) -> Login:
        """Give a session a new token, and a new refresh token for the next time.

        A refresh token works once. When one comes a second time, somebody else has it: its session ends for both.

        Raises:
            TokenRefused: the token is unknown, used, revoked or expired, or its session is over.
        """
        if not has_form(refresh_token, REFRESH_PREFIX):
            raise TokenRefused
        hashed = hash_of(refresh_token)
        async with self._pool.acquire() as conn, conn.transaction():
            used = await conn.fetchrow(self._sql["token_consume"], TokenKind.REFRESH, hashed)
            login = None if used is None else await self._renew(conn, used["session_id"])
            if login is None:
                await self._end_if_reused(conn, hashed, clean_caller(caller))
        if login is None:
            raise TokenRefused
        return login

    async def identify(self, token: str) -> Identity | None:
        """Return whose session ``token`` is; None when it is no session's that holds."""
        if not has_form(token, SESSION_PREFIX):
            return None
        row = await self._pool.fetchrow(self._sql["session_identify"], hash_of(token), self._config.idle)
        if row is None:
            return None
        if row["is_stale"]:
            await self._pool.execute(self._sql["session_touch"], row["session_id"])
        return Identity(
            account_id=row["account_id"],
            username=row["username"],
            is_admin=row["is_admin"],
            session_id=row["session_id"],
        )

    async def logout(self, session_id: UUID, *, actor: Actor) -> None:
        """End the actor's own session; one that has ended stays so."""
        if actor.account_id is None:
            return
        async with self._pool.acquire() as conn, conn.transaction():
            if await revoke_sessions(conn, actor.account_id, session_id=session_id, reason="logout"):
                await self._tell(conn, "user.logout", actor, session_id=session_id)

    async def revoke(self, account_id: UUID, session_id: UUID, *, actor: Actor) -> None:
        """End a session of an account.

        Raises:
            SessionNotFound: the account has no such session that holds.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            if not await revoke_sessions(conn, account_id, session_id=session_id, reason="revoked"):
                raise SessionNotFound(session_id)
            await self._tell(conn, "session.revoke", actor, account_id=account_id, session_id=session_id)

    async def revoke_all(self, account_id: UUID, *, actor: Actor) -> int:
        """End every session of an account; return how many."""
        async with self._pool.acquire() as conn, conn.transaction():
            ended = await revoke_sessions(conn, account_id, reason="revoked")
            if ended:
                await self._tell(conn, "session.revoke", actor, account_id=account_id)
            return ended

    async def list(
        self, account_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Session], str | None]:
        """Return an account's sessions that hold, newest first, and the next page's cursor.

        Raises:
            ValueError: the cursor is none of ours.
        """
        before = UUID(cursor) if cursor else None
        rows = await self._pool.fetch(self._sql["session_list"], account_id, before, limit + 1)
        more = str(rows[limit - 1]["id"]) if len(rows) > limit else None
        return [session_from(row) for row in rows[:limit]], more

    async def count_active(self) -> int:
        """Return how many sessions of all accounts hold: the same on every node."""
        return int(await self._pool.fetchval(self._sql["session_count_active"]))

    async def _count_try(self, username: str, caller: Caller) -> None:
        """Count this try as failed until it is known not to be: a thousand at once are no more than one after the other.

        Raises:
            TooManyLogins: there have been too many.
        """
        config = self._config
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["failed_login_lock"], username)
            row = await conn.fetchrow(self._sql["failed_login_count"], username, caller.ip_address, config.window)
            if row and (row["of_name"] >= config.failures_by_name or row["of_address"] >= config.failures_by_address):
                left = config.window - timedelta(seconds=row["oldest_s"] or 0.0)
                raise TooManyLogins(max(left, timedelta(seconds=1)))
            await conn.execute(self._sql["failed_login_insert"], uuid7(), username, caller.ip_address)

    async def _refuse(self, username: str, known: asyncpg.Record | None, caller: Caller) -> None:
        event = AuthEvent(
            action="user.login",
            actor=Actor(account_id=known["id"] if known else None, username=username, caller=caller),
            account_id=known["id"] if known else None,
            username=username,
            success=False,
            error="wrong name or password" if known is None or known["is_active"] else "the account is banned",
        )
        async with self._pool.acquire() as conn, conn.transaction():
            await self._events.happened(conn, event)

    async def _begin(self, conn: Connection, account_id: UUID, caller: Caller) -> Login:
        token, session_id, config = new_token(SESSION_PREFIX), uuid7(), self._config
        await conn.execute(
            self._sql["session_insert"],
            session_id,
            account_id,
            token.hash,
            caller.device_name,
            caller.ip_address,
            caller.user_agent,
            config.token_lifetime,
            config.session_lifetime,
        )
        times = await conn.fetchrow(self._sql["session_times"], session_id)
        return await self._hand_out(conn, account_id, session_id, token.text, times)

    async def _renew(self, conn: Connection, session_id: UUID) -> Login | None:
        owner = await conn.fetchrow(self._sql["refresh_owner"], session_id, self._config.idle)
        if owner is None or not owner["holds"]:
            return None
        token, config = new_token(SESSION_PREFIX), self._config
        times = await conn.fetchrow(
            self._sql["session_renew"], session_id, token.hash, config.token_lifetime, config.session_lifetime
        )
        return await self._hand_out(conn, owner["account_id"], session_id, token.text, times)

    async def _hand_out(
        self, conn: Connection, account_id: UUID, session_id: UUID, text: str, times: asyncpg.Record | None
    ) -> Login:
        refresh = new_token(REFRESH_PREFIX)
        kept = await conn.fetchrow(
            self._sql["token_insert"],
            uuid7(),
            account_id,
            session_id,
            TokenKind.REFRESH,
            refresh.hash,
            None,
            "{}",
            self._config.session_lifetime,
        )
        account = await conn.fetchrow(self._sql["account_get"], account_id)
        if times is None or kept is None or account is None:
            raise TokenRefused
        return Login(
            account=account_from(account),
            session_id=session_id,
            token=text,
            expires_at=times["token_expires_at"],
            refresh_token=refresh.text,
            refresh_expires_at=kept["expires_at"],
        )

    async def _end_if_reused(self, conn: Connection, hashed: bytes, caller: Caller) -> None:
        used = await conn.fetchrow(self._sql["token_used"], TokenKind.REFRESH, hashed)
        if used is None:
            return
        reason = "a refresh token came twice"
        if await revoke_sessions(conn, used["account_id"], session_id=used["session_id"], reason=reason):
            actor = Actor(caller=caller)
            await self._tell(
                conn,
                "session.revoke",
                actor,
                account_id=used["account_id"],
                session_id=used["session_id"],
                error=reason,
            )

    async def _make_room(self, conn: Connection, account_id: UUID) -> None:
        for row in await conn.fetch(self._sql["session_excess"], account_id, self._config.max_sessions):
            await revoke_sessions(conn, account_id, session_id=row["id"], reason="too many sessions")

    async def _tell(
        self,
        conn: Connection,
        action: str,
        actor: Actor,
        *,
        account_id: UUID | None = None,
        session_id: UUID | None = None,
        error: str | None = None,
    ) -> None:
        event = AuthEvent(
            action=action,
            actor=actor,
            account_id=account_id or actor.account_id,
            username=actor.username,
            resource_id=session_id,
            success=error is None,
            error=error,
        )
        await self._events.happened(conn, event)


async def revoke_sessions(
    conn: Connection, account_id: UUID, *, session_id: UUID | None = None, keep: UUID | None = None, reason: str
) -> int:
    """End sessions of an account, with their refresh tokens; return how many. ``session_id``: None is all but ``keep``."""
    return len(await conn.fetch(statements()["session_revoke"], account_id, session_id, keep, reason))


def clean_caller(caller: Caller) -> Caller:
    """Return the caller as the tables can hold it."""
    address = caller.ip_address
    try:
        address = str(ipaddress.ip_address((address or "").partition("%")[0]))
    except ValueError:
        address = None
    return replace(
        caller, ip_address=address, user_agent=_short(caller.user_agent), device_name=_short(caller.device_name)
    )


def _short(text: str | None) -> str | None:
    return clean_text(text)[:_LONGEST_TEXT] if text else None
