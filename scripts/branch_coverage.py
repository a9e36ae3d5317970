"""Says how many branches of each module the last ``coverage run`` took; fails when all together are below a limit.

    coverage json -o report.json && python -m scripts.branch_coverage 90 < report.json

Coverage's own limit counts lines and branches as one.

Python 3.11 does not tell a tracer that an exception was thrown into a coroutine: what its callers do next counts as not
taken, though it was, so that the figure is too low there.
"""

import json
import sys
from typing import Any


def main() -> int:
    """Read the report from standard input; return the exit code."""
    report = json.load(sys.stdin)
    limit = float(sys.argv[1])
    for name, file in sorted(report["files"].items(), key=lambda item: _percent(item[1]["summary"])):
        if file["missing_branches"]:
            missing = " ".join(_branch(*branch) for branch in file["missing_branches"])
            print(f"{_percent(file['summary']):5.1f} %  {name}  {missing}")
    total = _percent(report["totals"])
    verdict = "enough" if total >= limit else "too few"
    print(
        f"{total:5.1f} % of {report['totals']['num_branches']} branches are covered: {verdict}, {limit:g} % are asked for"
    )
    return total < limit


def _percent(summary: dict[str, Any]) -> float:
    return 100 * summary["covered_branches"] / summary["num_branches"] if summary["num_branches"] else 100.0


def _branch(start: int, end: int) -> str:
    return f"{start}->{end if end > 0 else 'out'}"


if __name__ == "__main__":
    sys.exit(main())
