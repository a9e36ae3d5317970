"""The test kit's documentation does what it says."""

import re
from pathlib import Path

import pytest

from tests.fakes.stranger import EXAMPLES, ROOT, move_in, run

PAGE = ROOT / "docs" / "testing.md"
FILES = ("welcome.py", "test_welcome.py", "test_welcome_database.py")


def test_the_documented_tests_pass_in_a_project_of_their_own(tmp_path: Path) -> None:
    project = move_in(tmp_path, "welcome.py", "test_welcome.py")
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b\d+ passed", done.stdout)


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL), ids=lambda _: "")
def test_what_the_page_shows_is_in_the_tested_files(block: str) -> None:
    tested = [(EXAMPLES / name).read_text() for name in FILES]
    for part in block.strip().split("\n\n\n"):
        assert any(part.strip() in text for text in tested), f"docs/testing.md shows what no test runs:\n{part}"
