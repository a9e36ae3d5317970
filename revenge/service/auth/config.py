"""How logins behave."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConfig:
    """The settings of accounts and sessions."""

    token_lifetime: timedelta = timedelta(hours=1)
    """Of a session's token; its refresh token gets a new one."""
    session_lifetime: timedelta = timedelta(days=30)
    """Without a refresh; each gives as much again."""
    idle: timedelta | None = timedelta(days=14)
    """A session that nobody used for so long is over; None: never for that reason."""
    max_sessions: int = 20
    """Of an account; a login beyond ends the oldest."""
    max_keys: int = 50
    """Of an account."""
    window: timedelta = timedelta(minutes=15)
    """Failed logins are counted for so long."""
    failures_by_name: int = 10
    """Wrong passwords for one name within ``window`` before any more are refused unread."""
    failures_by_address: int = 30
    """The same from one address, whatever the names."""
    retention: timedelta = timedelta(days=30)
    """How long sessions that are over are remembered."""

    def __post_init__(self) -> None:
        for name in ("token_lifetime", "session_lifetime", "window", "retention"):
            if getattr(self, name) <= timedelta(0):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if self.idle is not None and self.idle <= timedelta(minutes=1):
            raise ValueError(f"idle must be longer than a minute, got {self.idle}")
        if self.token_lifetime > self.session_lifetime:
            raise ValueError(
                f"token_lifetime must be at most session_lifetime {self.session_lifetime}, got {self.token_lifetime}"
            )
        for name in ("max_sessions", "max_keys", "failures_by_name", "failures_by_address"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
