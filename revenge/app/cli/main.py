"""The ``revenge`` command: its subcommands, and what becomes of their errors."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from revenge.app.cli import account, bench, demo, doctor, jobs, library, migrate, parse, periodic, queues, scan, serve
from revenge.app.cli.shell import EVERYWHERE, HELP, Failed, Shell, visible
from revenge.app.cli.words import check_words

FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130

app = typer.Typer(
    name="revenge",
    help="A media server's background work: scans, jobs, queues, and the server that shows them.",
    epilog=EVERYWHERE,
    context_settings=HELP,
    invoke_without_command=True,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)
serve.register(app)
scan.register(app)
app.add_typer(library.app, name="library")
parse.register(app)
app.add_typer(jobs.app, name="jobs")
app.add_typer(queues.app, name="queues")
app.add_typer(periodic.app, name="periodic")
app.add_typer(account.app, name="account")
app.add_typer(migrate.app, name="migrate")
app.add_typer(bench.app, name="bench")
doctor.register(app)
demo.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"revenge {version('revenge')}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Write only JSON to stdout; the rest goes to stderr.")] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Settings to read.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step; show the trace of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")] = False,
) -> None:
    context.obj = Shell(json=json, debug=debug, config=config)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the process's exit code."""
    arguments = hoist(sys.argv[1:] if argv is None else argv)
    try:
        command = check_words(typer.main.get_command(app))
        code = command(args=arguments, prog_name="revenge", standalone_mode=False)
    except BrokenPipeError:
        # Nobody reads on; what Python still holds for stdout must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        if "--debug" in arguments:
            raise
        for line in _lines(error):
            print(f"revenge: {visible(line)}", file=sys.stderr)
        return WRONG_USE if getattr(error, "exit_code", FAILED) == WRONG_USE else FAILED
    return code if isinstance(code, int) else 0


def hoist(argv: Sequence[str]) -> list[str]:
    """Move the options that every command takes to the front, where the root command reads them.

    ``revenge scan DIR --json`` and ``revenge --json scan DIR`` are the same; after ``--`` nothing is an option.
    """
    front: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in ("--json", "--debug") or word.startswith("--config="):
            front.append(word)
        elif word == "--config":
            front += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest


def _lines(error: Exception) -> Sequence[str]:
    from revenge.app.settings.errors import SettingsError

    return error.lines if isinstance(error, SettingsError) else [explain(error)]


def explain(error: Exception) -> str:
    """Return one line for a person: what went wrong and, where the error knows it, what to do."""
    if isinstance(error, typer.TyperException):
        return _explain_usage(error)
    text = " ".join(str(error).split())
    kind = type(error)
    if isinstance(error, Failed) or kind.__module__.startswith("revenge."):
        return text or kind.__name__
    if kind.__name__ == "ValidationError" and hasattr(error, "errors"):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    if isinstance(error, OSError):
        return f"{error.strerror or text}: {error.filename}" if error.filename else text
    return f"unexpected {kind.__name__}: {text} (--debug shows where)"


def _explain_usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    message = " ".join(error.format_message().split())
    if context is None:
        return message
    if commands := getattr(context.command, "commands", None):
        message = f"{message.rstrip('.')}; the commands are {', '.join(commands)}"
    return f"{message} (see {context.command_path} -h)"
