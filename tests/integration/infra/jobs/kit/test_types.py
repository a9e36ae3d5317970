"""What the documentation shows, and every way to use the kit, satisfies pyright as strictly as it can; mypy is `make check`'s."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fakes.stranger import move_in, run

EXAMPLES = ("checksums.py", "welcome.py", "test_welcome.py", "test_welcome_database.py")


@pytest.mark.timeout(180)  # a checker in Node reads the package anew
def test_a_stranger_s_code_satisfies_pyright(tmp_path: Path) -> None:
    if find_spec("basedpyright") is None:
        pytest.skip("basedpyright is not installed: make setup-dev")
    project = move_in(tmp_path, *EXAMPLES)
    (project / "typed.py").write_text((Path(__file__).parent / "typed.py").read_text())
    done = run(project, "basedpyright", "--pythonpath", sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
