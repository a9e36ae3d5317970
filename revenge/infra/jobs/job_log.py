"""Keeps what a worker logs in its job's row, where River UI shows it (River: ``riverlog``)."""

import json
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.outcome import LOG

if TYPE_CHECKING:
    from revenge.infra.jobs.job import Job

MAX_ATTEMPT_BYTES: Final = 2 * 1024 * 1024
MAX_TOTAL_BYTES: Final = 8 * 1024 * 1024
LARGEST_TOTAL_BYTES: Final = 64 * 1024 * 1024
"""River's limits: of an attempt's text, of all attempts' together, and of what the latter may be set to."""
_NOTE_BYTES: Final = 100
"""Kept free for the line that says how much was left out."""

logger = logging.getLogger("revenge.jobs")


class Lines:
    """What one attempt has logged, no more than so many bytes of it; safe to write from threads."""

    def __init__(
        self, *, level: int, max_bytes: int, formatter: logging.Formatter, clean: Callable[[str], str] = str
    ) -> None:
        self.level = level
        self._clean = clean
        self._max_bytes = max_bytes
        self._room = max_bytes - _NOTE_BYTES
        self._formatter = formatter
        self._kept: list[str] = []
        self._left_out = 0
        self._is_full = False
        self._is_closed = False

    def add(self, record: logging.LogRecord) -> None:
        """Take a record of the level or above."""
        if record.levelno >= self.level:
            self.add_line(self._formatter.format(record))

    def add_line(self, line: str) -> None:
        """Take a line while there is room; what a task that outlives its job logs is nobody's."""
        if self._is_closed:
            return
        line = self._clean(line)
        size = len(line.encode(errors="replace")) + 1
        if self._is_full or size > self._room:
            # From the first that does not fit: gaps would mislead.
            self._is_full = True
            self._left_out += 1
            return
        self._room -= size
        self._kept.append(line)

    def terms(self) -> dict[str, int]:
        """Return what a process of its own needs to collect for these lines."""
        return {"level": self.level, "max_bytes": self._max_bytes, "root_level": logging.getLogger().level}

    def take(self) -> tuple[list[str], int]:
        """Return the lines that came since the last time, and how many were left out: for ``absorb`` elsewhere."""
        taken = self._kept, self._left_out
        self._kept, self._left_out = [], 0
        return taken

    def absorb(self, lines: Sequence[str], left_out: int) -> None:
        """Take what ``take`` returned in another process."""
        for line in lines:
            self.add_line(line)
        self._left_out += left_out

    def close(self) -> str:
        """Return everything as text, and take nothing more."""
        self._is_closed = True
        if self._left_out:
            self._kept.append(f"[{self._left_out} more lines are left out: the log of an attempt has its limit]")
        return "".join(f"{line}\n" for line in self._kept)


current_lines: Final[ContextVar[Lines | None]] = ContextVar("revenge_current_lines", default=None)
"""Where the worker that runs logs to; tasks and threads that it starts inherit it."""


class LineFormatter(logging.Formatter):
    """Time in UTC, level, logger, message and the fields beside it, with the traceback below.

    A message that is a mapping, as structlog hands it on, is its ``event`` and its other fields.
    """

    def __init__(self, *, field: Callable[[str, object], object] | None = None) -> None:
        """Make it; ``field`` is what is shown of a field, by its name and its value, where that is not the value."""
        super().__init__()
        self._field = field

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        exc_info, stack = record.exc_info, record.stack_info
        if isinstance(record.msg, Mapping):
            event = dict(record.msg)
            text = str(event.pop("event", ""))
            exc_info = _exc_info(event.pop("exc_info", None)) or exc_info
            fields = {key: value for key, value in event.items() if key not in _OF_THE_LINE}
        else:
            text = record.getMessage()
            fields = {key: value for key, value in vars(record).items() if key not in _OF_EVERY_RECORD}
        if self._field is not None:
            fields = {key: self._field(key, value) for key, value in fields.items()}
        shown = "".join(f" {key}={_shown(value)}" for key, value in fields.items() if not key.startswith("_"))
        lines = [f"{moment} {record.levelname} {record.name}: {text}{shown}"]
        if exc_info:
            lines.append(self.formatException(exc_info))
        if stack:
            lines.append(self.formatStack(stack))
        return "\n".join(lines)


_OF_EVERY_RECORD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OF_THE_LINE: Final = frozenset(
    {"level", "logger", "timestamp", "job_id", "kind", "queue", "attempt"}  # the row says the latter four
)


def _exc_info(value: Any) -> Any:
    if isinstance(value, BaseException):
        return type(value), value, value.__traceback__
    return sys.exc_info() if value is True else value


