"""Progress of a running job: what a worker reports, and what people are shown of it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

SMOOTHING = 0.3
"""Weight of the newest sample in the rate: settles within about five samples, and one slow file does not shake it."""

MAX_MESSAGE = 500
"""Characters of a message that are kept: it names the current item, it is no log."""

MAX_COUNT = 2**53
"""The largest count that browsers read exactly."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL's JSON cannot hold, and what is left of bytes that are not UTF-8."""


class Report(NamedTuple):
    """What a worker said last. A tuple, because making one is all that a report costs."""

    phase: str
    current: int
    total: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a job is. ``current`` and ``total`` are the phase's; ``percent`` is the whole job's."""

    phase: str
    current: int
    total: int | None
    """None while unknown."""
    percent: float | None
    """0 to 100, by the weights of the worker's phases; None while nothing can be said."""
    message: str
    rate_per_s: float | None
    eta_s: float | None
    """Seconds left for the whole job, None while unknown."""
    updated_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of contract.md."""
        return asdict(self)

    def encode(self) -> str:
        """Return the JSON text that is stored; the row has the time in a column of its own."""
        shape = self.to_dict()
        del shape["updated_at"]
        return orjson.dumps(shape).decode()

    @classmethod
    def decode(cls, text: str, updated_at: datetime) -> "Progress":
        """Read what ``encode`` wrote; a key that is missing counts as unknown."""
        shape = orjson.loads(text)
        return cls(
            phase=shape.get("phase", ""),
            current=shape.get("current", 0),
            total=shape.get("total"),
            percent=shape.get("percent"),
            message=shape.get("message", ""),
            rate_per_s=shape.get("rate_per_s"),
            eta_s=shape.get("eta_s"),
            updated_at=updated_at,
        )


@dataclass(slots=True)
class ProgressMeter:
    """Turns a job's successive reports into percent, rate and time left; one per job that has reported.

    Sampled about once a second by the node, never by the worker: a worker's report is an assignment.
    """

    phases: Mapping[str, float]
    """Phase names in their order with weights; empty: the percent is the phase's own."""
    _phase: str | None = None
    _started_at: float = 0.0
    _sampled_at: float = 0.0
    _sampled: int = 0
    _rate: float | None = None
    _percent: float = 0.0
    _speed: float | None = field(default=None)
    """Percent of the whole job a second, smoothed."""

    def sample(self, report: Report, *, now: datetime | None = None, monotonic: float) -> Progress:
        """Return the progress that ``report`` amounts to at this moment; whatever a worker said, it can be stored."""
        report = tidy(report)
        if report.phase != self._phase:
            self._phase = report.phase
            self._sampled_at, self._sampled, self._rate = monotonic, report.current, None
        elapsed = monotonic - self._sampled_at
        if elapsed > 0:
            self._rate = _smooth(self._rate, max(report.current - self._sampled, 0) / elapsed)
        percent = self._whole_percent(report)
        if percent is not None:
            # A total that grows while a phase runs must not make the bar jump back.
            percent = max(percent, self._percent) if self.phases else percent
            if elapsed > 0:
                self._speed = _smooth(self._speed, max(percent - self._percent, 0.0) / elapsed)
            self._percent = percent
        self._sampled_at, self._sampled = monotonic, report.current
        return Progress(
            phase=report.phase,
            current=report.current,
            total=report.total,
            percent=None if percent is None else round(percent, 2),
            message=report.message,
            rate_per_s=None if self._rate is None else round(self._rate, 2),
            eta_s=self._time_left(report, percent),
            updated_at=now or datetime.now(UTC),
        )

    def _whole_percent(self, report: Report) -> float | None:
        within = min(report.current / report.total, 1.0) if report.total else None
        if report.phase not in self.phases:
            return None if within is None else within * 100
        done = 0.0
        for name, weight in self.phases.items():
            if name == report.phase:
                done += weight * (within or 0.0)
                break
            done += weight
        return 100 * done / sum(self.phases.values())

    def _time_left(self, report: Report, percent: float | None) -> float | None:
        left: float | None = None
        if report.phase not in self.phases:
            if self._rate and report.total is not None:
                left = max(report.total - report.current, 0) / self._rate
        elif percent is not None and self._speed:
            left = (100 - percent) / self._speed
        return None if left is None else round(left, 1)


def tidy(report: Report) -> Report:
    """Return ``report`` with text and numbers that JSON and PostgreSQL hold: a file's name may not be UTF-8, and no worker
    is to lose its slot, or others their progress, by what it says."""
    current, total = _count(report.current), _count(report.total)
    return Report(_text(report.phase), current or 0, total, _text(report.message))


def _text(value: object) -> str:
    return _UNSTORABLE.sub("\ufffd", value[:MAX_MESSAGE]) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    if not isinstance(value, (int, float)) or not 0 <= value <= MAX_COUNT:
        return None
    return int(value)


def _smooth(old: float | None, new: float) -> float:
    return new if old is None else old + SMOOTHING * (new - old)
