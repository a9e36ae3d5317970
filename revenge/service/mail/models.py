"""A mail before it is sent, and to whom it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import SecretStr


class MailTemplate(StrEnum):
    """What a mail is about; a template in ``templates/`` has the same name."""

    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name, not a password
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name, not a password
    WELCOME = "welcome"
    TEST = "test"

    @property
    def has_link(self) -> bool:
        """Whether it is worth nothing without its link."""
        return self in (MailTemplate.EMAIL_VERIFICATION, MailTemplate.PASSWORD_RESET)


SUBJECTS: Mapping[MailTemplate, str] = {
    MailTemplate.EMAIL_VERIFICATION: "Is this your address?",
    MailTemplate.PASSWORD_RESET: "A new password",
    MailTemplate.PASSWORD_CHANGED: "Your password was changed",
    MailTemplate.WELCOME: "Welcome",
    MailTemplate.TEST: "A test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMail:
    """A mail that is to be sent; neither its address nor its link is here."""

    id: UUID
    template: MailTemplate
    account_id: UUID
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the template shows beside; nothing secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """To whom a mail goes, known only while it is sent."""

    address: str
    name: str | None = None
    link: str | None = field(default=None, repr=False)
    """Works once; made for this very try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailConfig:
    """How mails are sent."""

    enabled: bool = False
    host: str = "localhost"
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    verify: bool = True
    username: str | None = None
    password: SecretStr | None = None
    timeout: timedelta = timedelta(seconds=30)
    from_address: str = "revenge@localhost"
    from_name: str = "Revenge"
    base_url: str = "http://localhost:8420"
