"""What may become of a call to another server: the names say what the caller concludes."""

from datetime import timedelta

from revenge.infra.failures import Final, Later


class CallFailed(Exception):
    """Root of what calls raise; ``service`` is who was called. The text never holds a key, a token or a query."""

    def __init__(self, service: str, reason: str) -> None:
        self.service = service
        self.reason = reason
        super().__init__(f"{service}: {reason}")


class NotThere(CallFailed, Final):
    """404 or 410: there is no such thing. Final."""


class Refused(CallFailed, Final):
    """Any other 4xx, such as a wrong key: the same call will be refused again. Final."""

    def __init__(self, service: str, reason: str, *, status: int, body: bytes = b"") -> None:
        self.status = status
        self.body = body
        """How it explains itself, its beginning; in no text, since a service may repeat the key in it."""
        super().__init__(service, reason)


class LedAway(CallFailed, Final):
    """It sends us elsewhere, to a host that is not configured: nobody goes there. Final."""


class NotNow(CallFailed, Later):
    """It must not be called now: come back after ``retry_after``; no attempt is to be lost."""

    def __init__(self, service: str, reason: str, *, retry_after: timedelta, was_called: bool = True) -> None:
        self.retry_after = retry_after
        self.was_called = was_called
        """False: it was not even asked, since it had no turn to give."""
        super().__init__(service, reason)


class TooMany(NotNow):
    """429, or 503 with Retry-After; or our own share of its rate is used up."""


class CircuitOpen(NotNow):
    """It failed so often of late that it is left alone for a while."""


class Unavailable(CallFailed):
    """It cannot be reached, was too slow, broke off, or answered 5xx: worth another attempt later."""


class Nonsense(CallFailed):
    """It answered something that is not what it promises, or is too large: worth another attempt later."""
