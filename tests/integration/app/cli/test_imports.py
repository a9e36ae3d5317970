"""What a command does without: it starts without waiting for what others need."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SERVED = {"fastapi", "starlette", "uvicorn"}
"""For who serves."""
USED = {"apprise", "av", "jinja2", "redis", "typesense"}
"""For who tells, probes, mails, shares and searches by these."""
SCRIPT = """
import sys
from revenge.app.cli.main import main
code = main(sys.argv[2:])
found = set(sys.argv[1].split(",")) & set(sys.modules)
sys.exit(f"imported {sorted(found)}" if found else code)
"""


@pytest.mark.parametrize(
    "command", ["jobs list", "queues list", "library list", "account list", "periodic list", "migrate status", "doctor"]
)
def test_commands_wait_for_no_web_framework_and_for_nothing_that_is_not_set(
    database: str, tmp_path: Path, command: str
) -> None:
    words = [sys.executable, "-c", SCRIPT, ",".join(SERVED | USED), *command.split()]
    env = {**os.environ, "DATABASE_URL": database, "REVENGE_DATA_DIR": str(tmp_path)}
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
