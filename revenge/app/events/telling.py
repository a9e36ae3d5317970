"""Events for people and the activity log, as the rest of the server speaks of them: the sinks' real side."""

from collections.abc import Sequence
from datetime import timedelta

from uuid_utils.compat import uuid7

from revenge.app.events.acting import acting
from revenge.app.events.sinks import Done, Happened
from revenge.infra.database.connection import Connection
from revenge.infra.jobs import InsertOpts, UniqueOpts
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import Clock
from revenge.service.activity.models import NewEntry
from revenge.service.activity.service import ActivityService
from revenge.service.mail.jobs import MailArgs
from revenge.service.mail.models import OutgoingMail
from revenge.service.notification.jobs import args_of
from revenge.service.notification.models import Event
from revenge.service.notification.ports import DeliveryJob
from revenge.service.notification.service import NotificationService


class DeliveryQueue:
    """Deliveries as jobs, in the transaction of their rows."""

    def __init__(self, client: Client, *, clock: Clock, gather: timedelta) -> None:
        self._client = client
        self._clock = clock
        self._gather = gather

    async def enqueue(self, conn: Connection, jobs: Sequence[DeliveryJob]) -> Sequence[int]:
        """Insert the jobs, in one statement, and return their ids; those that gather wait a while first."""
        at_once, later = InsertOpts(), InsertOpts(scheduled_at=self._clock.now() + self._gather)
        inserted = await self._client.insert_many(
            [
                (
                    args_of(event_id=job.event_id, type=job.type, occurred_at=job.occurred_at, agent=job.agent),
                    later if job.is_gathered else at_once,
                )
                for job in jobs
            ],
            conn=conn,
        )
        return [result.job.id for result in inserted]


_ONE_LINK = InsertOpts(unique=UniqueOpts(by_args=["template", "account_id"], by_period=timedelta(minutes=5)))
"""A window of time on purpose: whoever asks again and again must not fill somebody's mailbox."""


class MailQueue:
    """Mails as jobs, in the transaction of whoever wants them sent."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def enqueue(self, conn: Connection, mail: OutgoingMail) -> int:
        """Insert the job that sends ``mail``, and return its id; a link that was sent minutes ago is not sent again."""
        args = MailArgs(mail_id=mail.id, template=mail.template, account_id=mail.account_id, data=dict(mail.data))
        opts = _ONE_LINK if mail.template.has_link else InsertOpts()
        return (await self._client.insert(args, opts, conn=conn)).job.id


class RaisedEvents:
    """Tells people what happened."""

    def __init__(self, service: NotificationService, *, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    async def raise_event(self, conn: Connection, happened: Happened) -> None:
        """Keep the event and set its deliveries going, as the caller's transaction commits."""
        await self.raise_events(conn, [happened])

    async def raise_events(self, conn: Connection, happened: Sequence[Happened]) -> None:
        """Do the same for many, by as many statements."""
        await self._service.raise_events(
            conn,
            [
                Event(
                    id=uuid7(),
                    type=each.type,
                    occurred_at=each.occurred_at or self._clock.now(),
                    account_id=each.account_id,
                    target_id=each.target_id,
                    data=each.data,
                )
                for each in happened
            ],
        )


class RecordedActivity:
    """Writes down who did what."""

    def __init__(self, service: ActivityService, *, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    async def log(self, conn: Connection, done: Done) -> None:
        """Keep it with the time of now, as the caller's transaction commits.

        Where the caller does not say who did it, it was whoever makes the request that is served.
        """
        by = acting.get()
        known = done.account_id is not None or done.username is not None
        entry = NewEntry(
            id=uuid7(),
            occurred_at=self._clock.now(),
            action=done.action,
            account_id=done.account_id if known else by.account_id,
            username=done.username if known else by.username,
            resource_type=done.resource_type,
            resource_id=done.resource_id,
            changes=done.changes,
            metadata=done.metadata,
            ip_address=done.ip_address or by.ip_address,
            user_agent=done.user_agent or by.user_agent,
            success=done.success,
            error_message=done.error_message,
        )
        await self._service.record([entry], conn=conn)
