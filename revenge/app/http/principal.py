"""Who makes a request, as the gate found out."""

from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person or a program that calls."""

    account_id: UUID | None = None
    """None: whoever has the server's key, or calls from this machine where no key is set."""
    username: str | None = None
    is_admin: bool = True
    session_id: UUID | None = None


SERVER = Principal()
"""Whoever may do everything."""


def principal_of(request: Request) -> Principal:
    """Return who makes ``request``; the gate has let nobody through whom it does not know."""
    found: Principal = getattr(request.state, "principal", SERVER)
    return found
