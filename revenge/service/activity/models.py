"""Who did what, as it is written down and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

SECURITY_ACTIONS = frozenset(
    {
        "user.login",
        "user.logout",
        "user.create",
        "user.delete",
        "user.password_reset",
        "session.create",
        "session.revoke",
        "oidc.login",
        "oidc.link",
        "oidc.unlink",
        "admin.role.assign",
        "admin.role.revoke",
        "admin.user.ban",
        "admin.user.unban",
    }
)
"""The Go server's: jobs with these go to its queue ``critical``."""

_SECURITY_PREFIXES = ("apikey.", "settings.", "oidc.", "mfa.", "admin.", "session.", "auth.", "permission.")


def is_urgent(action: str) -> bool:
    """Tell whether the Go server puts a job with this action ahead of others."""
    return action in SECURITY_ACTIONS or action.endswith(".failed")


def is_security(action: str) -> bool:
    """Tell whether an action is about who may do what: such entries are kept longer."""
    return is_urgent(action) or action.startswith(_SECURITY_PREFIXES) or action.startswith("user.password")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Something that somebody did, before it is written down."""

    id: UUID
    """Written once, however often it comes."""
    occurred_at: datetime
    action: str
    account_id: UUID | None = None
    username: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    changes: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] | None = None
    ip_address: str | None = None
    """As it was given; what is no address goes to ``metadata``."""
    user_agent: str | None = None
    success: bool = True
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that somebody did."""

    id: UUID
    occurred_at: datetime
    recorded_at: datetime
    account_id: UUID | None
    username: str | None
    action: str
    is_security: bool
    resource_type: str | None
    resource_id: str | None
    changes: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None
    ip_address: str | None
    user_agent: str | None
    success: bool
    error_message: str | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Entries, newest first, and where the next page begins."""

    entries: Sequence[Entry]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """Which entries a list shows; what is None lets all pass."""

    account_id: UUID | None = None
    action: str | None = None
    resource_type: str | None = None
    resource_id: str | None = None
    success: bool | None = None
    security: bool | None = None
    start: datetime | None = None
    end: datetime | None = None
    """The first moment that is too late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityStats:
    """How many entries there are, and from when to when."""

    total_count: int
    success_count: int
    failed_count: int
    oldest_entry: datetime | None
    newest_entry: datetime | None


@dataclass(frozen=True, slots=True)
class ActionCount:
    """How often something was done."""

    action: str
    count: int


@dataclass(frozen=True, slots=True)
class Expired:
    """Entries whose time is over: all of them, and those of them that are about security."""

    total: int
    security: int
