"""Types at the edge: agents, events and deliveries."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from revenge.app.http.schemas import FilterText, JsonValue, PageQuery
from revenge.service.notification.catalogue import Category, Urgency
from revenge.service.notification.models import DeliveryStatus

AgentName = Annotated[str, StringConstraints(max_length=50, pattern=r"^[^\x00]*$")]


class EventsQuery(PageQuery):
    """Which events to list; what is left out lets all pass."""

    type: FilterText | None = Field(default=None, description="Of this type, such as `movie.added`.")
    category: Category | None = None
    agent: AgentName | None = Field(default=None, description="That this agent was to be told of.")
    status: DeliveryStatus | None = Field(
        default=None, description="With a delivery that is so; with `agent`, its own."
    )


class DeliveryOut(BaseModel):
    """What became of telling one agent."""

    agent: str
    status: DeliveryStatus
    attempts: int = Field(description="How often it was called.")
    error: str | None
    created_at: str
    last_attempt_at: str | None
    sent_at: str | None


class EventOut(BaseModel):
    """Something that happened."""

    id: str
    type: str
    category: str
    timestamp: str
    user_id: str | None
    target_id: str | None
    data: dict[str, JsonValue]
    metadata: dict[str, str]
    deliveries: list[DeliveryOut]


class EventListOut(BaseModel):
    """Events, newest first."""

    events: list[EventOut]
    next_cursor: str | None


class AgentOut(BaseModel):
    """Somebody who is told. Its address is a secret and shown nowhere."""

    name: str
    scheme: str = Field(description="Of its address: `discord`, `ntfys`, ...")
    enabled: bool
    event_types: list[str]
    categories: list[str]
    blocked_until: str | None = Field(description="It asked to be left alone until then.")
    last_sent_at: str | None
    last_failed_at: str | None
    last_error: str | None = Field(description="Of the last call; null when that went well.")


class AgentListOut(BaseModel):
    """Who is told, in the order of the settings."""

    agents: list[AgentOut]


class EventTypeOut(BaseModel):
    """A type of events."""

    type: str
    category: Category
    title: str
    urgency: Urgency
    gathers: bool = Field(description="Several are told in one message.")


class EventTypeListOut(BaseModel):
    """Every type that is raised."""

    types: list[EventTypeOut]


class EnqueuedOut(BaseModel):
    """The event, and the job that tells the agent of it."""

    event_id: str
    agent: str
    job_id: int
