"""Rows of ``river_job`` in this process: what a row holds, and the unique index over all of them."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.epoch import to_microseconds
from revenge.infra.jobs.errors import StoreError, UniqueKeyTaken
from revenge.infra.jobs.models import FINAL, JobState
from revenge.infra.jobs.unique import STATE_BITS

MAX_NAME = 127
"""River's constraints on the lengths of kind and queue."""


class MemoryRecord:
    """What a statement returns of one row, read by name or by position like the driver's own."""

    __slots__ = ("_values",)

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, key: str | int) -> Any:
        return list(self._values.values())[key] if isinstance(key, int) else self._values[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryRow:
    """A row as PostgreSQL would hold it; JSON stays text."""

    id: int
    kind: str
    queue: str
    state: JobState
    priority: int
    attempt: int = 0
    max_attempts: int
    args: str
    metadata: str
    tags: Sequence[str]
    created_at: datetime
    scheduled_at: datetime
    attempted_at: datetime | None = None
    finalized_at: datetime | None = None
    attempted_by: Sequence[str] = ()
    errors: Sequence[str] = ()
    unique_key: bytes | None = None
    unique_states: int | None = None

    @property
    def taken_key(self) -> bytes | None:
        """The unique key that this row keeps others from having in its present state."""
        return self.unique_key if self.blocks_in(self.state) else None

    def blocks_in(self, state: JobState) -> bool:
        """Whether the row would keep others from having its unique key in ``state``."""
        return self.unique_key is not None and bool((self.unique_states or 0) & STATE_BITS[state])

    def metadata_dict(self) -> dict[str, Any]:
        """Decode the metadata."""
        return dict(decode(self.metadata))

    def merged(self, more: dict[str, Any]) -> str:
        """Return the metadata with ``more`` in it, as text."""
        return as_text({**self.metadata_dict(), **more})

    def record(self, **more: Any) -> MemoryRecord:
        """Return the columns that most statements return, and ``more``."""
        columns = {field.name: in_microseconds(getattr(self, field.name)) for field in fields(self)}
        columns |= {"tags": list(self.tags), "attempted_by": list(self.attempted_by), "errors": list(self.errors)}
        return MemoryRecord(**columns, **more)


def in_microseconds(value: Any) -> Any:
    """Return a time as microseconds since 1970, as statements do that return whole rows; anything else as it is."""
    return to_microseconds(value) if isinstance(value, datetime) else value


class MemoryRows:
    """All rows by id. A statement hands in all that it changes at once: they change, or none does."""

    def __init__(self) -> None:
        self._rows: dict[int, MemoryRow] = {}
        self._holders: dict[bytes, int] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[MemoryRow]:
        return iter(list(self._rows.values()))

    def get(self, job_id: int) -> MemoryRow | None:
        """Return the row, None without one."""
        return self._rows.get(job_id)

    def holder(self, key: bytes) -> MemoryRow | None:
        """Return the row that has the unique key ``key``."""
        return self._rows.get(self._holders.get(key, 0))

    def new_id(self) -> int:
        """Return the next id; like a sequence it never goes back."""
        self._last_id += 1
        return self._last_id

    def write(self, changed: Iterable[MemoryRow]) -> None:
        """Put new and changed rows in place.

        Raises:
            UniqueKeyTaken: two rows would have one unique key; nothing has changed.
            StoreError: a row breaks one of the table's constraints, or holds what PostgreSQL cannot; the same.
        """
        rows, holders = dict(self._rows), dict(self._holders)
        for row in changed:
            _check(row)
            before = rows.get(row.id)
            if before is not None and before.taken_key is not None:
                del holders[before.taken_key]
            key = row.taken_key
            if key is not None and holders.setdefault(key, row.id) != row.id:
                message = 'duplicate key value violates unique constraint "river_job_unique_idx"'
                raise UniqueKeyTaken(message)
            rows[row.id] = row
        self._rows, self._holders = rows, holders

    def delete(self, job_id: int) -> None:
        """Take a row away."""
        row = self._rows.pop(job_id)
        if row.taken_key is not None:
            del self._holders[row.taken_key]

    def snapshot(self) -> tuple[dict[int, MemoryRow], dict[bytes, int]]:
        """Return what ``restore`` brings back."""
        return dict(self._rows), dict(self._holders)

    def restore(self, snapshot: tuple[dict[int, MemoryRow], dict[bytes, int]]) -> None:
        """Go back to ``snapshot``."""
        self._rows, self._holders = snapshot


def as_text(metadata: dict[str, Any]) -> str:
    """Return what a row holds of ``metadata``; a number beyond every float is read as such again."""
    return json.dumps(metadata, ensure_ascii=False, separators=(",", ":"))


def _check(row: MemoryRow) -> None:
    if not 0 < len(row.kind) <= MAX_NAME:
        raise _refusal(f"kind must have 1 to {MAX_NAME} characters, got {len(row.kind)}")
    if (row.state in FINAL) != (row.finalized_at is not None):
        raise _refusal(f"a row in state {row.state.value} with finalized_at {row.finalized_at}")
    if any("\\u0000" in text.replace("\\\\", "") for text in (row.args, row.metadata, *row.errors)):
        raise _refusal("unsupported Unicode escape sequence: \\u0000 cannot be converted to text")


def _refusal(message: str) -> StoreError:
    return StoreError(message, retryable=False, is_refusal=True)
