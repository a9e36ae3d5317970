"""Says which jobs have been inserted and have not ended, and where they are not what a test wants, what is different."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict, Unpack

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.drivers import AsyncConnection
from revenge.infra.jobs.encoding import decode, encode
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import UNFINISHED, JobListParams, JobRow, JobState
from revenge.infra.jobs.testing.kit_store import store_of

MOST_SHOWN = 5
"""Jobs that a failure tells about, the nearest first."""
PAGE = 1000
WITHIN: Final = timedelta(seconds=1)
"""How far apart two times may be and still be one: moments pass between a test's now and that of the code."""

What = JobArgs | type[JobArgs] | str | None
"""The very arguments of a job, their class, the name of a kind, or any job."""


class Like(TypedDict, total=False):
    """What is wanted of a job; what is left out may be anything."""

    args: Mapping[str, Any]
    """Some of its arguments, by the fields' names or their JSON names; of an object inside, some of its keys. A value is the
    job's if it equals it or has the same JSON form: ids, times and ``mock.ANY`` serve."""
    queue: str
    priority: int
    tags: Collection[str]
    """All of these, and perhaps more."""
    metadata: Mapping[str, Any]
    """As ``args``."""
    scheduled_at: datetime
    """Give or take ``within``."""
    within: timedelta
    """A second when left out."""
    states: Collection[JobState]
    """One of these. When left out, one in which the job has not ended: what has ended is not enqueued."""


async def enqueued(
    client: Client, what: What = None, *, conn: AsyncConnection | None = None, **like: Unpack[Like]
) -> Sequence[JobRow]:
    """Return the jobs that are as wanted, oldest first.

    ``client`` is an in-memory one or one on a database. With ``conn`` that connection's transaction is looked at.

    Raises:
        TypeError: the class has no such field.
        UnknownKind: the client has workers, and none, nor a declaration, is for this kind.
    """
    wanted = _Wanted(client, what, like)
    return [job for job in await _all(client, conn) if not wanted.differences(job)]


async def assert_enqueued(
    client: Client,
    what: What = None,
    *,
    count: int | None = None,
    conn: AsyncConnection | None = None,
    **like: Unpack[Like],
) -> JobRow:
    """Return the oldest job that is as wanted; ``count`` says how many there are to be, at least one without it.

    Raises:
        AssertionError: there are none, or not ``count``; it says what there is instead, and what is different.
        TypeError, UnknownKind: as for ``enqueued``.
    """
    __tracebackhide__ = True
    if count is not None and count < 1:
        message = f"count must be at least 1, got {count}: refute_enqueued says that there is none"
        raise ValueError(message)
    wanted = _Wanted(client, what, like)
    jobs = await _all(client, conn)
    found = [job for job in jobs if not wanted.differences(job)]
    if not found:
        raise AssertionError("\n".join([f"no job is enqueued like {wanted}", *_nearest(wanted, jobs)]))
    if count not in (None, len(found)):
        told = [f"{len(found)} of the wanted {count} jobs are enqueued like {wanted}", *map(_told, found)]
        raise AssertionError("\n".join(told))
    return found[0]


async def refute_enqueued(
    client: Client, what: What = None, *, conn: AsyncConnection | None = None, **like: Unpack[Like]
) -> None:
    """Make sure that no job is as described.

    Raises:
        AssertionError: there is one; it says which.
        TypeError, UnknownKind: as for ``enqueued``, so that a misspelt name does not pass.
    """
    __tracebackhide__ = True
    found = await enqueued(client, what, conn=conn, **like)
    if found:
        told = [f"a job is enqueued like {_Wanted(client, what, like)}", *map(_told, found[:MOST_SHOWN])]
        raise AssertionError("\n".join(told))


