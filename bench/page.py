"""From results to tables, and into the page of the docs."""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.runs import Section

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin, written by python -m bench --write-docs -->", "<!-- bench: end -->"
Results = Mapping[tuple[str, str], Sequence[dict[str, Any] | str]]


def tables(sections: Sequence[Section], results: Results, *, version: str, rounds: int) -> str:
    """Return the page's measured part: machine, then a table for each section that ran."""
    parts = [_machine(version, rounds)]
    parts += [table for section in sections if (table := _table(section, results))]
    return "\n".join(parts)


def write(text: str) -> None:
    """Put ``text`` into the page, between its marks."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def _machine(version: str, rounds: int) -> str:
    names = [
        line.partition(":")[2].strip() for line in _read("/proc/cpuinfo").splitlines() if line.startswith("model name")
    ]
    memory = next((int(line.split()[1]) >> 20 for line in _read("/proc/meminfo").splitlines() if "MemTotal" in line), 0)
    busy = os.getloadavg()[1]
    return (
        f"**Machine:** {len(names) or os.cpu_count()} cores ({names[0] if names else platform.machine()}), {memory} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; client and server share it. "
        f"**Server:** PostgreSQL {version}, `shared_buffers=1GB max_wal_size=8GB`, `fsync` and `synchronous_commit` on. "
        f"**Date:** {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load {busy:.1f} at the end. "
        f"Median of {rounds} rounds in turn [least-most].\n"
    )


def _table(section: Section, results: Results) -> str:
    ran = [(run.label, results[section.key, run.label]) for run in section.runs if (section.key, run.label) in results]
    if not ran:
        return ""
    measured = [(label, [item for item in found if isinstance(item, dict)]) for label, found in ran]
    keys = [key for key in section.figures if any(key in item for _, found in measured for item in found)]
    heads = [section.figures[key] for key in keys] + (["Revenge is"] if section.ratio else [])
    lines = [
        f"### {section.title[0].upper()}{section.title[1:]}",
        "",
        f"| | {' | '.join(heads)} |",
        "|---" * (len(heads) + 1) + "|",
    ]
    missing = []
    for (label, found), (_, all_found) in zip(measured, ran, strict=True):
        reason = next((item for item in all_found if isinstance(item, str)), None)
        if reason is not None:
            missing.append(f"{label}: {reason.splitlines()[0]}")
        if found:
            cells = [_spread([item[key] for item in found if item.get(key) is not None]) for key in keys]
            if section.ratio:
                cells.append(_ratio(measured[0][1], found, section.ratio))
            lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join([*lines, *(["", *missing] if missing else []), ""])


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    digits = 0 if max(values) >= 100 else 2
    middle, least, most = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return middle if least == most else f"{middle} [{least}-{most}]"


def _ratio(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], key: str) -> str:
    if ours is theirs:
        return ""
    ratios = [one[key] / other[key] for one, other in zip(ours, theirs, strict=False) if other.get(key)]
    return f"{_spread(ratios)} x" if ratios else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
