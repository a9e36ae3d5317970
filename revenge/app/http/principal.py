"""Who makes a request, as the gate found out."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person or a program that calls."""

    account_id: UUID | None = None
    """None: whoever has the server's key, or calls from this machine where no key is set."""
    username: str | None = None
    is_admin: bool = True
    session_id: UUID | None = None
    """None: it came with a key, not with a login."""


SERVER = Principal()
"""Whoever may do everything."""

NOBODY = Principal(is_admin=False)
"""Whoever calls what needs no key: a login, a health check, a webhook with a secret of its own."""


class Authenticator(Protocol):
    """Knows accounts by the tokens and keys that they were given."""

    def is_token(self, text: str) -> bool:
        """Return whether ``text`` looks like a token or a key of an account, so that nothing else need be tried."""
        ...

    async def authenticate(self, token: str) -> Principal | None:
        """Return whose ``token`` it is; None for one that is unknown, expired, revoked, or of an account that is banned."""
        ...


def principal_of(request: "Request") -> Principal:
    """Return who makes ``request``; the gate has let nobody through whom it does not know."""
    found: Principal = getattr(request.state, "principal", NOBODY)
    return found
