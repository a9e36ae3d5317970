"""Settings of search."""

import re
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from revenge.app.settings.section import Section
from revenge.app.settings.types import Secret, Span, Switch, optional, refuse

_ALLOWED_URL = "an address such as http://127.0.0.1:8108, without a user, a query or anything behind it"
_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,31}")


def _url(value: object) -> str:
    if not isinstance(value, str):
        refuse(_ALLOWED_URL)
    try:
        parts = urlsplit(value.strip())
        is_plain = not (parts.username or parts.password or parts.query or parts.fragment) and parts.port != 0
    except ValueError:
        refuse(_ALLOWED_URL)
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_plain:
        refuse(_ALLOWED_URL)
    return value.strip().rstrip("/")


def _prefix(value: object) -> str:
    if not isinstance(value, str) or not _PREFIX.fullmatch(value):
        refuse("lower-case letters, digits and _ that begin with a letter, at most 32")
    return value


OptionalUrl = Annotated[str | None, BeforeValidator(optional(_url))]


class Search(Section):
    """Finding films, series and people."""

    enabled: Switch = True
    """false: nothing is indexed and searches answer 503; switched on again, everything is indexed anew"""
    url: OptionalUrl = None
    """a Typesense server, such as http://127.0.0.1:8108; null searches by PostgreSQL, which needs nothing else"""
    api_key: Secret = None
    """Typesense's key that may do everything there; wanted with url"""
    public_url: OptionalUrl = None
    """where browsers reach Typesense with their own tokens (POST /api/v1/search/token); null is url"""
    prefix: Annotated[str, BeforeValidator(_prefix)] = "revenge_"
    """begins the names of all collections there, so that several servers may share one Typesense"""
    timeout: Annotated[timedelta, BeforeValidator(Span(timedelta(milliseconds=100), timedelta(minutes=5)))] = timedelta(
        seconds=10
    )
    """how long Typesense may take to answer; a batch of documents takes it a second or two"""
    fallback: Switch = False
    """true: PostgreSQL's index is kept too, and searched while Typesense is away"""
    token_lifetime: Annotated[timedelta, BeforeValidator(Span(timedelta(minutes=1), timedelta(days=7)))] = timedelta(
        hours=1
    )
    """how long a browser's token is good for: what its owner may see is written in it"""
