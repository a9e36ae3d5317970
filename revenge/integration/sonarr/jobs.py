"""The jobs that sync with Sonarr and work its webhooks."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from revenge.infra.jobs import UNFINISHED, InsertOpts, JobArgs, OptionalUuid, Queue, UniqueOpts, omitempty
from revenge.integration.arr.jobs import MAX_ATTEMPTS, ArrSyncWorker, ArrWebhookWorker, SingleFirst


class SonarrSyncArgs(JobArgs, kind="sonarr_sync"):
    """The Go server's arguments. One job of an operation and title waits or runs at a time.

    A full sync goes to the queue for long things, so that it holds up nothing; one title's goes first.
    """

    operation: str
    """``full`` or ``single``."""
    sonarr_series_id: int = omitempty(0)
    """Of a single one: Sonarr's own id."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.BULK, max_attempts=MAX_ATTEMPTS, unique=UniqueOpts(by_args=True, by_state=UNFINISHED)
    )
    plugins = (SingleFirst(Queue.HIGH),)


class SonarrSyncWorker(ArrSyncWorker[SonarrSyncArgs]):
    """Brings what Sonarr has beside what we have."""

    def wanted(self, args: SonarrSyncArgs) -> tuple[str, int]:
        """Return what is to be synced."""
        return args.operation, args.sonarr_series_id


class SonarrWebhookArgs(JobArgs, kind="sonarr_webhook"):
    """The Go server's arguments, and whose events the job works."""

    payload: dict[str, Any] = Field(default_factory=dict)
    """The first event's body, as Sonarr sent it."""
    subject: str = omitempty("")
    """All events that wait of it are worked; empty, as in Go's jobs: the payload alone is."""
    event_id: OptionalUuid = omitempty()

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.HIGH, max_attempts=MAX_ATTEMPTS)


class SonarrWebhookWorker(ArrWebhookWorker[SonarrWebhookArgs]):
    """Does what Sonarr's webhooks ask for."""

    def given(self, args: SonarrWebhookArgs) -> tuple[str, Mapping[str, Any]]:
        """Return whose events, and the payload."""
        return args.subject, args.payload
