"""The jobs that sync with Sonarr and work its webhooks."""

from revenge.infra.jobs import omitempty
from revenge.integration.arr.jobs import ArrSyncArgs, ArrSyncWorker, ArrWebhookArgs, ArrWebhookWorker


class SonarrSyncArgs(ArrSyncArgs, kind="sonarr_sync"):
    """All of Sonarr's, or one."""

    sonarr_series_id: int = omitempty(0)
    """Of a single one: Sonarr's own id."""

    @property
    def arr_id(self) -> int:
        """The title of a single sync."""
        return self.sonarr_series_id


class SonarrSyncWorker(ArrSyncWorker[SonarrSyncArgs]):
    """Brings what Sonarr has beside what we have."""


class SonarrWebhookArgs(ArrWebhookArgs, kind="sonarr_webhook"):
    """What Sonarr tells."""


class SonarrWebhookWorker(ArrWebhookWorker[SonarrWebhookArgs]):
    """Does what Sonarr's webhooks ask for."""
