"""What may go wrong when somebody is asked what a film is: the names say what to do."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from revenge.infra.failures import Final, Later


class MetadataError(Exception):
    """Root of what sources of metadata raise."""


class NoSource(MetadataError, Final):
    """Nobody can be asked: no key is set, or it is switched off. Final until the settings change."""


class UnknownTitle(MetadataError, Final):
    """Whoever was asked has no such film, series, episode or person. Final."""


class SourceRefused(MetadataError, Final):
    """Whoever was asked refuses: a wrong key, a bad request. Final until the settings change."""


class SourceBusy(MetadataError, Later):
    """Too many were asked, or it is not worth asking now: come back, no attempt is to be lost."""

    def __init__(self, reason: str, *, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class SourceDown(MetadataError):
    """It did not answer, or not as it should: the attempt failed and is to be retried."""


class EntityGone(Final):
    """What was to be written of does not exist, or does not any more. Final."""

    def __init__(self, entity_ids: Collection[UUID]) -> None:
        self.entity_ids = frozenset(entity_ids)
        super().__init__(f"there is no such film, series or person any more: {', '.join(map(str, sorted(entity_ids)))}")
