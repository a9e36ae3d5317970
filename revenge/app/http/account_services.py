"""What the HTTP side needs of accounts, as ports; errors as documented in ``revenge.service.auth``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from revenge.service.auth.models import (
    Account,
    AccountPage,
    Actor,
    ApiKey,
    Caller,
    Grant,
    IssuedToken,
    Login,
    NewAccount,
    Permission,
    Session,
)


class Accounts(Protocol):
    """The part of ``AccountService`` that is used here."""

    async def create(self, wanted: NewAccount, *, actor: Actor) -> Account: ...

    async def get(self, account_id: UUID) -> Account: ...

    async def list(self, *, limit: int = 100, cursor: str | None = None) -> AccountPage: ...

    async def update(self, account_id: UUID, changes: Mapping[str, Any], *, actor: Actor) -> Account: ...

    async def delete(self, account_id: UUID, *, actor: Actor) -> None: ...

    async def change_password(
        self, account_id: UUID, *, present: str, wanted: str, actor: Actor, session_id: UUID | None = None
    ) -> None: ...

    async def set_password(self, account_id: UUID, wanted: str, *, actor: Actor) -> None: ...


class Sessions(Protocol):
    """The part of ``SessionService`` that is used here."""

    async def login(self, username: str, password: str, *, caller: Caller) -> Login: ...

    async def refresh(self, refresh_token: str, *, caller: Caller) -> Login: ...

    async def logout(self, session_id: UUID, *, actor: Actor) -> None: ...

    async def revoke(self, account_id: UUID, session_id: UUID, *, actor: Actor) -> None: ...

    async def revoke_all(self, account_id: UUID, *, actor: Actor) -> int: ...

    async def list(
        self, account_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Session], str | None]: ...


class ApiKeys(Protocol):
    """The part of ``ApiKeyService`` that is used here."""

    async def create(
        self, account_id: UUID, name: str, *, actor: Actor, lifetime: timedelta | None = None
    ) -> IssuedToken: ...

    async def list(
        self, account_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[ApiKey], str | None]: ...

    async def revoke(self, account_id: UUID, key_id: UUID, *, actor: Actor) -> None: ...


class Permissions(Protocol):
    """The part of ``PermissionService`` that is used here."""

    async def grant(self, library_id: UUID, account_id: UUID, permission: Permission, *, actor: Actor) -> bool: ...

    async def revoke(
        self, library_id: UUID, account_id: UUID, permission: Permission | None = None, *, actor: Actor
    ) -> int: ...

    async def list(
        self, library_id: UUID, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Grant], str | None]: ...


class AccountMails(Protocol):
    """The part of ``revenge.app.account_mails.AccountMails`` that is used here."""

    async def ask_reset(self, username: str) -> None: ...

    async def reset(self, token: str, password: str, *, actor: Actor) -> None: ...

    async def ask_verification(self, account_id: UUID) -> None: ...

    async def verify(self, token: str, *, actor: Actor) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountServices:
    """Everything that the routes of accounts call."""

    accounts: Accounts
    sessions: Sessions
    keys: ApiKeys
    permissions: Permissions
    mails: AccountMails | None = None
    """None: nobody gets mails, and these routes are not there."""
