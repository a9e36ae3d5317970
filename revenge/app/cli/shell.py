"""What every command shares: where output goes, how a failure is told, how a coroutine runs."""

import os
import re
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import typer

from revenge.app.json_text import json_text

if TYPE_CHECKING:
    from rich.console import Console

    from revenge.app.lifecycle import Signals
    from revenge.app.settings import Settings

T = TypeVar("T")

EVERYWHERE = "Every command also takes --json, --config FILE and --debug."

HELP = {"help_option_names": ["-h", "--help"]}


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a terminal's cursor, changes its state, or turns text around; and halves of characters."""


class Failed(Exception):
    """The command did not do what was asked; the text is one line that says what to do."""


@dataclass(frozen=True)
class Shell:
    """The options of every command, and the ways to speak to the user."""

    json: bool = False
    debug: bool = False
    config: Path | None = None
    overrides: Mapping[str, str] = field(default_factory=dict)
    """Variables of the environment that a command's own options stand for."""

    def with_settings(self, **variables: object) -> "Shell":
        """Return a shell whose settings have these over the file's and the environment's; None changes nothing."""
        given = {name: str(value) for name, value in variables.items() if value is not None}
        return replace(self, overrides={**self.overrides, **given})

    @cached_property
    def settings(self) -> "Settings":
        """The settings of the file and the environment.

        Raises:
            SettingsError: a key or a value is wrong; the text says which, where, and what is allowed.
        """
        from revenge.app.settings import load_settings

        return load_settings(self.config, {**os.environ, **self.overrides})

    @cached_property
    def console(self) -> "Console":
        """Where people are spoken to: stdout, or stderr when stdout is for JSON alone."""
        from rich.console import Console

        return Console(stderr=self.json, highlight=False, soft_wrap=True, emoji=False)

    @cached_property
    def progress_console(self) -> "Console":
        """Where progress moves: always stderr, so that a result can be piped."""
        from rich.console import Console

        return Console(stderr=True, highlight=False, emoji=False)

    def document(self, value: object) -> None:
        """Write ``value`` to stdout as one JSON document: indented for people, on one line for programs."""
        write(encode(value, indent=sys.stdout.isatty()))

    def lines(self, values: Iterable[object]) -> None:
        """Write each of ``values`` to stdout as a line of JSON."""
        for value in values:
            write(encode(value))

    def say(self, text: str) -> None:
        """Tell a person something that is not the result; to stderr where stdout is for JSON."""
        self.console.print(visible(text), markup=False)

    def note(self, text: str) -> None:
        """Tell a person something on stderr that is no failure."""
        print(visible(text), file=sys.stderr)

    def fail(self, text: str) -> None:
        """Tell on stderr, in one line, what went wrong."""
        print(f"revenge: {visible(' '.join(text.split()))}", file=sys.stderr)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
        """Write a table for people: aligned on a terminal, tab-separated without one."""
        cells = [[visible(_cell(value)) for value in row] for row in rows]
        if not self.console.is_terminal:
            for row in cells:
                write("\t".join(row).encode())
            return
        if not rows:
            self.say(empty)
            return
        from rich.table import Table

        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in cells:
            table.add_row(*row)
        self.console.print(table, markup=False)

    def run(
        self, main: "Callable[[Signals], Coroutine[Any, Any, T]]", *, server: bool = False, log_level: str = "error"
    ) -> T:
        """Run a coroutine to its end, with logs on stderr.

        ``server``: a signal does not cancel it, it watches for one itself. ``--debug`` goes over ``log_level``.

        Raises:
            KeyboardInterrupt: SIGINT or SIGTERM came and this is no server; what was started has been stopped.
        """
        from revenge.app.runner import run

        self._set_up_logging("debug" if self.debug else log_level)
        return run(main, cancels=not server, debug=self.debug)

    def _set_up_logging(self, level: str) -> None:
        from revenge.infra.telemetry.logging import configure_logging

        configure_logging(level=level, style=self.settings.log_format)


def shell_of(context: typer.Context) -> Shell:
    """Return what the root command made of the options that every command takes."""
    shell = context.find_root().obj
    return shell if isinstance(shell, Shell) else Shell()


def visible(text: str) -> str:
    """Return ``text`` with control characters written as escapes: a file's name must not steer the terminal."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def encode(value: object, *, indent: bool = False) -> bytes:
    """Return JSON with RFC 3339 times in UTC."""
    options = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
    return json_text(value, option=options | orjson.OPT_INDENT_2 if indent else options)


def write(line: bytes) -> None:
    """Write one line of result to stdout at once, so that a stream can be followed."""
    sys.stdout.flush()
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case list() | tuple() | set() | frozenset():
            return ", ".join(_cell(item) for item in value) or "-"
        case _:
            return str(value)
