"""``revenge bench``: what this machine does; the measurements live in ``bench/``."""

import typer

from revenge.app.cli.shell import HELP

app = typer.Typer(help="Measure what this machine does.", context_settings=HELP)


@app.callback()
def _bench() -> None:
    """Measure what this machine does."""
