"""``revenge doctor``: what is wrong, and what to do."""

from typing import TYPE_CHECKING

import typer

from revenge.app.cli.session import PATIENCE
from revenge.app.cli.shell import EVERYWHERE, shell_of

if TYPE_CHECKING:
    from revenge.app.doctor_findings import Finding
    from revenge.app.lifecycle import Signals


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", epilog=EVERYWHERE)(doctor)


def doctor(context: typer.Context) -> None:
    """Look for what is wrong with this installation and say what to do; exit code 1 if something is."""
    shell = shell_of(context)

    async def main(signals: "Signals") -> "list[Finding]":
        from revenge.app.container import build_container

        container = build_container(shell.settings)
        container.database().watch_waiting(shell.note, longest=PATIENCE)
        return await container.doctor().examine()

    found = shell.run(main)
    well = all(finding.ok for finding in found)
    if shell.json:
        from dataclasses import asdict

        shell.document({"ok": well, "checks": [asdict(finding) for finding in found]})
    else:
        for finding in found:
            shell.say(f"{'ok   ' if finding.ok else 'WRONG'} {finding.name}: {finding.detail}")
            if finding.advice:
                shell.say(f"      {finding.advice}")
    if not well:
        raise typer.Exit(1)
