"""Tells one agent of one event, or of all that have gathered: taken, told, settled, each in its own transaction.

A delivery is ``sending`` before anybody is called. When the process dies in between, nobody knows whether the message
arrived: the job's next attempt finds its own deliveries ``sending`` and tells the agent again, since a message that comes
twice does less harm than one that never comes. A delivery that is ``sent`` is never told again.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from revenge.infra.database.connection import Pool
from revenge.infra.http.errors import CallFailed, CircuitOpen, LedAway, NotNow, NotThere, Refused, TooMany
from revenge.infra.jobs.clock import Clock
from revenge.service.notification.agents import Agents
from revenge.service.notification.catalogue import event_type
from revenge.service.notification.errors import AgentNotFound
from revenge.service.notification.messages import compose
from revenge.service.notification.models import DeliveryStatus, Held
from revenge.service.notification.ports import OnDelivery, Sender
from revenge.service.notification.repository import NotificationRepository

TEST = "test.notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a job did."""

    agent: str
    status: Literal["sent", "filtered", "sent before", "failed before", "told by another job", "gone"]
    events: int = 0
    """That the message told of."""
    reason: str | None = None


class Deliveries:
    """Delivers; see the module."""

    def __init__(
        self,
        pool: Pool,
        *,
        repository: NotificationRepository,
        agents: Agents,
        sender: Sender,
        clock: Clock,
        give_up_after: timedelta,
        on_delivery: OnDelivery,
    ) -> None:
        self._pool = pool
        self._repository = repository
        self._agents = agents
        self._sender = sender
        self._clock = clock
        self._give_up_after = give_up_after
        self._on_delivery = on_delivery

    async def deliver(self, event_id: UUID, agent: str, *, job_id: int, is_last: bool) -> Delivered:
        """Tell ``agent`` of an event, with others of its type where such gather; ``is_last``: there is no other attempt.

        Raises:
            NotThere, Refused, LedAway: for good; the deliveries have failed.
            TooMany: not before ``retry_after``; nobody was called where the agent said so before, or has no turn for it.
            CircuitOpen: the agent failed of late; nobody was called.
            Unavailable: worth another attempt; on the last one the deliveries have failed.
        """
        now = self._clock.now()
        async with self._pool.acquire() as conn, conn.transaction():
            held = await self._repository.hold(conn, event_id, agent)
            if held is None:
                return Delivered(agent=agent, status="gone")
            if (settled := _settled(held, agent, job_id)) is not None:
                return settled
            if held.status is DeliveryStatus.FAILED:
                await self._repository.reopen(conn, event_id, agent, job_id=job_id)
            if (reason := self._unwanted(agent, held.type)) is not None:
                await self._repository.filter(conn, event_id, agent, reason=reason, job_id=job_id)
                self._on_delivery(agent, "filtered")
                return Delivered(agent=agent, status="filtered", reason=reason)
            if held.blocked_until is not None and held.blocked_until > now:
                raise TooMany(agent, "it asked to be left alone", retry_after=held.blocked_until - now)
            gathers = held.type if event_type(held.type).many else None
            events = await self._repository.claim(conn, event_id, agent, job_id=job_id, now=now, gathers=gathers)
        try:
            await self._sender.send(agent, compose(events))
        except CallFailed as failure:
            await self._fail(agent, failure, job_id=job_id, taken_at=now, oldest=events[0].occurred_at, is_last=is_last)
            raise
        except AgentNotFound as error:  # between the look and the call no settings change: a bug, told as one
            await self._settle(agent, DeliveryStatus.FAILED, job_id=job_id, taken_at=now, error=str(error))
            raise
        await self._settle(agent, DeliveryStatus.SENT, job_id=job_id, taken_at=now)
        return Delivered(agent=agent, status="sent", events=len(events))

    def _unwanted(self, name: str, type: str) -> str | None:
        agent = self._agents.get(name)
        if agent is None:
            return "the settings name no such agent any more"
        if type == TEST or agent.wants(type):
            return None
        return "the agent wants no such events any more" if agent.enabled else "the agent is switched off"

    async def _fail(
        self, agent: str, failure: CallFailed, *, job_id: int, taken_at: datetime, oldest: datetime, is_last: bool
    ) -> None:
        now = self._clock.now()
        match failure:
            case NotThere() | Refused() | LedAway():
                await self._settle(agent, DeliveryStatus.FAILED, job_id=job_id, taken_at=taken_at, error=failure.reason)
            case TooMany(was_called=False):  # a turn comes some time, however old the event is
                await self._repository.put_back(agent, job_id=job_id, taken_at=taken_at)
            case CircuitOpen() if now - oldest < self._give_up_after:
                await self._repository.put_back(agent, job_id=job_id, taken_at=taken_at)
            case NotNow() if now - oldest < self._give_up_after:
                await self._settle(
                    agent,
                    DeliveryStatus.PENDING,
                    job_id=job_id,
                    taken_at=taken_at,
                    error=failure.reason,
                    blocked_until=now + failure.retry_after,
                )
            case NotNow():
                # It would go on for ever: a wait costs no attempt.
                reason = f"{failure.reason}, for {self._give_up_after} by now"
                await self._settle(agent, DeliveryStatus.FAILED, job_id=job_id, taken_at=taken_at, error=reason)
                raise Refused(agent, reason, status=429) from failure
            case _:
                status = DeliveryStatus.FAILED if is_last else DeliveryStatus.PENDING
                await self._settle(agent, status, job_id=job_id, taken_at=taken_at, error=failure.reason)

    async def _settle(
        self,
        agent: str,
        status: DeliveryStatus,
        *,
        job_id: int,
        taken_at: datetime,
        error: str | None = None,
        blocked_until: datetime | None = None,
    ) -> None:
        # Shielded: the agent has been called, and whoever ends the job now must not make it be called again.
        settled = await asyncio.shield(
            self._repository.settle(
                agent,
                status,
                job_id=job_id,
                taken_at=taken_at,
                now=self._clock.now(),
                error=error,
                blocked_until=blocked_until,
            )
        )
        self._on_delivery(agent, "retried" if status is DeliveryStatus.PENDING else status.value, settled)


def _settled(held: Held, agent: str, job_id: int) -> Delivered | None:
    match held.status:
        case DeliveryStatus.SENT:
            return Delivered(agent=agent, status="sent before")
        case DeliveryStatus.FAILED if held.job_id != job_id:
            # Its own job goes on: a person let it run again.
            return Delivered(agent=agent, status="failed before")
        case DeliveryStatus.FILTERED:
            return Delivered(agent=agent, status="filtered")
        case DeliveryStatus.SENDING if held.job_id != job_id:
            # It took this one along, and comes back for it if it dies.
            return Delivered(agent=agent, status="told by another job")
    return None
