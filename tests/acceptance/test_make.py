"""``make``: what it hands to the programs it starts."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("folder", ["$5 `id` (1999)", 'The "Best" of \'68 $HOME'])
def test_run_takes_a_folder_of_any_name(tmp_path: Path, folder: str) -> None:
    program = tmp_path / "revenge"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    command = ["make", "--silent", "--old-file=setup", "run", f"BIN={tmp_path}", f"LIBRARY=/films/{folder}", "TYPE=tv"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == ["demo", "--library", f"/films/{folder}", "--type", "tv"]
