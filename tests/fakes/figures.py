"""What chaos tests measure, gathered for the table at the end of ``make chaos``."""

import os
import platform
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Measured:
    """All rounds of one test."""

    passed: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=dict)


_TESTS: dict[str, Measured] = {}


def tell(**figures: float) -> None:
    """Keep ``figures`` of the test that runs now, and print them."""
    measured = _TESTS.setdefault(name_of(os.environ.get("PYTEST_CURRENT_TEST", "")), Measured())
    for name, value in figures.items():
        measured.figures.setdefault(name, []).append(value)
    print("\n" + ", ".join(f"{_words(name)} {value:g}" for name, value in figures.items()))  # noqa: T201 - a measurement


def count(test: str, *, passed: bool, seconds: float) -> None:
    """Note how a round of ``test``, by its node id, ended."""
    measured = _TESTS.setdefault(name_of(test), Measured())
    measured.passed += passed
    measured.failed += not passed
    measured.seconds.append(seconds)


def name_of(test: str) -> str:
    """Return what a test is called in the table, the same in every round."""
    name = test.rpartition("::")[2].partition(" (")[0].partition("[")[0]
    place = test.partition("::")[0].rpartition("/")[2]
    return f"{name.removeprefix('test_').replace('_', ' ')} ({place.removeprefix('test_').removesuffix('.py')})"


def table(*, jobs: int, rounds: int) -> Iterable[str]:
    """Yield the lines of a table in Markdown; nothing when no chaos test has run."""
    tests = {name: measured for name, measured in _TESTS.items() if measured.seconds}
    if not tests:
        return
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    yield f"`make chaos N={jobs} ROUNDS={rounds}`, {when}, {where}; figures are smallest, median and largest of the rounds:"
    yield ""
    yield "| test | passed | s | measured |"
    yield "|---|---|---|---|"
    for name, measured in sorted(tests.items()):
        ran = measured.passed + measured.failed
        yield f"| {name} | {measured.passed} of {ran} | {_spread(measured.seconds)} | {_all(measured.figures)} |"


def _all(figures: Mapping[str, list[float]]) -> str:
    return "; ".join(f"{_words(name)} {_spread(values)}" for name, values in figures.items())


def _spread(values: list[float]) -> str:
    least, middle, most = map(_figure, (min(values), statistics.median(values), max(values)))
    return middle if least == most else f"{least} / {middle} / {most}"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _words(name: str) -> str:
    return name.replace("_", " ")
