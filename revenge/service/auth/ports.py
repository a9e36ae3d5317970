"""What accounts need of others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from revenge.infra.database.connection import Connection
from revenge.service.auth.models import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthEvent:
    """Something that happened to an account; nothing in it is secret."""

    action: str
    """``user.login``, ``user.create``, ``session.revoke`` and so on."""
    actor: Actor
    """Who did it, or tried to."""
    account_id: UUID | None = None
    """To whom; None where nobody has the name."""
    username: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    success: bool = True
    error: str | None = None
    resource_id: UUID | None = None
    """The session, the key or the library, where it is about one."""


class AuthEvents(Protocol):
    """Where events go, with the connection whose transaction makes them true."""

    async def happened(self, conn: Connection, event: AuthEvent) -> None:
        """Pass it on."""
        ...


class NoAuthEvents:
    """Tells nobody."""

    async def happened(self, conn: Connection, event: AuthEvent) -> None:
        """Do nothing."""
