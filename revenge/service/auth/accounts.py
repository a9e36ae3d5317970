"""Accounts: made, changed, banned, deleted, and their passwords."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection, Pool
from revenge.infra.database.cursors import decode_text, encode_text
from revenge.service.auth.errors import (
    AccountNotFound,
    InvalidAccount,
    LastAdministrator,
    LinkRefused,
    UsernameTaken,
    WrongPassword,
)
from revenge.service.auth.models import Account, AccountPage, Actor, NewAccount
from revenge.service.auth.passwords import LONGEST, SHORTEST, Passwords
from revenge.service.auth.ports import AuthEvent, AuthEvents, NoAuthEvents
from revenge.service.auth.records import account_from
from revenge.service.auth.sessions import revoke_sessions
from revenge.service.auth.statements import statements

_CHANGEABLE = frozenset({"email", "display_name", "is_admin", "is_active"})
_LONGEST_NAME = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class AccountService:
    """Whoever calls has made sure that the actor may do it."""

    def __init__(self, pool: Pool, *, passwords: Passwords, events: AuthEvents | None = None) -> None:
        self._pool = pool
        self._passwords = passwords
        self._events = events or NoAuthEvents()
        self._sql = statements()

    async def create(self, wanted: NewAccount, *, actor: Actor) -> Account:
        """Make an account.

        Raises:
            InvalidAccount: a field is wrong.
            UsernameTaken: another account has the name or the address.
        """
        username = _checked_name(wanted.username)
        email, display_name = _checked_email(wanted.email), _checked_text("display_name", wanted.display_name)
        kept = None if wanted.password is None else await self._passwords.hash(checked_password(wanted.password))
        account_id = uuid7()
        async with self._pool.acquire() as conn, conn.transaction():
            try:
                await conn.execute(
                    self._sql["account_insert"], account_id, username, email, display_name, kept, wanted.is_admin
                )
            except asyncpg.UniqueViolationError as error:
                raise _taken(error, username, email) from error
            account = await self.get(account_id, conn=conn)
            await self._tell(conn, "user.create", account, actor, {"is_admin": account.is_admin})
            return account

    async def get(self, account_id: UUID, *, conn: Connection | None = None) -> Account:
        """Return an account.

        Raises:
            AccountNotFound: there is none.
        """
        row = await (conn or self._pool).fetchrow(self._sql["account_get"], account_id)
        if row is None:
            raise AccountNotFound(account_id)
        return account_from(row)

    async def find(self, username: str) -> Account:
        """Return the account of a name, in whatever case.

        Raises:
            AccountNotFound: there is none.
        """
        account_id = await self._pool.fetchval(self._sql["account_find"], username)
        if account_id is None:
            raise AccountNotFound(username)
        return await self.get(account_id)

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> AccountPage:
        """Return accounts by name; ``ValueError`` for a cursor that is none of ours."""
        after = decode_text(cursor) if cursor else ""
        rows = await self._pool.fetch(self._sql["account_list"], after, limit + 1)
        more = encode_text(rows[limit - 1]["sort_key"]) if len(rows) > limit else None
        return AccountPage([account_from(row) for row in rows[:limit]], more)

    async def update(self, account_id: UUID, changes: Mapping[str, Any], *, actor: Actor) -> Account:
        """Change an account: its address, the name that is shown, whether it administers, whether it is banned.

        Who is banned loses every session at once, and every key as long as the ban lasts.

        Raises:
            AccountNotFound: there is no such account.
            InvalidAccount: a field is wrong, or cannot be changed.
            UsernameTaken: another account has the address.
            LastAdministrator: nobody would be left who may administer.
        """
        if unknown := sorted(changes.keys() - _CHANGEABLE):
            raise InvalidAccount(unknown[0], "cannot be changed")
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["account_lock"])
            before = await self.get(account_id, conn=conn)
            after = replace(before, **changes)
            email, display_name = _checked_email(after.email), _checked_text("display_name", after.display_name)
            if before.is_admin and before.is_active and not (after.is_admin and after.is_active):
                await self._check_other_admin(conn, account_id)
            try:
                await conn.execute(
                    self._sql["account_update"], account_id, email, display_name, after.is_admin, after.is_active
                )
            except asyncpg.UniqueViolationError as error:
                raise _taken(error, before.username, email) from error
            if not after.is_active:
                await revoke_sessions(conn, account_id, reason="the account was banned")
            account = await self.get(account_id, conn=conn)
            await self._tell_changes(conn, before, account, actor)
            return account

    async def delete(self, account_id: UUID, *, actor: Actor) -> None:
        """Delete an account, with all that is its own.

        Raises:
            AccountNotFound: there is no such account.
            LastAdministrator: nobody would be left who may administer.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["account_lock"])
            account = await self.get(account_id, conn=conn)
            if account.is_admin and account.is_active:
                await self._check_other_admin(conn, account_id)
            await conn.execute(self._sql["account_delete"], account_id)
            await self._tell(conn, "user.delete", account, actor)

    async def change_password(
        self, account_id: UUID, *, present: str, wanted: str, actor: Actor, session_id: UUID | None = None
    ) -> None:
        """Change one's own password; every session but ``session_id`` ends.

        Raises:
            AccountNotFound: there is no such account.
            WrongPassword: ``present`` is not the password.
            InvalidAccount: the new one is too short, or too long.
        """
        account = await self.get(account_id)
        kept = await self._pool.fetchrow(self._sql["account_credentials"], account.username)
        if not await self._passwords.verify(present, kept["password_hash"] if kept else None):
            raise WrongPassword
        await self._put_password(account, wanted, actor, "user.password_change", keep=session_id)

    async def set_password(self, account_id: UUID, wanted: str, *, actor: Actor) -> None:
        """Set an account's password for it; every session of it ends.

        Raises:
            AccountNotFound: there is no such account.
            InvalidAccount: the password is too short, or too long.
        """
        await self._put_password(await self.get(account_id), wanted, actor, "user.password_reset")

    async def confirm_email(self, account_id: UUID, email: str, *, actor: Actor) -> Account:
        """Note that somebody reads what is sent to ``email``, where that is the account's address still.

        Raises:
            AccountNotFound: there is no such account.
            LinkRefused: it has another address by now.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["account_lock"])
            account = await self.get(account_id, conn=conn)
            if account.email != email:
                raise LinkRefused
            await conn.execute(self._sql["account_set_email_verified"], account_id)
            await self._tell(conn, "user.email_verify", account, actor)
            return await self.get(account_id, conn=conn)

    async def _put_password(
        self, account: Account, wanted: str, actor: Actor, action: str, *, keep: UUID | None = None
    ) -> None:
        hashed = await self._passwords.hash(checked_password(wanted))
        async with self._pool.acquire() as conn, conn.transaction():
            await conn.execute(self._sql["account_set_password"], account.id, hashed)
            await revoke_sessions(conn, account.id, keep=keep, reason="the password was changed")
            await self._tell(conn, action, account, actor)

    async def _check_other_admin(self, conn: Connection, account_id: UUID) -> None:
        if not await conn.fetchval(self._sql["account_other_admin"], account_id):
            raise LastAdministrator

    async def _tell_changes(self, conn: Connection, before: Account, after: Account, actor: Actor) -> None:
        if before.is_admin != after.is_admin:
            await self._tell(conn, f"admin.role.{'assign' if after.is_admin else 'revoke'}", after, actor)
        if before.is_active != after.is_active:
            await self._tell(conn, f"admin.user.{'unban' if after.is_active else 'ban'}", after, actor)
        changed = {
            field.name: {"from": getattr(before, field.name), "to": getattr(after, field.name)}
            for field in fields(Account)
            if field.name in _CHANGEABLE and getattr(before, field.name) != getattr(after, field.name)
        }
        if changed:
            await self._tell(conn, "user.update", after, actor, changed)

    async def _tell(
        self, conn: Connection, action: str, account: Account, actor: Actor, changes: Mapping[str, Any] | None = None
    ) -> None:
        event = AuthEvent(
            action=action, actor=actor, account_id=account.id, username=account.username, changes=changes or {}
        )
        await self._events.happened(conn, event)


def checked_password(password: str) -> str:
    """Return a password that may be one.

    Raises:
        InvalidAccount: it is too short, or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidAccount("password", f"must have {SHORTEST} to {LONGEST} characters, has {len(password)}")
    return password


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidAccount("username", f"must be 1 to {_LONGEST_NAME} printable characters, got {name[:50]!r}")
    return name


def _checked_email(email: str | None) -> str | None:
    checked = _checked_text("email", email)
    if checked is not None and not _EMAIL.fullmatch(checked):
        raise InvalidAccount("email", f"must be an address such as ada@example.org, got {checked[:50]!r}")
    return checked


def _checked_text(field: str, text: str | None) -> str | None:
    text = text.strip() if text is not None else None
    if text and (len(text) > _LONGEST_NAME or not text.isprintable()):
        raise InvalidAccount(field, f"must be at most {_LONGEST_NAME} printable characters")
    return text or None


def _taken(error: asyncpg.UniqueViolationError, username: str, email: str | None) -> UsernameTaken:
    if error.constraint_name == "account_email_key":
        return UsernameTaken("address", email or "")
    return UsernameTaken("name", username)
