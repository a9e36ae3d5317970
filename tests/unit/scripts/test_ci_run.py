"""What .ci/run tells of tests that failed once: which they were, whole names of theirs."""

import re
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[3] / ".ci" / "run"

SUMMARY = """\
ERROR    revenge.jobs:client.py:33 this is no test, but what one logged
FAILED tests/unit/test_names.py::test_a_name[two words - one file] - AssertionError: assert 'a - b' == 'c'
FAILED tests/unit/test_names.py::test_a_name[Ocean's (2001)] - assert [] == ['x'] - y
FAILED tests/unit/test_plain.py::test_plain
ERROR tests/unit/test_broken.py - ImportError: no module - none
= 3 failed, 1 error in 2.00s =
"""


def again(log: Path) -> "subprocess.CompletedProcess[str]":
    """Run the part of .ci/run that runs failed tests once more, with a make that says that all is well."""
    found = re.search(r"^again\(\) \{$.*?^\}$", RUN.read_text(), re.MULTILINE | re.DOTALL)
    assert found
    script = f'set -euo pipefail; say() {{ echo "$*"; }}; make() {{ :; }}\n{found[0]}\nagain "$1"'
    return subprocess.run(
        ["bash", "-c", script, "run", log], cwd=log.parent, capture_output=True, text=True, check=False
    )


def test_the_whole_name_of_an_unsteady_test_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    log = tmp_path / "ci-test.log"
    log.write_text(SUMMARY)
    done = again(log)
    assert (done.returncode, done.stdout) == (0, "once more, alone: 4 of them\n"), done.stderr
    assert (tmp_path / ".cache" / "ci-unsteady.log").read_text().splitlines() == [
        "tests/unit/test_names.py::test_a_name[two words - one file]",
        "tests/unit/test_names.py::test_a_name[Ocean's (2001)]",
        "tests/unit/test_plain.py::test_plain",
        "tests/unit/test_broken.py",
    ]


@pytest.mark.parametrize("text", ["= 3 passed =\n", "FAILED tests/unit/test_x.py::test_x\n" * 11])
def test_without_a_failure_or_with_many_nothing_runs_again(tmp_path: Path, text: str) -> None:
    log = tmp_path / "ci-test.log"
    log.write_text(text)
    assert (again(log).returncode, again(log).stdout) == (1, "")
