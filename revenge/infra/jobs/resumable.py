"""A job's steps: what an earlier attempt has done is left out, and a cursor says how far into a step it came.

The rules, the keys and the texts are River's (River: ``resumable.go``), since Go and Python share the rows.
"""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from inspect import isawaitable
from typing import Any, Final, Generic, Never, TypeVar

from pydantic import TypeAdapter, ValidationError

from revenge.infra.jobs.drivers import AsyncConnection, SyncConnection, at_once
from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.errors import AttemptLost, StepError
from revenge.infra.jobs.models import Claim
from revenge.infra.jobs.outcome import Cancel, Snooze, metadata_json
from revenge.infra.jobs.stepping import DONE
from revenge.infra.jobs.store import AnyConnection
from revenge.infra.jobs.workplace import workplace

STEP: Final = "river:resumable_step"
CURSORS: Final = "river:resumable_cursor"
MARK: Final = '"river:resumable_'
"""Found in the metadata of jobs that an earlier attempt worked in steps."""

T = TypeVar("T")
Wish = Snooze | Cancel | None
"""What a step's function may return."""


class Cursor(Generic[T]):
    """How far into its step an attempt has come."""

    __slots__ = ("_adapter", "_steps", "value")

    def __init__(self, steps: "Steps", adapter: TypeAdapter[T], value: T | None) -> None:
        self._steps = steps
        self._adapter = adapter
        self.value = value
        """Where to go on: what was set last, by this attempt or an earlier one; None at the very first."""

    def set(self, value: T) -> None:
        """Note ``value``, as often as you like: it is stored if this attempt fails, snoozes or is interrupted."""
        self._steps.set_cursor(self._text(value))
        self.value = value

    async def save(self, value: T, *, conn: AsyncConnection) -> None:
        """Store ``value`` by the transaction of ``conn``, together with what that changes (River: ``ResumableSetStepCursorTx``).

        Raises:
            AttemptLost: the attempt is another's by now; let the transaction roll back.
            StepError: the cursor of an earlier attempt belongs to a step that has not been reached yet.
        """
        await self._steps.save(conn=conn, cursor=self._text(value))
        self.value = value

    def save_blocking(self, value: T, *, conn: SyncConnection) -> None:
        """Do the same in a thread, by a connection that blocks.

        Raises:
            AttemptLost, StepError: as for ``save``.
        """
        at_once(self._steps.save(conn=conn, cursor=self._text(value), blocking=True))
        self.value = value

    def _text(self, value: T) -> str:
        return self._adapter.dump_json(value, by_alias=True).decode()


