"""Settings of what people are told and what is written down: notifications, mail, activity, statistics."""

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr

from revenge.app.settings.section import Section
from revenge.app.settings.types import Names, OptionalText, Span, Switch, Text, Whole, optional, refuse
from revenge.infra.limits import LONGEST

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,49}")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def _agent_name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        refuse("a name of letters, digits, _, - and . that begins with a letter or digit, at most 50 characters")
    return value


def _agent_address(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or len(text) > 4000 or not text.isprintable() or not _ADDRESS.fullmatch(text):
        refuse("an address as apprise has them, such as ntfys://ntfy.sh/topic, discord://id/token or jsons://host/path")
    return SecretStr(text)


class NotificationAgent(Section):
    """Somebody who is told what happened."""

    url: Annotated[SecretStr, BeforeValidator(_agent_address)]
    """where: an address as apprise has them, one receiver each; a secret, shown nowhere"""
    event_types: Names = ()
    """what it is told of, such as movie.added; with no types and no categories: everything"""
    categories: Names = ()
    """the same by category: content, requests, library, user, auth, playback, integration, system"""
    enabled: Switch = True
    """false: it is told of nothing"""


class Notifications(Section):
    """Telling people what happened."""

    agents: dict[Annotated[str, BeforeValidator(_agent_name)], NotificationAgent] = Field(default_factory=dict)
    """who is told, by name: {phone: {url: ntfys://ntfy.sh/topic, categories: [content]}}; also REVENGE_NOTIFICATIONS__AGENTS__PHONE__URL_FILE"""
    gather: Annotated[timedelta, BeforeValidator(Span(timedelta(0), _DAY))] = timedelta(seconds=30)
    """how long new films and the like wait for others, to be told in one message"""
    deadline: Annotated[timedelta, BeforeValidator(Span(_SECOND, timedelta(seconds=100)))] = timedelta(seconds=30)
    """for one message to one agent; then it is tried again"""
    give_up_after: Annotated[timedelta, BeforeValidator(Span(_HOUR))] = _DAY
    """an agent that asks to be left alone for so long is not told any more"""
    retention_days: Annotated[int, BeforeValidator(Whole(1, LONGEST.days))] = 30
    """how long events are kept to look at"""
    alert_every: Annotated[timedelta, BeforeValidator(Span(_SECOND))] = timedelta(minutes=10)
    """jobs of a kind that fail for good are told of at most so often, with their number"""


class Activity(Section):
    """The log of who did what."""

    retention_days: Annotated[int, BeforeValidator(Whole(1, LONGEST.days))] = 90
    """how long entries are kept"""
    security_retention_days: Annotated[int, BeforeValidator(Whole(1, LONGEST.days))] = 365
    """the same for logins, rights and whatever failed: they are asked for long afterwards; never shorter than the others"""


class Statistics(Section):
    """What the server holds, then and now."""

    hourly_for: Annotated[timedelta, BeforeValidator(Span(_DAY))] = timedelta(days=30)
    """how long each hour's value is kept; then one a day is, for ever"""


def _password(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not 1 <= len(text) <= 1000:
        refuse("text of 1 to 1000 characters (in quotes where it looks like a number)")
    return SecretStr(text)


def _mail_address(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", value):
        refuse("a mail address such as revenge@example.org")
    return value


def _base_url(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
        refuse("an address such as https://films.example.org")
    return value.rstrip("/")


class Smtp(Section):
    """The server that takes our mails."""

    host: Annotated[str, BeforeValidator(Text(1, 255))] = "localhost"
    """its name"""
    port: Annotated[int, BeforeValidator(Whole(1, 65535))] = 587
    """465 with security: tls, 25 where a server of one's own wants no login"""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """none sends the password for everybody to read"""
    verify: Switch = True
    """false trusts any certificate"""
    username: OptionalText = None
    """null: the server wants no login"""
    password: Annotated[SecretStr | None, BeforeValidator(optional(_password))] = None
    """of the login; or REVENGE_EMAIL__SMTP__PASSWORD_FILE"""
    timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND, timedelta(seconds=100)))] = timedelta(seconds=30)
    """for each answer of the server"""


class Email(Section):
    """Mails to accounts: their addresses checked, their passwords reset."""

    enabled: Switch = False
    """false: no mail is sent"""
    from_address: Annotated[str, BeforeValidator(_mail_address)] = "revenge@localhost"
    """whom they come from"""
    from_name: Annotated[str, BeforeValidator(Text(1, 100))] = "Revenge"
    """what this server is called in them"""
    base_url: Annotated[str, BeforeValidator(_base_url)] = "http://localhost:8420"
    """what links in them begin with"""
    smtp: Smtp = Smtp()
