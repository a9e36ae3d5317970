"""Unique keys, byte-identical to River's (River: `internal/dbunique`). Pure."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from revenge.infra.jobs.encoding import encode, encode_string, encode_time
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.models import JobState, UniqueOpts

STATE_BITS: Mapping[JobState, int] = {
    JobState.AVAILABLE: 1,
    JobState.CANCELLED: 2,
    JobState.COMPLETED: 4,
    JobState.DISCARDED: 8,
    JobState.PENDING: 16,
    JobState.RETRYABLE: 32,
    JobState.RUNNING: 64,
    JobState.SCHEDULED: 128,
}
"""Weights in ``unique_states`` (River: `uniquestates`)."""

DEFAULT_STATES = frozenset(JobState) - {JobState.CANCELLED, JobState.DISCARDED}
REQUIRED_STATES = (JobState.AVAILABLE, JobState.PENDING, JobState.RUNNING, JobState.SCHEDULED)
YEAR_ONE = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class UniqueKey:
    """What goes into ``unique_key`` and ``unique_states``."""

    key: bytes
    """SHA-256, 32 raw bytes."""
    states: int
    """Bit mask of the states in which the key is taken."""


def unique_key(
    opts: UniqueOpts, *, kind: str, args: Any, queue: str, scheduled_at: datetime | None, now: datetime
) -> UniqueKey | None:
    """Return the key of a job, None when ``opts`` asks for no uniqueness.

    ``args`` is the mapping of the job's arguments by their JSON names, in wire order. The period's window is that of
    ``scheduled_at``, else of ``now``.

    Raises:
        InvalidJob: the options contradict each other, with River's own words.
    """
    if opts.is_empty:
        return None
    _check(opts)
    parts = []
    if not opts.exclude_kind:
        parts.append(f"&kind={kind}")
    if opts.by_args:
        parts.append("&args=" + _args_text(args, opts.by_args))
    if opts.by_period is not None:
        # Go: `time.RFC3339`, which has no fraction, though windows of one and a half seconds begin with one.
        parts.append("&period=" + encode_time(_floor(scheduled_at or now, opts.by_period).replace(microsecond=0)))
    if opts.by_queue:
        parts.append(f"&queue={queue}")
    return UniqueKey(
        hashlib.sha256("".join(parts).encode()).digest(),
        # An empty list is River's default too, and not no state at all.
        state_mask(opts.by_state or DEFAULT_STATES),
    )


def state_mask(states: Iterable[JobState]) -> int:
    """Return the bit mask of ``states``."""
    return sum(STATE_BITS[state] for state in set(states))


def states_of(mask: int) -> frozenset[JobState]:
    """Return the states of a bit mask."""
    return frozenset(state for state, bit in STATE_BITS.items() if mask & bit)


def _check(opts: UniqueOpts) -> None:
    if opts.by_period is not None and opts.by_period < timedelta(seconds=1):
        message = "UniqueOpts.by_period should not be less than 1 second"
        raise InvalidJob(message)
    if opts.exclude_kind and not (opts.by_args or opts.by_period is not None or opts.by_queue):
        message = "UniqueOpts.exclude_kind requires by_args, by_queue, or by_period"
        raise InvalidJob(message)
    if opts.by_state is not None:
        _check_states(opts.by_state)


def _check_states(states: object) -> None:
    if isinstance(states, (str, bytes)) or not isinstance(states, Collection):
        message = f"UniqueOpts.by_state must be a list of states, got {states!r}"
        raise InvalidJob(message)
    for state in states:
        if not isinstance(state, str) or state not in STATE_BITS:
            message = f"UniqueOpts.by_state contains invalid state {state!r}"
            raise InvalidJob(message)
    missing = [state.value for state in REQUIRED_STATES if states and state not in states]
    if missing:
        message = f"UniqueOpts.by_state must contain all required states, missing: {', '.join(missing)}"
        raise InvalidJob(message)


def _floor(moment: datetime, period: timedelta) -> datetime:
    """Go's `Time.Truncate`: windows count from the year 1, not from 1970."""
    since = moment - YEAR_ONE
    return YEAR_ONE + (since - since % period)


def _args_text(args: Any, by_args: bool | Sequence[str]) -> str:
    if not isinstance(by_args, bool):
        return _selected(args, by_args)
    if isinstance(args, (list, tuple)) and not args:
        args = {}
    if not isinstance(args, Mapping):
        message = "unique args must encode a JSON object"
        raise InvalidJob(message)
    # Python sorts text by code points, which is the order of its bytes in UTF-8.
    return "{" + ",".join(f"{_key(key)}:{encode(args[key])}" for key in sorted(args)) + "}"


def _selected(args: Mapping[str, Any], paths: Sequence[str]) -> str:
    """The chosen fields only; a path that is absent is left out, and with none at all the text is empty."""
    chosen: dict[str, Any] = {}
    for path in sorted(paths):
        segments = [path] if path in args else path.split(".")
        found, value = _look_up(args, segments)
        if not found:
            continue
        into = chosen
        for segment in segments[:-1]:
            into = into.setdefault(segment, {})
        into[segments[-1]] = _Raw(encode(value))
    return _render(chosen) if chosen else ""


@dataclass(frozen=True, slots=True)
class _Raw:
    text: str


def _render(node: Any) -> str:
    if isinstance(node, _Raw):
        return node.text
    return "{" + ",".join(f"{_key(key)}:{_render(item)}" for key, item in node.items()) + "}"


def _look_up(value: Any, segments: Sequence[str]) -> tuple[bool, Any]:
    for segment in segments:
        if not isinstance(value, Mapping) or segment not in value:
            return False, None
        value = value[segment]
    return True, value


def _key(key: str) -> str:
    """River re-emits a key as it is unless it needs escaping (its JSON library's rule)."""
    if any(character < " " or character > "\x7f" or character in '"\\' for character in key):
        return encode_string(key)
    return f'"{key}"'
