"""Who may do what: administrators everything, accounts the routes that are open to them, in libraries that are."""

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar
from uuid import UUID

from revenge.app.http.principal import Principal
from revenge.app.http.refusals import forbidden
from revenge.content.library.errors import LibraryNotFound
from revenge.service.auth.models import Permission

_MARK = "_is_open_to_accounts"
OPEN = "Every account may call this."

R = TypeVar("R", bound=Callable[..., Any])


class LibraryRights(Protocol):
    """What accounts may do with libraries."""

    async def libraries_of(self, account_id: UUID, permission: Permission) -> frozenset[UUID]:
        """Return the libraries that an account has ``permission`` for."""
        ...


def open_to_accounts(route: R) -> R:
    """Let every account call ``route``, not administrators alone; the route looks itself what the account may see.

    The API's description says so, too.
    """
    setattr(route, _MARK, True)
    route.__doc__ = f"{inspect.cleandoc(route.__doc__ or '')}\n\n{OPEN}"
    return route


def is_open(endpoint: object) -> bool:
    """Return whether every account may call ``endpoint``."""
    return getattr(endpoint, _MARK, False)


class Access:
    """Answers which libraries whoever calls may see, change and play."""

    def __init__(self, rights: LibraryRights | None = None) -> None:
        """``rights``: None where there are no accounts."""
        self._rights = rights

    async def visible_libraries(
        self, principal: Principal, permission: Permission = Permission.VIEW
    ) -> frozenset[UUID] | None:
        """Return the libraries that ``principal`` has ``permission`` for; None: all of them."""
        if principal.is_admin:
            return None
        if principal.account_id is None or self._rights is None:
            return frozenset()
        return await self._rights.libraries_of(principal.account_id, permission)

    async def require(self, principal: Principal, library_id: UUID, permission: Permission = Permission.VIEW) -> None:
        """Do nothing where ``principal`` has ``permission`` for the library.

        Raises:
            LibraryNotFound: it may not even know that the library is there.
            ProblemError: 403: it may see the library and no more.
        """
        allowed = await self.visible_libraries(principal, permission)
        if allowed is None or library_id in allowed:
            return
        if permission is not Permission.VIEW:
            await self.require(principal, library_id)
            raise forbidden(f"this account lacks the permission {permission.value!r} for the library")
        raise LibraryNotFound(library_id)
