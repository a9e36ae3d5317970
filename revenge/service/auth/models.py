"""Accounts, their sessions, tokens and permissions as the rest of the program sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Permission(StrEnum):
    """What an account may do with a library; each is given by itself."""

    VIEW = "view"
    """See that it is there, what is in it, and its scans."""
    DOWNLOAD = "download"
    """Have its files: their names and places."""
    MANAGE = "manage"
    """Scan it."""


class TokenKind(StrEnum):
    """What a token is for."""

    REFRESH = "refresh"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a kind of token, not one
    EMAIL_VERIFICATION = "email_verification"
    MFA_CHALLENGE = "mfa_challenge"
    WEBAUTHN_CHALLENGE = "webauthn_challenge"
    OIDC_STATE = "oidc_state"
    API_KEY = "api_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who uses the server."""

    id: UUID
    username: str
    email: str | None
    display_name: str | None
    is_admin: bool
    is_active: bool
    """False: banned."""
    has_password: bool
    email_verified_at: datetime | None
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Accounts by name, and the cursor of the next page, None at the end."""

    accounts: list[Account]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """What an account is made of; ``AccountService`` checks it."""

    username: str
    password: str | None = None
    email: str | None = None
    display_name: str | None = None
    is_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Where a request comes from, for the records."""

    ip_address: str | None = None
    user_agent: str | None = None
    device_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something to accounts; nothing of it decides what is allowed."""

    account_id: UUID | None = None
    username: str | None = None
    caller: Caller = Caller()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A login that holds."""

    id: UUID
    account_id: UUID
    device_name: str | None
    ip_address: str | None
    user_agent: str | None
    created_at: datetime
    last_activity_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a login, or its refreshing, hands out; the tokens' text is known nowhere else."""

    account: Account
    session_id: UUID
    token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose a session or a key is."""

    account_id: UUID
    username: str
    is_admin: bool
    session_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token that was made; its text is known nowhere else."""

    id: UUID
    text: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumedToken:
    """What a token said that was used up."""

    id: UUID
    account_id: UUID | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of an account for programs; without its text."""

    id: UUID
    account_id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A permission that an account has for a library."""

    library_id: UUID
    account_id: UUID
    username: str
    permission: Permission
    created_at: datetime
