"""The jobs that sync with Radarr and work its webhooks."""

from revenge.infra.jobs import omitempty
from revenge.integration.arr.jobs import ArrSyncArgs, ArrSyncWorker, ArrWebhookArgs, ArrWebhookWorker


class RadarrSyncArgs(ArrSyncArgs, kind="radarr_sync"):
    """All of Radarr's, or one."""

    radarr_movie_id: int = omitempty(0)
    """Of a single one: Radarr's own id."""

    @property
    def arr_id(self) -> int:
        """The title of a single sync."""
        return self.radarr_movie_id


class RadarrSyncWorker(ArrSyncWorker[RadarrSyncArgs]):
    """Brings what Radarr has beside what we have."""


class RadarrWebhookArgs(ArrWebhookArgs, kind="radarr_webhook"):
    """What Radarr tells."""


class RadarrWebhookWorker(ArrWebhookWorker[RadarrWebhookArgs]):
    """Does what Radarr's webhooks ask for."""
