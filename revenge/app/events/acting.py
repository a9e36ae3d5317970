"""Who makes the request that is served at the moment: what is written down of it says so, without being told by each caller."""

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Whoever acts, and from where."""

    account_id: UUID | None = None
    username: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


NOBODY_KNOWN = Acting()

acting: ContextVar[Acting] = ContextVar("acting", default=NOBODY_KNOWN)
"""Set by the gate for each request; in a job nobody acts."""
