"""A project of somebody else's: the documentation's examples in a folder of their own, with settings of their own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs" / "examples"

PYTEST_INI = """\
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
PYRIGHT = {
    "include": ["."],
    "typeCheckingMode": "strict",
    "pythonVersion": "3.11",
    "reportUnnecessaryTypeIgnoreComment": True,
}


def move_in(folder: Path, *names: str) -> Path:
    """Copy examples into ``folder``, and return it."""
    for name in names:
        shutil.copy(EXAMPLES / name, folder)
    (folder / "pytest.ini").write_text(PYTEST_INI)
    (folder / "pyrightconfig.json").write_text(json.dumps(PYRIGHT))
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in ``folder`` as its owner would: nothing of this run's settings reaches it."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_", "COVERAGE"))}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
