"""Who may call: hosts, origins, keys and the dashboard's sessions. Decisions only, no I/O."""

import hashlib
import hmac
import secrets
from collections import deque
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from revenge.app.http.config import HttpConfig

SESSION_COOKIE = "revenge_session"
_MAX_ADDRESSES = 10_000
"""Addresses whose failures are remembered; beyond, the oldest are forgotten."""


def host_allowed(host: str | None, config: HttpConfig) -> bool:
    """Return whether a ``Host`` header names this server."""
    if "*" in config.allowed_hosts:
        return bool(host)
    return host is not None and _without_port(host.lower()) in {name.lower() for name in config.allowed_hosts}


def origin_allowed(headers: Headers, config: HttpConfig) -> bool:
    """Return whether the page that calls is our own, or no page calls at all.

    The scheme is not compared: behind a proxy that ends TLS the server sees another one than the browser.
    """
    origin = headers.get("origin")
    if origin is None:
        # A page elsewhere that loads us as a picture or a script sends no Origin, but says so here.
        return headers.get("sec-fetch-site") != "cross-site" or headers.get("sec-fetch-mode") == "navigate"
    if origin in config.allowed_origins:
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""


def key_matches(given: str, config: HttpConfig) -> bool:
    """Compare in constant time."""
    return config.api_key is not None and hmac.compare_digest(given.encode(), config.api_key.encode())


def key_of(headers: Headers) -> str | None:
    """Return the key that a request carries in its headers; None where it carries none.

    Names and passwords (``Basic``) are none of ours: a proxy that asks for them itself passes them on. Whatever else
    is said is returned, and known to nobody.
    """
    if (key := headers.get("x-api-key")) is not None:
        return key
    if (given := headers.get("authorization")) is None:
        return None
    scheme, _, token = given.partition(" ")
    match scheme.lower():
        case "bearer":
            return token.strip()
        case "basic":
            return None
    return given


def new_session(config: HttpConfig, *, now: datetime) -> str:
    """Return a cookie's value: signed with the key, so that it survives a restart and ends when the key changes."""
    expires = int((now + config.session_lifetime).timestamp())
    claim = f"{expires}.{secrets.token_urlsafe(12)}"
    return f"{claim}.{_signature(claim, config)}"


def session_valid(cookie: str | None, config: HttpConfig, *, now: datetime) -> bool:
    """Return whether a cookie's value was made by ``new_session`` with the present key and has not run out."""
    if not cookie or config.api_key is None:
        return False
    claim, _, signature = cookie.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(claim, config).encode()):
        return False
    expires, _, _ = claim.partition(".")
    return now.timestamp() < int(expires)


class LoginLimiter:
    """Counts wrong keys by address within a sliding window."""

    def __init__(self, *, failures: int, window: timedelta) -> None:
        self._failures = failures
        self._window_s = window.total_seconds()
        self._seen: dict[str, deque[float]] = {}

    def wait_s(self, address: str, *, monotonic: float) -> float:
        """Return how long ``address`` has to wait before its next try, 0 when it may try now."""
        times = self._seen.get(address)
        if times is None:
            return 0.0
        while times and times[0] <= monotonic - self._window_s:
            times.popleft()
        return times[0] + self._window_s - monotonic if len(times) >= self._failures else 0.0

    def failed(self, address: str, *, monotonic: float) -> None:
        """Remember a wrong key."""
        if address not in self._seen and len(self._seen) >= _MAX_ADDRESSES:
            del self._seen[next(iter(self._seen))]
        self._seen.setdefault(address, deque(maxlen=self._failures)).append(monotonic)

    def succeeded(self, address: str) -> None:
        """Forget the failures of ``address``."""
        self._seen.pop(address, None)


def _signature(claim: str, config: HttpConfig) -> str:
    key = (config.api_key or "").encode()
    return hmac.new(key, b"revenge dashboard session " + claim.encode(), hashlib.sha256).hexdigest()


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
