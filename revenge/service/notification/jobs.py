"""The job that tells agents of what happened."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from revenge.infra.jobs import InsertOpts, JobArgs, Queue


def _is_empty(value: object) -> bool:
    return not value


class NotificationArgs(JobArgs, kind="notification"):
    """The Go server's arguments. Ours name one agent and leave the rest to the event's row."""

    event_id: UUID
    event_type: str = Field(min_length=1, max_length=100)
    timestamp: AwareDatetime
    user_id: UUID | None = Field(None, exclude_if=_is_empty)
    target_id: UUID | None = Field(None, exclude_if=_is_empty)
    data: dict[str, Any] | None = Field(None, exclude_if=_is_empty)
    metadata: dict[str, str] | None = Field(None, exclude_if=_is_empty)
    agent_names: tuple[str, ...] | None = Field(None, exclude_if=_is_empty)

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.HIGH, max_attempts=5)


def args_of(*, event_id: UUID, type: str, occurred_at: datetime, agent: str) -> NotificationArgs:
    """Return the arguments of the job that tells ``agent`` of an event that has a row."""
    return NotificationArgs(event_id=event_id, event_type=type, timestamp=occurred_at, agent_names=(agent,))
