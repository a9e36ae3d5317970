"""Every command, argument and option, as users rely on them: a change here is a change of the contract.

``REVENGE_RENEW_COMMANDS=1`` writes ``commands.txt`` anew.
"""

import os
from pathlib import Path
from typing import Any

import typer

from revenge.app.cli.main import app

SNAPSHOT = Path(__file__).with_name("commands.txt")


def describe(command: Any, words: str) -> list[str]:
    lines = [words]
    for param in command.params:
        named = "/".join(param.opts) if param.param_type_name == "option" else (param.metavar or param.name)
        more = "..." if getattr(param, "multiple", False) else ""
        lines.append(f"    {named}{more}{' (required)' if param.required else ''}: {getattr(param, 'help', '')}")
    for name, child in sorted(getattr(command, "commands", {}).items()):
        if name == "bench":  # measurements come and go
            continue
        lines += describe(child, f"{words} {name}")
    return lines


def test_commands_and_options_are_those_that_users_rely_on() -> None:
    found = "\n".join(describe(typer.main.get_command(app), "revenge")) + "\n"
    if os.environ.get("REVENGE_RENEW_COMMANDS"):
        SNAPSHOT.write_text(found)
    assert found == SNAPSHOT.read_text()