class _Wanted:
    """What a test says of a job, checked."""

    def __init__(self, client: Client, what: What, like: Like) -> None:
        self.kind: str | None = None
        self._like = like
        self._args: Mapping[str, Any] = like.get("args", {})
        args_type = type(what) if isinstance(what, JobArgs) else what if isinstance(what, type) else None
        if args_type is not None:
            self.kind = args_type.kind
            self._args = {_json_name(args_type, name): value for name, value in self._args.items()}
        elif isinstance(what, str):
            self.kind = what
            if len(client.workers):
                client.workers.args_type(what)
        self._all_args: Mapping[str, Any] = decode(what.wire_text()) if isinstance(what, JobArgs) else {}

    def differences(self, job: JobRow) -> list[str]:
        """Return in words what is different in ``job``, nothing when it is wanted; what matters more comes first."""
        return [f"{name}: wanted {wanted}, is {there}" for name, wanted, there in self._different(job)]

    def _different(self, job: JobRow) -> Iterator[tuple[str, str, str]]:
        if self.kind not in (None, job.kind):
            yield "kind", repr(self.kind), repr(job.kind)
        states = self._like.get("states", UNFINISHED)
        if job.state not in states:
            wanted = "unfinished" if states is UNFINISHED else " or ".join(sorted(states))
            yield "state", wanted, job.state.value
        yield from _unlike("args", self._all_args, job.args, whole=True)
        yield from _unlike("args", self._args, job.args)
        there = {"queue": job.queue, "priority": job.priority}
        yield from _unlike("", {key: value for key, value in self._like.items() if key in there}, there)
        missing = [tag for tag in self._like.get("tags", ()) if tag not in job.tags]
        if missing:
            yield "tags", repr(missing), repr(job.tags)
        due = self._like.get("scheduled_at")
        if due is not None and abs(job.scheduled_at - due) > self._like.get("within", WITHIN):
            yield "scheduled_at", str(due), str(job.scheduled_at)
        yield from _unlike("metadata", self._like.get("metadata", {}), job.metadata)

    def __str__(self) -> str:
        args = {**self._all_args, **self._args}
        like = {**self._like, **({"args": args} if args else {})}
        return " ".join([self.kind or "any kind", *(f"{name}={value!r}" for name, value in like.items())])


def _json_name(args_type: type[JobArgs], name: str) -> str:
    """Return the JSON name of a field.

    Raises:
        TypeError: there is none.
    """
    fields = args_type.model_fields
    names = {field.serialization_alias or field.alias or own: own for own, field in fields.items()}
    if name in names:
        return name
    if name not in fields:
        message = f"{args_type.__name__} has no field {name!r}; it has {', '.join(fields) or 'none'}"
        raise TypeError(message)
    return next(alias for alias, own in names.items() if own == name)


def _unlike(
    path: str, wanted: Mapping[str, Any], there: Mapping[str, Any], *, whole: bool = False
) -> Iterator[tuple[str, str, str]]:
    """Yield what is wanted and not there; ``whole`` objects inside must not have more keys."""
    for key, value in wanted.items():
        name = f"{path}.{key}" if path else key
        if key not in there:
            yield name, repr(value), "missing"
        elif not whole and isinstance(value, Mapping) and isinstance(there[key], Mapping):
            yield from _unlike(name, value, there[key])
        elif not _is_same(value, there[key]):
            yield name, repr(value), repr(there[key])


def _is_same(wanted: Any, there: Any) -> bool:
    # True equals 1 in Python and not in JSON.
    if isinstance(wanted, (bool, int, float)) and isinstance(wanted, bool) != isinstance(there, bool):
        return False
    if wanted == there:
        return True
    try:
        return bool(decode(encode(wanted)) == there)
    except (TypeError, ValueError):
        return False


async def _all(client: Client, conn: AsyncConnection | None) -> list[JobRow]:
    """Return every job, oldest first."""
    store = JobStore(store_of(client, conn))
    rows: list[JobRow] = []
    while page := await store.list_page(JobListParams(limit=PAGE), before_id=rows[-1].id if rows else None):
        rows += page
    return rows[::-1]


def _nearest(wanted: _Wanted, jobs: Sequence[JobRow]) -> Iterator[str]:
    """Yield what there is, that which differs least first."""
    if not jobs:
        yield "nothing has been inserted"
        return
    ranked = sorted(jobs, key=lambda job: (wanted.kind not in (None, job.kind), len(wanted.differences(job)), -job.id))
    yield f"of {len(jobs)} that there are" + (f", the nearest {MOST_SHOWN}:" if len(jobs) > MOST_SHOWN else ":")
    for job in ranked[:MOST_SHOWN]:
        yield _told(job)
        yield from (f"    {difference}" for difference in wanted.differences(job))


def _told(job: JobRow) -> str:
    tags = f" tags={job.tags!r}" if job.tags else ""
    due = f" due {job.scheduled_at}" if job.state in (JobState.SCHEDULED, JobState.RETRYABLE) else ""
    return f"  job {job.id}: {job.kind} {job.args!r} in {job.queue!r}, {job.state.value}{due}{tags}"
