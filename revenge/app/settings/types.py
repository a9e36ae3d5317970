"""Kinds of values that settings have; each refuses with what is allowed, in words."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

from revenge.app.durations import SYNTAX, format_duration, parse_duration
from revenge.infra.database.errors import DatabaseError
from revenge.infra.database.pool import describe
from revenge.infra.jobs.config import check_queue_name
from revenge.infra.jobs.errors import InvalidJob

NOT_ALLOWED = "not_allowed"
"""Type of the errors made here; ``allowed`` in their context is the text for people."""

_SWITCH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


SCHEMA_RULE = "a name of letters, digits and _ that begins with no digit, at most 46 characters"
_SCHEMA = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,45}")


def is_schema_name(text: str) -> bool:
    """Tell whether River allows a schema of this name."""
    return _SCHEMA.fullmatch(text) is not None


def refuse(allowed: str) -> NoReturn:
    """Raise what pydantic collects: the value is not ``allowed``."""
    raise PydanticCustomError(NOT_ALLOWED, "{allowed}", {"allowed": allowed})


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within limits."""

    low: int
    high: int

    def __call__(self, value: object) -> int:
        if isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            refuse(f"a whole number from {self.low} to {self.high}")
        return value


@dataclass(frozen=True, slots=True)
class Number:
    """A number within limits."""

    low: float
    high: float

    def __call__(self, value: object) -> float:
        try:
            number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or not self.low <= number <= self.high:
            refuse(f"a number from {self.low:g} to {self.high:g}")
        return number


@dataclass(frozen=True, slots=True)
class Span:
    """A duration within limits."""

    low: timedelta
    high: timedelta = timedelta(days=3650)

    def __call__(self, value: object) -> timedelta:
        try:
            span = value if isinstance(value, timedelta) else parse_duration(value) if isinstance(value, str) else None
        except ValueError:
            span = None
        if span is None or not self.low <= span <= self.high:
            refuse(f"{SYNTAX}, from {format_duration(self.low)} to {format_duration(self.high)}")
        return span


@dataclass(frozen=True, slots=True)
class Retention:
    """A duration, or ``never`` for things that are kept for ever."""

    span: Span

    def __call__(self, value: object) -> timedelta | None:
        if value is None or (isinstance(value, str) and value.strip().lower() == "never"):
            return None
        try:
            return self.span(value)
        except PydanticCustomError as error:
            refuse(f"{(error.context or {})['allowed']}, or never")


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a length within limits."""

    low: int
    high: int

    def __call__(self, value: object) -> str:
        if not isinstance(value, str) or not self.low <= len(value) <= self.high or not value.isprintable():
            refuse(f"text of {self.low} to {self.high} characters (in quotes where it looks like a number)")
        return value


def _switch(value: object) -> bool:
    answer = value if isinstance(value, bool) else _SWITCH.get(str(value).strip().lower())
    if answer is None:
        refuse("true or false")
    return answer


def _names(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        refuse("a list of texts (in a variable: separated by commas)")
    return tuple(item.strip() for item in items if item.strip())


def _path(value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        refuse("a path")
    return Path(value).expanduser()


def _server_settings(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(item, str | int | float) for item in value.values()):
        refuse("a section of PostgreSQL's settings, such as shared_buffers: 512MB")
    return {str(key): ("off", "on")[item] if isinstance(item, bool) else str(item) for key, item in value.items()}


def _address(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str):
        refuse("an address such as postgresql://user:password@host:5432/database")
    try:
        describe(text)
    except (DatabaseError, ValueError) as error:
        refuse(str(error).partition("must look like ")[2] or str(error).partition(": ")[2] or "an address")
    return SecretStr(text)


def _secret(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not 16 <= len(text) <= 1000 or not (text.isascii() and text.isprintable()):
        refuse("16 to 1000 printable ASCII characters (in quotes where they look like a number)")
    return SecretStr(text)


def _api_key(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if not isinstance(text, str) or not 1 <= len(text) <= 1000 or not (text.isascii() and text.isprintable()):
        refuse("the key that the service gave you (in quotes where it looks like a number)")
    return SecretStr(text)


def _redis_address(value: object) -> SecretStr:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    split = urlsplit(text) if isinstance(text, str) and text.isprintable() else None
    if split is None or split.scheme not in ("redis", "rediss", "unix") or not (split.hostname or split.path):
        refuse("an address such as redis://user:password@host:6379/0")
    return SecretStr(str(text))


def _service_url(value: object) -> str:
    split = urlsplit(value) if isinstance(value, str) and value.isprintable() else None
    if split is None or split.scheme not in ("http", "https") or not split.hostname or split.query or split.username:
        refuse("an address such as https://host/path, without a user and a query")
    return str(value).rstrip("/")


def _schema_name(value: object) -> str:
    if not isinstance(value, str) or not is_schema_name(value):
        refuse(SCHEMA_RULE)
    return value


def _queue_name(value: object) -> str:
    try:
        return check_queue_name(value if isinstance(value, str) else "")
    except InvalidJob:
        refuse("a queue's name: lower-case letters and digits, separated by single _ - or |, at most 64")


def optional(validate: Callable[[object], object]) -> Callable[[object], object]:
    """Let null (and nothing else) through beside what ``validate`` allows."""
    return lambda value: None if value is None else validate(value)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


Switch = Annotated[bool, BeforeValidator(_switch)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Folder = Annotated[Path, BeforeValidator(_path)]
OptionalFolder = Annotated[Path | None, BeforeValidator(optional(_path))]
ServerSettings = Annotated[dict[str, str], BeforeValidator(_server_settings)]
Address = Annotated[SecretStr | None, BeforeValidator(optional(_address))]
Secret = Annotated[SecretStr | None, BeforeValidator(optional(_secret))]
ApiKey = Annotated[SecretStr | None, BeforeValidator(optional(_api_key))]
"""What a service gave, of whatever length it likes."""
RedisAddress = Annotated[SecretStr | None, BeforeValidator(optional(_redis_address))]
ServiceUrl = Annotated[str, BeforeValidator(_service_url)]
ServiceUrls = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(map(_service_url, _names(value))))]
OptionalServiceUrl = Annotated[str | None, BeforeValidator(optional(_service_url))]
SchemaName = Annotated[str, BeforeValidator(_schema_name)]
QueueName = Annotated[str, BeforeValidator(_queue_name)]
OptionalText = Annotated[str | None, BeforeValidator(optional(Text(1, 100)))]
OptionalPort = Annotated[int | None, BeforeValidator(optional(Whole(1, 65535)))]
OptionalCount = Annotated[int | None, BeforeValidator(optional(Whole(0, 100_000)))]
