"""From arguments and options to the columns of a new row: precedence, validation, unique key. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.config import ClientConfig, check_queue_name
from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.models import InsertOpts, JobState, Queue, UniqueOpts
from revenge.infra.jobs.unique import YEAR_ONE, UniqueKey, unique_key

_TAG = re.compile(r"\w[\w\-]+\w", re.ASCII)
"""River: `tagRE`."""
MAX_TAG_BYTES = 255
MAX_ATTEMPTS = 32_767
"""The column is a smallint. River makes larger ones this; here they are refused."""
MAX_KIND = 127
"""River's constraint `kind_length`."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """The columns that all jobs of one class share that are inserted with the same options; compared by identity."""

    kind: str
    queue: str
    state: JobState
    priority: int
    max_attempts: int
    scheduled_at: datetime
    metadata: str
    tags: Sequence[str]


class NewJob(NamedTuple):
    """A row to insert. A tuple, because one is made per job of a bulk insert."""

    shape: Shape
    args: str
    unique: UniqueKey | None

    @property
    def kind(self) -> str:
        """The job's kind."""
        return self.shape.kind

    @property
    def queue(self) -> str:
        """The queue it goes to."""
        return self.shape.queue


class Builder:
    """Makes the rows of one insert: what the call says, else the arguments' class, else the client.

    Options are resolved and checked once for all jobs of one class that are inserted with the same options.
    """

    def __init__(self, *, config: ClientConfig, now: datetime) -> None:
        self._config = config
        self._now = now
        self._templates: dict[tuple[type[JobArgs], int], _Template] = {}

    def build(self, args: JobArgs, opts: InsertOpts | None) -> NewJob:
        """Return the row for ``args``.

        Raises:
            InvalidJob: an option breaks one of River's rules; the text names it, the limit and the value.
        """
        # By identity, since options may hold lists; the template keeps them, so that no other object gets theirs.
        key = (type(args), id(opts))
        template = self._templates.get(key)
        if template is None:
            _check_types(args, opts)
            template = self._templates[key] = _resolve(type(args), opts, config=self._config, now=self._now)
        shape = template.shape
        if (reason := args.why_never()) is not None:
            message = f"a job of kind {shape.kind!r} with these arguments can never be done: {reason}"
            raise InvalidJob(message)
        try:
            if template.unique is None:
                return NewJob(shape, args.wire_text(), None)
            wire = args.wire_values()
            text = encode(wire)
        except (TypeError, ValueError, RecursionError) as error:
            message = f"the arguments of a job of kind {shape.kind!r} have no JSON form: {error}"
            raise InvalidJob(message) from error
        unique = unique_key(
            template.unique,
            kind=shape.kind,
            args=wire,
            queue=shape.queue,
            scheduled_at=template.scheduled_at,
            now=self._now,
        )
        return NewJob(shape, text, unique)

    @property
    def args_types(self) -> set[type[JobArgs]]:
        """The classes of what has been built."""
        return {args_type for args_type, _ in self._templates}


class _Template(NamedTuple):
    """What is decided once for all jobs of a shape."""

    shape: Shape
    unique: UniqueOpts | None
    scheduled_at: datetime | None
    opts: InsertOpts | None


def _check_types(args: object, opts: object) -> None:
    if not isinstance(args, JobArgs):
        said = (
            f"the class {args.__name__}: write {args.__name__}(...)" if isinstance(args, type) else type(args).__name__
        )
        message = f"a job's arguments are an object of a class like class Some(JobArgs, kind=...), got {said}"
        raise InvalidJob(message)
    if opts is not None and not isinstance(opts, InsertOpts):
        message = f"a job's options are InsertOpts(...), got {type(opts).__name__}"
        raise InvalidJob(message)


def _resolve(args_type: type[JobArgs], opts: InsertOpts | None, *, config: ClientConfig, now: datetime) -> _Template:
    kind = getattr(args_type, "kind", None)
    if not kind:
        message = f"{args_type.__name__} has no kind: class {args_type.__name__}(JobArgs, kind=...)"
        raise InvalidJob(message)
    if not isinstance(kind, str) or _UNSTORABLE.search(kind):
        message = f"a kind is a text that the database can hold, got {kind!r}"
        raise InvalidJob(message)
    if len(kind) > MAX_KIND:
        message = f"a kind has at most {MAX_KIND} characters, got {len(kind)}: {kind[:40]!r}..."
        raise InvalidJob(message)
    own, given = args_type.insert_opts, opts or InsertOpts()
    # An explicit 0 or "" is a mistake here; Go, whose zero values mean that nothing was said, can't tell.
    queue = check_queue_name(_said(given.queue, own.queue, Queue.DEFAULT))
    priority = _within("priority", _said(given.priority, own.priority, 1), 1, 4)
    max_attempts = _within(
        "max_attempts", _said(given.max_attempts, own.max_attempts, config.max_attempts), 1, MAX_ATTEMPTS
    )
    scheduled_at = _check_time(_said(given.scheduled_at, own.scheduled_at, None))
    of_call, of_class = _check_unique(given.unique), _check_unique(own.unique)
    unique = of_class if of_call is None or of_call.is_empty else of_call
    if unique is not None and not isinstance(unique.by_args, bool):
        _check_by_args(unique.by_args, args_type)
    shape = Shape(
        kind=kind,
        queue=queue,
        state=_first_state(pending=given.pending, scheduled=scheduled_at is not None),
        priority=priority,
        max_attempts=max_attempts,
        scheduled_at=scheduled_at or now.astimezone(UTC),
        metadata="{}" if given.metadata is None else metadata_text(given.metadata),
        tags=_check_tags(_said(given.tags, own.tags, ())),
    )
    return _Template(shape, None if unique is None or unique.is_empty else unique, scheduled_at, opts)


