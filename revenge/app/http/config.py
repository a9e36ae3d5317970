"""How the HTTP side behaves: one frozen, self-checking value."""

from dataclasses import dataclass, field
from datetime import timedelta

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""Names under which a browser reaches a server that listens on loopback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """Everything about the HTTP side that is not code."""

    api_key: str | None = field(default=None, repr=False)
    """None: no call wants a key, which is right on loopback only."""
    allowed_hosts: tuple[str, ...] = LOOPBACK_HOSTS
    """``Host`` names that are served, without their port; a browser that was lured here by DNS sends another. ``*``
    serves all, behind a proxy that has checked."""
    allowed_origins: tuple[str, ...] = ()
    """Origins (``https://example.org``) besides the server's own whose pages may call."""
    max_body_bytes: int = 1_048_576
    """Larger requests get 413; the largest honest one is a job's arguments."""
    session_lifetime: timedelta = timedelta(days=7)
    """How long a dashboard's login lasts."""
    login_failures: int = 5
    """Wrong keys that one address may try within ``login_window`` before it gets 429."""
    login_window: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if self.api_key is not None and not self.api_key:
            message = "api_key must not be empty: leave it out to serve without one"
            raise ValueError(message)
        if not self.allowed_hosts:
            message = "allowed_hosts must name at least one host"
            raise ValueError(message)
        for name in ("max_body_bytes", "login_failures"):
            if getattr(self, name) < 1:
                message = f"{name} must be at least 1, got {getattr(self, name)}"
                raise ValueError(message)
        for name in ("session_lifetime", "login_window"):
            if getattr(self, name) <= timedelta(0):
                message = f"{name} must be positive, got {getattr(self, name)}"
                raise ValueError(message)
