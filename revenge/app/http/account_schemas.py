"""Types at the edge: accounts, logins, keys and permissions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from revenge.app.http.schemas import Strict, Text
from revenge.service.auth.models import Permission

Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")]
Password = Annotated[str, StringConstraints(strict=True, min_length=8, max_length=1000)]
GivenPassword = Annotated[str, StringConstraints(strict=True, max_length=1000)]
"""One that may be wrong in whatever way."""
TokenText = Annotated[str, StringConstraints(strict=True, max_length=200)]


class LoginIn(Strict):
    """Who wants in."""

    username: Annotated[Text, StringConstraints(max_length=255)]
    password: GivenPassword
    device_name: Name | None = Field(None, description="What the person calls the device; shown beside the session.")


class RefreshIn(Strict):
    """A token that gives a new one, once."""

    refresh_token: TokenText


class NewAccountIn(Strict):
    """An account to make."""

    username: Name
    password: Password | None = Field(None, description="Without one nobody logs in until it has one.")
    email: Name | None = None
    display_name: Name | None = None
    is_admin: Annotated[bool, Field(strict=True)] = False


class AccountChanges(Strict):
    """What is to be changed; what is left out stays."""

    email: Name | None = None
    display_name: Name | None = None
    is_admin: Annotated[bool, Field(strict=True)] = False
    is_active: Annotated[bool, Field(strict=True, description="False bans: every login ends at once.")] = True


class OwnChanges(Strict):
    """What people may change of their own account; what is left out stays."""

    email: Name | None = None
    display_name: Name | None = None


class PasswordChange(Strict):
    """The present password and the one to come."""

    current_password: GivenPassword
    new_password: Password


class NewPassword(Strict):
    """A password that an administrator sets."""

    password: Password


class NewApiKey(Strict):
    """A key to make."""

    name: Annotated[Name, StringConstraints(max_length=100)]
    expires_in_days: Annotated[int, Field(strict=True, ge=1, le=3650)] | None = None


class GrantIn(Strict):
    """A permission to give."""

    user_id: UUID
    permission: Permission


class AccountOut(BaseModel):
    """An account."""

    id: UUID
    username: str
    email: str | None
    display_name: str | None
    is_admin: bool
    is_active: bool
    has_password: bool
    email_verified_at: datetime | None
    last_login_at: datetime | None
    created_at: datetime
    updated_at: datetime


class AccountListOut(BaseModel):
    """Accounts by name."""

    users: list[AccountOut]
    next_cursor: str | None


class LoginOut(BaseModel):
    """A login; what it holds is shown here and never again."""

    token: str
    token_type: str = Field("bearer", description="How to send it: `Authorization: Bearer ...`.")
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    session_id: UUID
    user: AccountOut


class LoginSessionOut(BaseModel):
    """A login that holds."""

    id: UUID
    device_name: str | None
    ip_address: str | None
    user_agent: str | None
    created_at: datetime
    last_activity_at: datetime
    expires_at: datetime
    is_current: bool


class LoginSessionListOut(BaseModel):
    """Logins, newest first."""

    sessions: list[LoginSessionOut]
    next_cursor: str | None


class ApiKeyOut(BaseModel):
    """A key, without its text."""

    id: UUID
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class ApiKeyListOut(BaseModel):
    """Keys, oldest first."""

    keys: list[ApiKeyOut]
    next_cursor: str | None


class NewApiKeyOut(BaseModel):
    """A new key; its text is shown here and never again."""

    id: UUID
    key: str
    expires_at: datetime | None


class GrantOut(BaseModel):
    """A permission that an account has."""

    library_id: UUID
    user_id: UUID
    username: str
    permission: Permission
    created_at: datetime


class GrantListOut(BaseModel):
    """Permissions by account."""

    permissions: list[GrantOut]
    next_cursor: str | None


class ResetWanted(Strict):
    """Whose password was forgotten."""

    username: Annotated[Text, StringConstraints(max_length=255)]


class TokenIn(Strict):
    """What came by mail, after the `#` of the link."""

    token: TokenText


class ForgottenPassword(TokenIn):
    """The password to come, and what came by mail."""

    password: Password
