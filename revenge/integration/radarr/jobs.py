"""The jobs that sync with Radarr and work its webhooks."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from revenge.infra.jobs import UNFINISHED, InsertOpts, JobArgs, OptionalUuid, Queue, UniqueOpts, omitempty
from revenge.integration.arr.jobs import MAX_ATTEMPTS, ArrSyncWorker, ArrWebhookWorker, SingleFirst


class RadarrSyncArgs(JobArgs, kind="radarr_sync"):
    """The Go server's arguments. One job of an operation and title waits or runs at a time.

    A full sync goes to the queue for long things, so that it holds up nothing; one title's goes first.
    """

    operation: str
    """``full`` or ``single``."""
    radarr_movie_id: int = omitempty(0)
    """Of a single one: Radarr's own id."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.BULK, max_attempts=MAX_ATTEMPTS, unique=UniqueOpts(by_args=True, by_state=UNFINISHED)
    )
    plugins = (SingleFirst(Queue.HIGH),)


class RadarrSyncWorker(ArrSyncWorker[RadarrSyncArgs]):
    """Brings what Radarr has beside what we have."""

    def wanted(self, args: RadarrSyncArgs) -> tuple[str, int]:
        """Return what is to be synced."""
        return args.operation, args.radarr_movie_id


class RadarrWebhookArgs(JobArgs, kind="radarr_webhook"):
    """The Go server's arguments, and whose events the job works."""

    payload: dict[str, Any] = Field(default_factory=dict)
    """The first event's body, as Radarr sent it."""
    subject: str = omitempty("")
    """All events that wait of it are worked; empty, as in Go's jobs: the payload alone is."""
    event_id: OptionalUuid = omitempty()

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.HIGH, max_attempts=MAX_ATTEMPTS)


class RadarrWebhookWorker(ArrWebhookWorker[RadarrWebhookArgs]):
    """Does what Radarr's webhooks ask for."""

    def given(self, args: RadarrWebhookArgs) -> tuple[str, Mapping[str, Any]]:
        """Return whose events, and the payload."""
        return args.subject, args.payload
