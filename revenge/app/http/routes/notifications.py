"""What happened that people are told of, and what became of telling them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from revenge.app.http.notification_schemas import (
    AgentListOut,
    AgentName,
    EnqueuedOut,
    EventListOut,
    EventOut,
    EventsQuery,
    EventTypeListOut,
)
from revenge.app.http.problems import documented, unknown_cursor
from revenge.app.http.refusals import ProblemError
from revenge.app.http.responses import json_response
from revenge.app.http.telling_services import Notifications
from revenge.service.notification.agents import Agent
from revenge.service.notification.catalogue import CATALOGUE
from revenge.service.notification.errors import (
    AgentNotFound,
    DeliveryNotFailed,
    DeliveryNotFound,
    EventNotFound,
    NotificationError,
)
from revenge.service.notification.models import AgentState, Delivery, EventFilter, EventRecord
from revenge.service.notification.service import Enqueued

_PROBLEMS: dict[type[NotificationError], tuple[int, str]] = {
    AgentNotFound: (404, "agent-not-found"),
    DeliveryNotFailed: (409, "delivery-not-failed"),
    DeliveryNotFound: (404, "delivery-not-found"),
    EventNotFound: (404, "event-not-found"),
}


def notifications_router(notifications: Notifications) -> APIRouter:
    """Return the routes under ``/notifications``."""
    router = APIRouter(prefix="/notifications", tags=["notifications"], responses=documented(400, 401, 422, 503))

    @router.get("", response_model=EventListOut, responses=documented(404))
    async def list_events(query: Annotated[EventsQuery, Query()]) -> Response:
        """List what happened, newest first, each with its deliveries."""
        wanted = EventFilter(type=query.type, category=query.category, agent=query.agent, status=query.status)
        try:
            page = await notifications.list(wanted, limit=query.limit, cursor=query.cursor)
        except ValueError as error:
            raise unknown_cursor() from error
        return json_response({"events": list(map(_event, page.events)), "next_cursor": page.next_cursor})

    @router.get("/agents", response_model=AgentListOut)
    async def list_agents() -> Response:
        """List who is told, and what each said last."""
        return json_response({"agents": [_agent(agent, state) for agent, state in await notifications.agents()]})

    @router.get("/types", response_model=EventTypeListOut)
    async def list_event_types() -> Response:
        """List every type of event that agents can be told of."""
        return json_response(
            {
                "types": [
                    {
                        "type": name,
                        "category": kind.category,
                        "title": kind.title,
                        "urgency": kind.urgency,
                        "gathers": bool(kind.many),
                    }
                    for name, kind in sorted(CATALOGUE.items())
                ]
            }
        )

    @router.post("/agents/{name}/test", response_model=EnqueuedOut, status_code=202, responses=documented(404))
    async def test_agent(name: Annotated[AgentName, Path()]) -> Response:
        """Send a message to an agent, whatever it wants to hear; its event says what became of it."""
        with _problems():
            return _accepted(await notifications.test(name))

    @router.get("/{event_id}", response_model=EventOut, responses=documented(404))
    async def get_event(event_id: UUID) -> Response:
        """Return an event with its deliveries."""
        with _problems():
            return json_response(_event(await notifications.get(event_id)))

    @router.post(
        "/{event_id}/deliveries/{agent}/retry",
        response_model=EnqueuedOut,
        status_code=202,
        responses=documented(404, 409),
    )
    async def retry_delivery(event_id: UUID, agent: Annotated[AgentName, Path()]) -> Response:
        """Try a delivery again that has failed."""
        with _problems():
            return _accepted(await notifications.retry(event_id, agent))

    return router


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except NotificationError as error:
        status, code = _PROBLEMS[type(error)]
        raise ProblemError(status, code, str(error)) from error


def _accepted(enqueued: Enqueued) -> Response:
    shape = {"event_id": str(enqueued.event_id), "agent": enqueued.agent, "job_id": enqueued.job_id}
    return json_response(shape, 202, headers={"Location": f"/api/v1/notifications/{enqueued.event_id}"})


def _event(record: EventRecord) -> dict[str, Any]:
    event = record.event
    return {
        "id": str(event.id),
        "type": event.type,
        "category": record.category,
        "timestamp": event.occurred_at,
        "user_id": event.account_id and str(event.account_id),
        "target_id": event.target_id and str(event.target_id),
        "data": event.data,
        "metadata": event.metadata,
        "deliveries": list(map(_delivery, record.deliveries)),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "agent": delivery.agent,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "error": delivery.error,
        "created_at": delivery.created_at,
        "last_attempt_at": delivery.last_attempt_at,
        "sent_at": delivery.sent_at,
    }


def _agent(agent: Agent, state: AgentState | None) -> dict[str, Any]:
    return {
        "name": agent.name,
        "scheme": agent.scheme,
        "enabled": agent.enabled,
        "event_types": sorted(agent.event_types),
        "categories": sorted(agent.categories),
        "blocked_until": state and state.blocked_until,
        "last_sent_at": state and state.last_sent_at,
        "last_failed_at": state and state.last_failed_at,
        "last_error": state and state.last_error,
    }