class Steps:
    """The steps of one attempt: which were done before, which is under way, and what is to be stored.

    The first error or wish of a step holds: no later step runs, and it is how the attempt ends.
    """

    def __init__(self, claim: Claim) -> None:
        """Read how far earlier attempts came.

        Raises:
            StepError: the cursors in the row are no object.
        """
        metadata = _decode(claim.metadata_json or "{}")
        stored = metadata if isinstance(metadata, dict) else {}
        step, cursors = stored.get(STEP), stored.get(CURSORS)
        if isinstance(cursors, list):
            message = "json: cannot unmarshal array into Go value of type map[string]json.RawMessage"
            raise StepError(f"river: unmarshal resumable cursors: {message}")
        self._claim = claim
        self._last_done = step if isinstance(step, str) else ""
        self._is_reached = not self._last_done
        self._cursors: dict[str, str] = {}
        if isinstance(cursors, dict):
            self._cursors = {name: encode(value) for name, value in cursors.items()}
        self._has_new_cursors = False
        self._is_saving = False
        self._elsewhere: dict[str, Any] | None = None
        # Without a step they are of steps that did not end; beside one they may be left over from steps that did.
        self._pending = sorted(self._cursors) if self._is_reached else []
        self._names: set[str] = set()
        self._active: str | None = None
        self._done: str | None = None
        self._end: BaseException | Snooze | Cancel | None = None

    # What workers call

    def step(self, name: str, do: Callable[[], Any]) -> Any:
        """Call ``do`` unless an earlier attempt has done this step; the result is to be awaited if that of ``do`` is.

        Raises:
            StepError: see ``Job.step``.
        """
        if self._end is not None:
            return DONE
        self._register(name)
        if name in self._pending:
            self._refuse(f"river: resumable cursor step {_quoted(name)} requires a cursor step")
        if not self._is_reached:
            self._is_reached = name == self._last_done
            self._done = name if self._is_reached else None
            return DONE
        return self._run(name, do, has_cursor=False)

    def cursor_step(self, name: str, type_: Any, do: Callable[[Cursor[Any]], Any]) -> Any:
        """Call ``do`` as ``step`` does, with what an earlier attempt set as its cursor.

        Raises:
            StepError: see ``Job.cursor_step``.
        """
        if self._end is not None:
            return DONE
        self._register(name)
        if not self._is_reached:
            self._is_reached = name == self._last_done
            self._done = name if self._is_reached else None
            # With a cursor the step had been stored as the last one before its end.
            if not self._is_reached or name not in self._cursors:
                return DONE
        adapter = _adapter(type_)
        try:
            value = adapter.validate_json(self._cursors[name]) if name in self._cursors else None
        except ValidationError as error:
            self._refuse(f"river: unmarshal resumable cursor for step {_quoted(name)}: {error}")
        if name in self._pending:
            self._pending.remove(name)
        return self._run(name, lambda: do(Cursor(self, adapter, value)), has_cursor=True)

    def set_cursor(self, text: str) -> None:
        """Note the cursor of the present step.

        Raises:
            RuntimeError: its step has ended.
        """
        self._cursors[self._present()] = text
        self._has_new_cursors = True

    async def save(self, *, conn: AnyConnection, cursor: str | None = None, blocking: bool = False) -> None:
        """Store by the transaction of ``conn`` that the present step is done, or how far it is.

        With ``blocking``, for a connection that blocks, it awaits nothing.

        Raises:
            AttemptLost: the attempt is another's by now.
            StepError: the cursor of an earlier attempt belongs to a step that has not been reached yet.
            RuntimeError: called outside of a step.
        """
        step = self._present()
        if self._pending:
            raise StepError(f"river: resumable checkpoint cannot precede saved cursor step {_quoted(self._pending[0])}")
        cursors = self._cursors if cursor is None else {**self._cursors, step: cursor}
        metadata = metadata_json({STEP: step, CURSORS: _decoded(cursors) or None})
        store = workplace().store_for(blocking=blocking)
        self._is_saving = True
        try:
            if not await store.merge_metadata(self._claim, metadata, conn=conn):
                raise AttemptLost(self._claim.id, self._claim.attempt)
            # The transaction owns it now: stored again at the attempt's end it would outlive a rollback.
            self._done, self._cursors, self._has_new_cursors = None, cursors, False
        finally:
            self._is_saving = False

    # What the engine asks when the worker has returned or raised

    def conclude(self, result: object) -> object:
        """Return how an attempt ends whose worker returned ``result``; raise what a step raised.

        Raises:
            StepError: the step that an earlier attempt came to was not met.
        """
        if isinstance(result, (Snooze, Cancel)):
            return result
        if isinstance(self._end, BaseException):
            raise self._end
        if self._end is not None:
            return self._end
        if self._active is not None:
            raise StepError(f"step {_quoted(self._active)} was begun and not awaited")
        if not self._is_reached:
            raise StepError(f"river: resumable step {_quoted(self._last_done)} not found in Worker")
        if self._pending:
            raise StepError(f"river: resumable cursor step {_quoted(self._pending[0])} not found in Worker")
        return result

    def unsaved(self) -> dict[str, Any]:
        """Return the metadata that an attempt leaves which did not succeed; other threads than its worker's may ask."""
        if self._elsewhere is not None:
            return self._elsewhere
        # A step stored before the cursor's would make the cursor's step one that is left out. And an attempt that is
        # abandoned while its transaction stores a step must not write an earlier one over it.
        if self._pending or self._is_saving:
            return {}
        found: dict[str, Any] = {}
        if self._has_new_cursors:
            # A merge removes nothing: null says that there are none any more.
            found[CURSORS] = _decoded(dict(self._cursors)) or None
        if self._done:
            found[STEP] = self._done
        return found

    def adopt(self, unsaved: dict[str, Any]) -> None:
        """Take what ``unsaved`` returned in the worker's own process."""
        self._elsewhere = unsaved

    # Inside

    def _register(self, name: str) -> None:
        if self._active is not None:
            self._refuse("river: resumable steps cannot be nested")
        if name in self._names:
            self._refuse(f"river: duplicate resumable step name {_quoted(name)}")
        self._names.add(name)

    def _refuse(self, text: str) -> Never:
        self._end = StepError(text)
        raise self._end

    def _present(self) -> str:
        if self._active is None:
            message = "a step's progress can only be set while that step runs"
            raise RuntimeError(message)
        return self._active

    def _run(self, name: str, do: Callable[[], Any], *, has_cursor: bool) -> Any:
        self._active = name
        try:
            result = do()
        except BaseException as error:
            self._leave(error)
            raise
        if isawaitable(result):
            return self._wait(name, result, has_cursor=has_cursor)
        self._finish(name, result, has_cursor=has_cursor)
        return DONE

    async def _wait(self, name: str, awaitable: Any, *, has_cursor: bool) -> None:
        try:
            result = await awaitable
        except BaseException as error:
            self._leave(error)
            raise
        self._finish(name, result, has_cursor=has_cursor)

    def _leave(self, end: BaseException | Snooze | Cancel) -> None:
        self._active = None
        self._end = end

    def _finish(self, name: str, result: object, *, has_cursor: bool) -> None:
        if isinstance(result, (Snooze, Cancel)):
            self._leave(result)
            return
        self._active = None
        if self._end is not None:
            return
        self._done = name
        if has_cursor and self._cursors.pop(name, None) is not None:
            self._has_new_cursors = True


@lru_cache(maxsize=256)
def _adapter(type_: Any) -> TypeAdapter[Any]:
    return TypeAdapter(type_)


def _decode(text: str) -> Any:
    # Numbers as they are written: what is not ours goes back unchanged.
    return json.loads(text, parse_int=Decimal, parse_float=Decimal)


def _decoded(cursors: Mapping[str, str]) -> dict[str, Any]:
    return {name: _decode(text) for name, text in cursors.items()}


_SHORT: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", '"': '\\"', "\\": "\\\\",
}  # fmt: skip


def _quoted(name: str) -> str:
    """Return ``name`` as Go's ``%q`` writes it."""
    return '"' + "".join(_SHORT.get(character) or _shown(character) for character in name) + '"'


def _shown(character: str) -> str:
    code = ord(character)
    if character.isprintable():
        return character
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
