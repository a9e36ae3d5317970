"""Types at the edge: what is played and what was watched."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from revenge.app.http.schemas import Strict


def _whole(value: object) -> object:
    # JSON has one sort of number: 5.0 is a whole one, which strict integers do not know.
    return int(value) if isinstance(value, float) and value.is_integer() else value


Seconds = Annotated[int, Field(strict=True, ge=0, le=10_000_000), BeforeValidator(_whole)]

Duration = Annotated[int, Field(strict=True, ge=1, le=10_000_000), BeforeValidator(_whole)]


class ViewingIn(Strict):
    """Where somebody is in a film or an episode."""

    position_s: Seconds
    duration_s: Duration | None = Field(None, description="What is left out stays as it was.")
    completed: Annotated[bool, Field(strict=True)] | None = Field(
        None, description="Without it: once nine tenths are behind."
    )


class NewPlaybackIn(Strict):
    """What somebody begins to play."""

    entity_id: UUID
    file_id: UUID | None = None
    client: Annotated[str, StringConstraints(strict=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    position_s: Seconds = 0


class WatchedOut(BaseModel):
    """How far somebody has watched a film or an episode."""

    entity_id: UUID
    kind: str
    position_s: int
    duration_s: int | None
    is_completed: bool
    play_count: int
    last_watched_at: datetime
    completed_at: datetime | None


class WatchedListOut(BaseModel):
    """What was watched, the latest first."""

    watched: list[WatchedOut]
    next_cursor: str | None


class PlaybackOut(BaseModel):
    """Somebody plays something."""

    id: UUID
    account_id: UUID | None
    entity_id: UUID | None
    file_id: UUID | None
    node: str
    client: str | None
    position_s: int
    started_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    end_reason: str | None


class PlaybackListOut(BaseModel):
    """What is played now, the newest first."""

    sessions: list[PlaybackOut]
    next_cursor: str | None
