"""Lists of jobs by River's filters and in its orders, and what is done to all jobs that a filter names."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, assert_never

from revenge.infra.jobs.cursor import Cursor, decode_cursor, encode_cursor
from revenge.infra.jobs.encoding import encode, encode_time
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.given import check_object
from revenge.infra.jobs.job_store import JobStore, job_from
from revenge.infra.jobs.models import FINAL, JobFilter, JobListParams, JobOrder, JobPage, JobRow, JobState
from revenge.infra.jobs.store import AnyConnection, Store

MOST_ROWS = 10_000
"""River: `JobListParams.First`, `JobDeleteManyParams.First`."""

Column = Literal["id", "scheduled_at", "attempted_at", "finalized_at"]

_TIME_OF: Mapping[JobState, Column] = {
    JobState.AVAILABLE: "scheduled_at",
    JobState.PENDING: "scheduled_at",
    JobState.RETRYABLE: "scheduled_at",
    JobState.SCHEDULED: "scheduled_at",
    JobState.RUNNING: "attempted_at",
    **dict.fromkeys(FINAL, "finalized_at"),
}
"""River: `jobListTimeFieldForState`."""


class JobListing:
    """Statements on many rows at a time; errors as in ``Store``."""

    def __init__(self, store: Store, jobs: JobStore) -> None:
        self._store = store
        self._jobs = jobs

    async def page(self, params: JobListParams, *, conn: AnyConnection | None = None) -> JobPage:
        """Return a page of jobs.

        Raises:
            InvalidCursor: the cursor is not one that a list returned.
            InvalidJob: the limit is out of range, or the order does not fit the states.
            TypeError: there are no such parameters.
        """
        check_object("params", params, JobListParams)
        check_limit(params.limit)
        after = decode_cursor(params.cursor) if params.cursor else None
        if _is_newest_first(params):
            before_id = after.id if after else None
            return _page(await self._jobs.list_page(params, before_id=before_id, conn=conn), params, "id")
        column = column_of(params)
        states = list(params.states) or (sorted(FINAL) if params.order_by is JobOrder.FINALIZED_AT else [])
        fills = {
            "state": _state_words(states, column),
            "after": _after_words(column, states, after, descending=params.descending),
            "order": _order_words(column, descending=params.descending),
        }
        wanted = JobFilter(
            ids=params.ids, kinds=params.kinds, priorities=params.priorities, queues=params.queues, states=states
        )
        args: list[Any] = [
            *_columns(wanted),
            list(params.tags) or None,
            list(params.tags_any) or None,
            encode(params.metadata) if params.metadata else None,
            params.limit,
        ]
        if after is not None:
            # The time as text: no codec of the caller's connection has a say in it.
            args += (
                [after.id] if "$11" not in fills["after"] or after.time is None else [after.id, after.time.isoformat()]
            )
        records = await self._store.fetch(self._store.filled("job_search", fills), *args, conn=conn)
        return _page([job_from(record) for record in records], params, column)

    async def delete_many(
        self, wanted: JobFilter, *, limit: int, unsafe_all: bool, conn: AnyConnection | None = None
    ) -> list[JobRow]:
        """Delete what matches and does not run; return it as it was.

        Raises:
            InvalidJob: nothing is filtered by and that is not said to be meant, or both; or the limit is out of range.
            TypeError: the filter is none.
        """
        check_object("wanted", wanted, JobFilter)
        if wanted.is_empty is not unsafe_all:
            message = (
                "unsafe_all deletes jobs of all sorts and takes no filter"
                if unsafe_all
                else "a filter is needed: without any, jobs of all sorts would go; unsafe_all=True says that this is meant"
            )
            raise InvalidJob(message)
        return await self._many("job_delete_many", wanted, limit, conn=conn)

    async def cancel_many(self, wanted: JobFilter, *, limit: int, conn: AnyConnection | None = None) -> list[JobRow]:
        """Cancel what matches and has not ended; return the rows.

        Raises:
            InvalidJob: nothing is filtered by, or the limit is out of range.
            TypeError: the filter is none.
        """
        wanted = _some(wanted)
        requested_at = f'"{encode_time(datetime.now(UTC))}"'
        channel = await self._store.channel("river_control", conn=conn)
        return await self._many("job_cancel_many", wanted, limit, channel, requested_at, conn=conn)

    async def retry_many(self, wanted: JobFilter, *, limit: int, conn: AnyConnection | None = None) -> list[JobRow]:
        """Make available now what matches, neither runs nor is due, and whose unique key is free; return the rows.

        Raises:
            InvalidJob: nothing is filtered by, or the limit is out of range.
            TypeError: the filter is none.
        """
        wanted = _some(wanted)
        channel = await self._store.channel("river_insert", conn=conn)
        return await self._many("job_retry_many", wanted, limit, channel, conn=conn)

    async def _many(
        self, name: str, wanted: JobFilter, limit: int, *args: Any, conn: AnyConnection | None
    ) -> list[JobRow]:
        check_limit(limit)
        records = await self._store.fetch(name, *_columns(wanted), limit, *args, conn=conn)
        return [job_from(record) for record in records]


def check_limit(limit: object) -> None:
    """Look at how many rows a call may return or change.

    Raises:
        InvalidJob: more than River allows, or none, or no whole number.
    """
    if not isinstance(limit, int) or not 1 <= limit <= MOST_ROWS:
        message = f"limit must be 1 to {MOST_ROWS}, got {limit!r}"
        raise InvalidJob(message)


def column_of(params: JobListParams) -> Column:
    """Return the column that a list is ordered by.

    Raises:
        InvalidJob: jobs of those states have no such time.
    """
    match params.order_by:
        case JobOrder.ID:
            return "id"
        case JobOrder.SCHEDULED_AT:
            return "scheduled_at"
        case JobOrder.TIME:
            return _TIME_OF[next(iter(params.states), JobState.AVAILABLE)]
        case JobOrder.FINALIZED_AT:
            if unfinished := sorted(set(params.states) - FINAL):
                message = f"only ended jobs are ordered by finalized_at, not those that are {', '.join(unfinished)}"
                raise InvalidJob(message)
            return "finalized_at"
    assert_never(params.order_by)


def _some(wanted: JobFilter) -> JobFilter:
    check_object("wanted", wanted, JobFilter)
    if wanted.is_empty:
        message = "a filter is needed: without any, jobs of all sorts would be changed"
        raise InvalidJob(message)
    return wanted


def _columns(wanted: JobFilter) -> list[Any]:
    states = [JobState(state).value for state in wanted.states]
    columns = (wanted.ids, wanted.kinds, wanted.priorities, wanted.queues, states)
    return [list(values) or None for values in columns]


def _is_newest_first(params: JobListParams) -> bool:
    """Whether the statements do that serve what most lists ask for from indexes of our own."""
    others = params.ids or params.priorities or params.tags_any or params.metadata
    return params.order_by is JobOrder.ID and params.descending and not others


def _page(rows: list[JobRow], params: JobListParams, column: Column) -> JobPage:
    if len(rows) < params.limit:
        return JobPage(rows, None)
    time = None if column == "id" else getattr(rows[-1], column)
    return JobPage(rows, encode_cursor(rows[-1], order_by=params.order_by, time=time))


def _is_nullable(column: Column, states: Sequence[JobState]) -> bool:
    """River: `timeFieldNullable`."""
    return column == "attempted_at" or (column == "finalized_at" and not (states and FINAL.issuperset(states)))


# Words of statements: all of them are written here, none comes from a caller.


def _state_words(states: Sequence[JobState], column: Column) -> str:
    if len(states) != 1:
        return "true"
    # A literal proves the partial index and that its order by time is the list's; a parameter does not.
    words = f"state = '{JobState(states[0]).value}'"
    return f"{words} AND finalized_at IS NOT NULL" if column == "finalized_at" and states[0] in FINAL else words


def _after_words(column: Column, states: Sequence[JobState], after: Cursor | None, *, descending: bool) -> str:
    if after is None:
        return "true"
    beyond = "<" if descending else ">"
    nullable = _is_nullable(column, states)
    if column == "id" or (after.time is None and not nullable):
        return f"id {beyond} $10::bigint"
    if after.time is None:
        # Nulls count as the latest of all.
        return (
            f"({column} IS NOT NULL OR id < $10::bigint)" if descending else f"({column} IS NULL AND id > $10::bigint)"
        )
    words = f"({column}, id) {beyond} ($11::text::timestamptz, $10::bigint)"
    return f"({words} OR {column} IS NULL)" if nullable and not descending else words


def _order_words(column: Column, *, descending: bool) -> str:
    way = "DESC" if descending else "ASC"
    # With the table's name: the column itself, which has an index, and not what is returned of it.
    return f"id {way}" if column == "id" else f"river_job.{column} {way}, id {way}"
