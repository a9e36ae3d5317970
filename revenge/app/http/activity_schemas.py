"""Types at the edge: the activity log and statistics."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from revenge.app.http.schemas import FilterText, JsonValue, Moment, PageQuery, Strict
from revenge.service.statistics.models import Stat


def _flag(value: object) -> object:
    # pydantic reads "yes", "on" and "1" as true; the published schema does not.
    known = {"true": True, "false": False}
    if isinstance(value, str) and value not in known:
        message = "must be true or false"
        raise ValueError(message)
    return known[value] if isinstance(value, str) else value


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        message = "must be a whole number"
        raise ValueError(message)
    return value


Flag = Annotated[bool, BeforeValidator(_flag)]


class EntriesOfQuery(PageQuery):
    """Which of somebody's entries to list; what is left out lets all pass."""

    action: FilterText | None = None
    success: Flag | None = None
    security: Flag | None = Field(default=None, description="About who may do what, or not.")
    start_time: Moment | None = None
    end_time: Moment | None = Field(default=None, description="The first moment that is too late.")


class EntriesQuery(EntriesOfQuery):
    """Which entries to list; what is left out lets all pass."""

    user_id: UUID | None = None
    resource_type: FilterText | None = None
    resource_id: FilterText | None = None


class ActionsQuery(Strict):
    """How many actions to list."""

    limit: Annotated[int, Field(ge=1, le=50), BeforeValidator(_digits)] = 20


class EntryOut(BaseModel):
    """Something that somebody did."""

    id: str
    user_id: str | None
    username: str | None
    action: str
    security: bool
    resource_type: str | None
    resource_id: str | None
    changes: dict[str, JsonValue] | None
    metadata: dict[str, JsonValue] | None
    ip_address: str | None
    user_agent: str | None
    success: bool
    error_message: str | None
    created_at: str = Field(description="When it was done.")
    recorded_at: str = Field(description="When it was written down.")


class EntryListOut(BaseModel):
    """Entries, newest first."""

    entries: list[EntryOut]
    next_cursor: str | None


class ActivityStatsOut(BaseModel):
    """How many entries there are, and from when to when."""

    total_count: int
    success_count: int
    failed_count: int
    oldest_entry: str | None
    newest_entry: str | None


class ActionOut(BaseModel):
    """How often something was done."""

    action: str
    count: int


class ActionListOut(BaseModel):
    """What was done most often in the last week."""

    actions: list[ActionOut]


class HistoryQuery(PageQuery):
    """Which values of what."""

    key: Stat
    start_time: Moment | None = None
    end_time: Moment | None = Field(default=None, description="The first moment that is too late.")


class StatsOut(BaseModel):
    """What the server held when it was counted last; empty before the first time."""

    at: str | None
    stats: dict[str, int]


class PointOut(BaseModel):
    """A value of one hour, or of one day where that is long past."""

    at: str
    value: int


class HistoryOut(BaseModel):
    """Values, newest first."""

    key: Stat
    points: list[PointOut]
    next_cursor: str | None