def _shown(value: object) -> str:
    return json.dumps(value) if isinstance(value, str) and (" " in value or not value) else str(value)


class _Collector(logging.Handler):
    """Hands each record to the lines of the job that logs it."""

    def emit(self, record: logging.LogRecord) -> None:
        lines = current_lines.get()
        if lines is not None:
            try:
                lines.add(record)
            except Exception:  # noqa: BLE001 - as every handler does: a line that can't be formatted harms no work
                self.handleError(record)
        # With no handler at all warnings go to stderr; this one must not keep them from there.
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and logging.getLogger().handlers == [self]:
            last.handle(record)


_COLLECTOR: Final = _Collector()


def collect_from_parent(terms: Mapping[str, int] | None) -> Lines | None:
    """Collect in a worker's own process by ``Lines.terms`` of the one that sent the job; None without any."""
    lines = None
    if terms is not None:
        collect()
        logging.getLogger().setLevel(terms["root_level"])
        lines = Lines(level=terms["level"], max_bytes=terms["max_bytes"], formatter=LineFormatter())
    current_lines.set(lines)
    return lines


def collect() -> None:
    """See to it that the root logger's lines come here; whoever configures logging anew may have thrown it out."""
    root = logging.getLogger()
    if _COLLECTOR not in root.handlers:
        root.addHandler(_COLLECTOR)


class JobLog:
    """A plugin for a client, a kind or a worker: keeps what the worker logs while it runs, for each attempt.

    What is kept are the lines of the standard library's loggers, and structlog's where it logs by them, that pass the
    loggers' own levels: also those of tasks and threads that the worker starts, and of a worker in a process of its own.
    """

    def __init__(
        self,
        *,
        level: int = logging.INFO,
        formatter: logging.Formatter | None = None,
        clean: Callable[[str], str] = str,
        max_attempt_bytes: int = MAX_ATTEMPT_BYTES,
        max_total_bytes: int = MAX_TOTAL_BYTES,
    ) -> None:
        """Make it.

        Args:
            level: lines below are not kept.
            formatter: how a line looks; give one that masks secrets if yours do so. A process of a worker's has the default.
            clean: what becomes of each line before it is kept, wherever it was logged; to mask secrets in any text.
            max_attempt_bytes: what goes beyond is left out, and the last line says how much.
            max_total_bytes: of all attempts, as JSON; the oldest go first, the newest is always kept.

        Raises:
            ValueError: a limit is out of River's range.
        """
        if not 1024 <= max_attempt_bytes <= max_total_bytes <= LARGEST_TOTAL_BYTES:
            message = (
                f"limits must be 1024 <= max_attempt_bytes <= max_total_bytes <= {LARGEST_TOTAL_BYTES}, "
                f"got {max_attempt_bytes} and {max_total_bytes}"
            )
            raise ValueError(message)
        self._level = level
        self._formatter = formatter or LineFormatter()
        self._clean = clean
        self._max_attempt_bytes = max_attempt_bytes
        self._max_total_bytes = max_total_bytes

    async def around_work(self, job: "Job[Any]", proceed: Callable[[], Awaitable[object]]) -> object:
        """Collect while ``proceed`` runs, and stage it whatever the outcome."""
        collect()
        lines = Lines(
            level=self._level, max_bytes=self._max_attempt_bytes, formatter=self._formatter, clean=self._clean
        )
        current_lines.set(lines)
        try:
            return await proceed()
        finally:
            text = lines.close()
            if text:
                self._stage(job, text)

    def _stage(self, job: "Job[Any]", text: str) -> None:
        try:
            earlier = job.metadata.get(LOG, [])
        except (ValueError, AttributeError):  # metadata that is no object, or cannot be read
            earlier = None
        if not isinstance(earlier, list):
            logger.warning("job_log.unreadable", extra={"job_id": job.id, "kind": job.kind})
            return
        entry = {"attempt": job.attempt, "log": text}
        kept = [*_fitting(earlier, room=self._max_total_bytes - len(encode([entry]).encode())), entry]
        if len(kept) <= len(earlier):
            logger.warning(
                "job_log.dropped",
                extra={"job_id": job.id, "kind": job.kind, "attempts": len(earlier) + 1 - len(kept)},
            )
        job.stage(LOG, kept)


def _fitting(entries: list[Any], *, room: int) -> list[Any]:
    """Return the newest of ``entries`` that fit."""
    return list(_newest(entries, room))[::-1]


def _newest(entries: list[Any], room: int) -> Iterator[Any]:
    for entry in reversed(entries):
        room -= len(encode(entry).encode()) + 1
        if room < 0:
            return
        yield entry
