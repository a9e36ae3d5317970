"""Run every benchmark one after the other: one JSON line each on stdout, a table at the end on stderr.

Each runs as a process of its own, as a user would: ``revenge --json bench MODE``. The database is the one that the
environment names, the embedded one in ``./data`` otherwise; each run has a schema of its own in it that is dropped.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

REVENGE = Path(sys.executable).with_name("revenge")
RUNS = (
    ("drain", "--n", "200000", "--workers", "2000"),
    ("drain", "--n", "200000", "--workers", "100"),
    ("default5", "--n", "5000"),
    ("latency",),
    ("idle",),
    ("quiet", "--seconds", "30"),
    ("insert", "--n", "100000"),
    ("parse",),
    ("walk", "--files", "100000"),
    ("scan", "--files", "100000"),
    ("probe",),
)
WHAT = ("system", "mode", "n", "workers", "files")


def main() -> int:
    """Return 0 when every benchmark ran."""
    failed = 0
    rows: list[tuple[str, str]] = []
    for run in RUNS:
        done = subprocess.run([REVENGE, "--json", "bench", *run], stdout=subprocess.PIPE, check=False)
        if done.returncode:
            failed += 1
            rows.append((" ".join(run), f"failed with exit code {done.returncode}"))
            continue
        sys.stdout.write(done.stdout.decode())
        sys.stdout.flush()
        figures: dict[str, Any] = orjson.loads(done.stdout)
        rows += [
            (" ".join(run) if first else "", f"{name} {value}")
            for first, (name, value) in _numbered([item for item in figures.items() if item[0] not in WHAT])
        ]
    table = Table("benchmark", "figure", box=None)
    for row in rows:
        table.add_row(*row)
    Console(stderr=True).print(table)
    return 1 if failed else 0


def _numbered(items: list[tuple[str, Any]]) -> list[tuple[bool, tuple[str, Any]]]:
    return [(index == 0, item) for index, item in enumerate(items)]


if __name__ == "__main__":
    sys.exit(main())