def metadata_text(metadata: object) -> str:
    """Return the JSON text of some metadata.

    Raises:
        InvalidJob: they are no object, or have no JSON form.
    """
    try:
        return encode(metadata_object(metadata))
    except (TypeError, ValueError, RecursionError) as error:
        message = f"metadata has no JSON form: {error}"
        raise InvalidJob(message) from error


def metadata_object(metadata: object) -> Mapping[Any, Any]:
    """Return ``metadata``.

    Raises:
        InvalidJob: they are no object.
    """
    if not isinstance(metadata, Mapping):
        message = f"metadata must be an object, got {type(metadata).__name__}"
        raise InvalidJob(message)
    return metadata


def _check_unique(unique: object) -> UniqueOpts | None:
    if unique is not None and not isinstance(unique, UniqueOpts):
        message = f"unique must be UniqueOpts(...), as UniqueOpts(by_args=True), got {unique!r}"
        raise InvalidJob(message)
    return unique


def _check_by_args(paths: object, args_type: type[JobArgs]) -> None:
    # What is no argument would count as absent: all jobs of the kind would be one.
    if isinstance(paths, str) or not isinstance(paths, Collection) or not all(isinstance(path, str) for path in paths):
        message = f"UniqueOpts.by_args must be True or a list of JSON names, got {paths!r}"
        raise InvalidJob(message)
    names = args_type.wire_names
    _check_overlaps(paths, names or ())
    if names is None:
        return
    for path in paths:
        if path not in names and path.partition(".")[0] not in names:
            message = (
                f"UniqueOpts.by_args: {args_type.__name__} has no argument {path!r} by its JSON name; "
                f"it has {', '.join(sorted(names)) or 'none'}"
            )
            raise InvalidJob(message)


def _check_overlaps(paths: Collection[str], names: Collection[str]) -> None:
    # A name that holds a dot is no path.
    walked = {path: tuple(path.split(".")) for path in paths if path not in names or "." not in path}
    outer = {segments: path for path, segments in walked.items()}
    for path, segments in walked.items():
        for length in range(1, len(segments)):
            if (within := outer.get(segments[:length])) is not None:
                message = (
                    f"UniqueOpts.by_args: {path!r} is within {within!r}, which counts whole: leave one of them out"
                )
                raise InvalidJob(message)


def _first_state(*, pending: bool, scheduled: bool) -> JobState:
    # A time in the past schedules too, as in River: the leader promotes it at its next round.
    if pending:
        return JobState.PENDING
    return JobState.SCHEDULED if scheduled else JobState.AVAILABLE


def _said(call: T | None, args_class: T | None, otherwise: T) -> T:
    """Return what was said nearest to the call."""
    if call is not None:
        return call
    return otherwise if args_class is None else args_class


def _within(name: str, value: object, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        message = f"{name} must be {least} to {most}, got {value!r}"
        raise InvalidJob(message)
    return value


def _check_time(value: object) -> datetime | None:
    """Return the time in UTC; the year 1's first moment says nothing, as Go's zero time, which PostgreSQL's driver makes infinite."""
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        message = f"scheduled_at must be a datetime and needs a time zone, got {value!r}"
        raise InvalidJob(message)
    try:
        moment = value.astimezone(UTC)
    except OverflowError as error:
        message = f"scheduled_at must be within the years 1 to 9999 in UTC, got {value!r}"
        raise InvalidJob(message) from error
    return None if moment == YEAR_ONE else moment


def _check_tags(tags: object) -> Sequence[str]:
    if isinstance(tags, str) or not isinstance(tags, Sequence):
        message = f"tags must be a list of texts, got {tags!r}"
        raise InvalidJob(message)
    for tag in tags:
        if not isinstance(tag, str) or not _TAG.fullmatch(tag) or len(tag) > MAX_TAG_BYTES:
            message = f"a tag has 3 to {MAX_TAG_BYTES} letters, digits, _ and -, and neither begins nor ends with -, got {tag!r}"
            raise InvalidJob(message)
    return tags
