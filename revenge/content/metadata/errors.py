"""What may go wrong when somebody is asked what a film is: the names say what to do."""

from datetime import timedelta


class MetadataError(Exception):
    """Root of what sources of metadata raise."""


class NoSource(MetadataError):
    """Nobody can be asked: no key is set, or it is switched off. Final until the settings change."""


class UnknownTitle(MetadataError):
    """Whoever was asked has no such film, series, episode or person. Final."""


class SourceRefused(MetadataError):
    """Whoever was asked refuses: a wrong key, a bad request. Final until the settings change."""


class SourceBusy(MetadataError):
    """Too many were asked, or it is not worth asking now: come back, no attempt is to be lost."""

    def __init__(self, reason: str, *, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class SourceDown(MetadataError):
    """It did not answer, or not as it should: the attempt failed and is to be retried."""
