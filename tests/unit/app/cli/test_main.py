"""The command line as a whole: where options may stand, what errors look like, which code the process ends with."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pydantic
import pytest
import typer

from revenge.app.cli import parse
from revenge.app.cli.main import app, explain, hoist, main
from revenge.app.cli.shell import Failed
from revenge.app.cli.words import check_words
from revenge.infra.jobs.errors import JobNotFound
from revenge.infra.jobs.migrations.errors import OtherLinesApplied


def commands() -> list[list[str]]:
    """Every command and group, as words."""

    def walk(command: object, words: list[str]) -> list[list[str]]:
        children = getattr(command, "commands", {})
        return [words, *(found for name, child in children.items() for found in walk(child, [*words, name]))]

    return walk(typer.main.get_command(app), [])


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_explains_itself(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "-h"]) == 0
    out = capsys.readouterr().out
    assert "Usage: revenge" in out
    assert len(out.splitlines()) > 4


def test_the_contract_s_commands_are_all_there() -> None:
    wanted = """serve worker scan parse doctor
        library.list library.add library.show library.remove library.files
        jobs.list jobs.show jobs.wait jobs.cancel jobs.retry jobs.delete jobs.enqueue
        queues.list queues.pause queues.resume
        migrate.up migrate.down migrate.status migrate.validate migrate.lean migrate.sql"""
    assert set(wanted.split()) <= {".".join(words) for words in commands()}


def test_root_without_a_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "scan" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["jobs"],
        ["jobs", "nonsense"],
        ["jobs", "show"],
        ["jobs", "show", "abc"],
        ["jobs", "list", "--limit", "0"],
        ["jobs", "enqueue", "x", "--args", "{"],
        ["jobs", "enqueue", "x", "--args", "[]"],
        ["jobs", "enqueue", "x", "--in", "soon"],
        ["jobs", "enqueue", "x", "--in", "999999999d"],
        ["jobs", "enqueue", "x", "--at", "2026-01-01"],
        ["jobs", "enqueue", "x", "--at", "9999-12-31T23:59:59-14:00"],
        ["jobs", "enqueue", "x", "--in", "5m", "--at", "2026-01-01T00:00:00Z"],
        ["jobs", "enqueue", "x", "--priority", "5"],
        ["parse", "--type", "music"],
        ["scan"],
        ["scan", ""],
        ["scan", "/films", "--type", "music"],
        ["serve", "--port", "many"],
        ["worker", "--queue", "bulk"],
        ["worker", "--queue", "bad name=3"],
        ["worker", "--client-id", "w" * 101],
        ["queues", "pause"],
        ["migrate", "up", "--target", "-1"],
        ["migrate", "up", "--schema", "no-name"],
        ["migrate", "sql", "--schema", "s" * 47],
        ["--config"],
    ],
    ids=" ".join,
)
def test_wrong_use_is_one_line_and_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("revenge: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "hoisted"),
    [
        (["scan", "/films", "--json"], ["--json", "scan", "/films"]),
        (["jobs", "list", "--config", "a.yaml", "--debug"], ["--config", "a.yaml", "--debug", "jobs", "list"]),
        (["jobs", "list", "--config=a.yaml"], ["--config=a.yaml", "jobs", "list"]),
        (["parse", "--", "--json"], ["parse", "--", "--json"]),
        (["jobs", "list", "--config"], ["--config", "jobs", "list"]),
    ],
)
def test_options_of_every_command_may_stand_anywhere(given: list[str], hoisted: list[str]) -> None:
    assert hoist(given) == hoisted


def _raise(error: BaseException) -> Callable[..., object]:
    def run(*args: object, **kwargs: object) -> object:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (Failed("the folder is gone: mount it"), 1, "revenge: the folder is gone: mount it\n"),
        (JobNotFound(7), 1, "revenge: there is no job 7\n"),
        (
            FileNotFoundError(2, "No such file or directory", "/films"),
            1,
            "revenge: No such file or directory: /films\n",
        ),
        (Failed("two\nlines"), 1, "revenge: two lines\n"),
        (Failed("the file \x1b[2J.mkv"), 1, "revenge: the file \\x1b[2J.mkv\n"),
        (
            OtherLinesApplied(["revenge_jobs"]),
            1,
            "revenge: line 'main' cannot go below version 5 while these lines are applied: revenge_jobs; "
            "take them down to 0 first, with the program that they belong to\n",
        ),
        (ZeroDivisionError("a bug"), 1, "revenge: unexpected ZeroDivisionError: a bug (--debug shows where)\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_error_is_one_line_and_never_a_traceback(
    error: BaseException,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(parse, "split", _raise(error))
    assert main(["parse", "-"]) == code
    assert capsys.readouterr() == ("", told)


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "split", _raise(ZeroDivisionError("a bug")))
    with pytest.raises(ZeroDivisionError):
        main(["parse", "-", "--debug"])


def test_refused_arguments_name_their_fields() -> None:
    class Args(pydantic.BaseModel):
        library_id: int

    with pytest.raises(pydantic.ValidationError) as caught:
        Args.model_validate({"library_id": "x"})
    assert explain(caught.value).startswith("library_id: ")


def test_help_and_parse_wait_for_no_database_driver_and_no_web_framework() -> None:
    script = (
        "import sys; from revenge.app.cli.main import main; code = main(['parse', 'Heat (1995).mkv', '--json']);"
        "heavy = {'asyncpg', 'fastapi', 'uvicorn', 'av', 'dependency_injector', 'rich'} & set(sys.modules);"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["title"] == "Heat"


@pytest.mark.parametrize(
    "words",
    [
        ["queues", "resume", "\udcff"],
        ["library", "show", "\udcff"],
        ["account", "remove", "\udcff"],
        ["periodic", "run", "\udcff"],
        ["jobs", "enqueue", "\udcff"],
        ["jobs", "list", "--tag", "fine", "--tag", "\udcff"],
        ["scan", "/films", "--library", "\udcff"],
        ["jobs", "show", "9223372036854775808"],
        ["jobs", "show", "0"],
        ["jobs", "cancel", "1", "99999999999999999999"],
        ["jobs", "wait", "1", "--timeout", "inf"],
        ["jobs", "wait", "1", "--timeout", "nan"],
    ],
    ids=ascii,
)
def test_names_and_ids_that_nothing_can_have_are_wrong_use(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("revenge: Invalid value")
    assert len(said.err.splitlines()) == 1


def test_no_text_of_any_command_but_paths_may_be_other_than_utf8() -> None:
    """Whatever command is added: a text that no database can hold is refused before anything is started for it."""

    def walk(command: Any) -> Iterator[tuple[str, Any]]:
        for param in command.params:
            yield f"{command.name} {param.name}", param
        for child in getattr(command, "commands", {}).values():
            yield from walk(child)

    root = check_words(typer.main.get_command(app))
    texts = {
        name: param
        for name, param in walk(root)
        if getattr(param.type_descriptor, "annotation", None) in (str, list[str])
    }
    loose = {name for name, param in texts.items() if param.callback is None}
    assert len(texts) > 30
    assert loose == {"parse paths", "scan paths", "worker workers", "enqueue workers"}
