"""What can go wrong with syncs and webhooks, beside what calls raise."""

from revenge.infra.failures import Final


class ArrError(Exception):
    """Root of what this package raises."""


class NotATitle(ArrError, Final):
    """The program has no such title, and never had one that we know of."""


class SyncLost(ArrError, Final):
    """Another run has taken the sync over: this one must not write any more."""


class InvalidPayload(ArrError, Final):
    """A webhook's body is not what the program sends."""
