"""Which accounts may do what with which libraries."""

from uuid import UUID

import asyncpg

from revenge.infra.database.connection import Pool
from revenge.service.auth.errors import AccountNotFound, LibraryUnknown, PermissionNotFound
from revenge.service.auth.models import Actor, Grant, Permission
from revenge.service.auth.ports import AuthEvent, AuthEvents, NoAuthEvents
from revenge.service.auth.records import grant_from
from revenge.service.auth.statements import statements


class PermissionService:
    """Gives permissions and takes them; administrators need none."""

    def __init__(self, pool: Pool, *, events: AuthEvents | None = None) -> None:
        self._pool = pool
        self._events = events or NoAuthEvents()
        self._sql = statements()

    async def libraries_of(self, account_id: UUID, permission: Permission) -> frozenset[UUID]:
        """Return the libraries that an account has ``permission`` for; deleted ones are left out."""
        rows = await self._pool.fetch(self._sql["permission_libraries"], account_id, permission)
        return frozenset(row["library_id"] for row in rows)

    async def grant(self, library_id: UUID, account_id: UUID, permission: Permission, *, actor: Actor) -> bool:
        """Give a permission; return whether it is new.

        Raises:
            AccountNotFound: there is no such account.
            LibraryUnknown: there is no such library.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            try:
                made = await conn.fetchval(self._sql["permission_insert"], library_id, account_id, permission)
            except asyncpg.ForeignKeyViolationError as error:
                if "account" in (error.constraint_name or ""):
                    raise AccountNotFound(account_id) from error
                raise LibraryUnknown(library_id) from error
            if made is not None:
                changes = {"permission": permission.value, "library_id": str(library_id)}
                event = AuthEvent(
                    action="library.permission.grant",
                    actor=actor,
                    account_id=account_id,
                    changes=changes,
                    resource_id=library_id,
                )
                await self._events.happened(conn, event)
            return made is not None

    async def revoke(
        self, library_id: UUID, account_id: UUID, permission: Permission | None = None, *, actor: Actor
    ) -> int:
        """Take a permission, or all that an account has for a library; return how many.

        Raises:
            PermissionNotFound: it had none of them.
        """
        async with self._pool.acquire() as conn, conn.transaction():
            rows = await conn.fetch(self._sql["permission_delete"], library_id, account_id, permission)
            if not rows:
                raise PermissionNotFound(library_id, account_id)
            changes = {"permissions": [row["permission"] for row in rows], "library_id": str(library_id)}
            event = AuthEvent(
                action="library.permission.revoke",
                actor=actor,
                account_id=account_id,
                changes=changes,
                resource_id=library_id,
            )
            await self._events.happened(conn, event)
            return len(rows)

    async def list(
        self, library_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Grant], str | None]:
        """Return who may do what with a library, and the next page's cursor.

        Raises:
            ValueError: the cursor is none of ours.
        """
        after, permission = UUID(int=0), ""
        if cursor:
            head, _, permission = cursor.partition(":")
            after = UUID(head)
        rows = await self._pool.fetch(self._sql["permission_list"], library_id, after, permission, limit + 1)
        more = None
        if len(rows) > limit:
            last = rows[limit - 1]
            more = f"{last['account_id']}:{last['permission']}"
        return [grant_from(row) for row in rows[:limit]], more
