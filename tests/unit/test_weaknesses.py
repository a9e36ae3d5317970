"""The table of the Go server's weaknesses is whole: each has its row, and the tests that it names are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROWS = re.findall(r"^\| (W\d\d) \|.*\| ([^|]*) \|$", (ROOT / "docs" / "weaknesses.md").read_text("utf-8"), re.MULTILINE)


def test_each_weakness_has_its_row() -> None:
    assert [number for number, _ in ROWS] == [f"W{number:02}" for number in range(1, 51)]


def test_each_is_shown_gone_by_tests_that_are_there() -> None:
    for number, shown in ROWS:
        files = re.findall(r"\]\(\.\./(tests/[\w/.]+\.py)\)", shown)
        assert files or number == "W15", number
        for file in files:
            assert (ROOT / file).is_file(), (number, file)
