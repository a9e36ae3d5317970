"""What a worker's own process says to its node: results, failures, progress and log, and which code it runs."""

import io
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from revenge.infra.jobs import Cancel, Client, Cursor, InvalidJob, Job, Snooze
from revenge.infra.jobs.child_side import Reporting, claim_from, failure_answer, find, result_answer
from revenge.infra.jobs.errors import ProgramNotGuarded
from revenge.infra.jobs.processes import columns
from tests.fakes.engine import ActArgs, attempt, claim


def job(**columns: Any) -> Job[ActArgs]:
    return Job(claim(**columns), ActArgs())


def done() -> None:
    """A step."""


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (None, {"output": None}),
        ({"sum": 3}, {"output": {"sum": 3}}),
        (Snooze(timedelta(seconds=90)), {"snooze_s": 90.0}),
        (Cancel("no such file"), {"cancel": "no such file"}),
    ],
)
def test_a_result_is_told_with_what_was_staged(result: object, told: dict[str, Any]) -> None:
    worked = job()
    worked.set_metadata("checkpoint", 5)
    assert orjson.loads(result_answer(result, worked)) == {**told, "staged": {"checkpoint": 5}}


def test_the_steps_of_an_attempt_that_snoozes_are_told() -> None:
    worked = job()
    worked.step("copy", done)
    staged = orjson.loads(result_answer(Snooze(timedelta(seconds=1)), worked))["staged"]
    assert "copy" in str(staged)


def test_a_failure_is_told_though_what_was_staged_has_no_json_form() -> None:
    worked = job()
    worked.set_metadata("checkpoint", object())
    told = orjson.loads(failure_answer(ValueError("no header"), worked))
    assert "no header" in told["error"]
    assert "ValueError" in told["trace"]
    assert told["staged"] is None


def test_an_output_that_the_node_would_not_read_fails_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revenge.infra.jobs.child_side.MAX_LINE_BYTES", 1000)
    with pytest.raises(InvalidJob, match=r"output and metadata are 10\d\d bytes of JSON; 33554432 are allowed"):
        result_answer("x" * 1000, job())


def test_a_failure_is_told_without_what_is_too_much_to_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revenge.infra.jobs.child_side.MAX_LINE_BYTES", 1000)
    worked = job()
    worked.set_metadata("checkpoint", "x" * 1000)
    told = orjson.loads(failure_answer(ValueError("no header"), worked))
    assert ("no header" in told["error"], told["staged"]) == (True, None)


def test_a_failure_before_the_job_was_read_is_told() -> None:
    told = orjson.loads(failure_answer(ImportError("no module"), None))
    assert "no module" in told["error"]
    assert (told["ended"], told["staged"]) == (False, None)


def test_a_claim_is_the_same_over_there() -> None:
    sent = attempt(attempt=7, metadata_json='{"a": 1}')
    got = claim_from(orjson.loads(orjson.dumps(columns(sent))))
    assert {name: getattr(got, name) for name in got.__slots__} == columns(sent)


# Which code it runs


def test_what_the_nodes_program_itself_defines_is_read_from_its_file_once(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("class Outer:\n    class Inner:\n        pass\n")
    found = find(module="__main__", file=str(program), name="Outer.Inner")
    assert found.__qualname__ == "Outer.Inner"
    assert find(module="__main__", file=str(program), name="Outer.Inner") is found


def test_a_module_that_is_not_on_the_path_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text("VALUE = 3\n")
    assert find(module="elsewhere_unheard_of", file=str(tmp_path / "elsewhere.py"), name="VALUE") == 3


def test_a_module_that_can_be_imported_is(tmp_path: Path) -> None:
    assert find(module="logging", file=str(tmp_path / "no.py"), name="Logger") is logging.Logger


UNGUARDED = """
import asyncio
from pathlib import Path
from revenge.infra.jobs import Client

class Outer: pass

with Path(__file__).with_suffix(".read").open("a") as read:
    read.write("once ")
{start}
"""


@pytest.mark.parametrize(
    "start",
    [
        "asyncio.run(Client(None).start())",
        "try: asyncio.run(Client(None).start())\nexcept Exception: raise SystemExit(1)",
    ],
)
def test_a_program_that_starts_a_client_when_it_is_read_is_refused_and_not_read_again(
    tmp_path: Path, start: str
) -> None:
    program = tmp_path / "program.py"
    program.write_text(UNGUARDED.format(start=start))
    for _ in range(2):
        with pytest.raises(ProgramNotGuarded, match="guard what starts it with `if __name__ == '__main__'`"):
            find(module="__main__", file=str(program), name="Outer")
    assert program.with_suffix(".read").read_text() == "once "


def test_a_program_that_fails_when_it_is_read_is_not_taken_for_read(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("class Outer: pass\nraise ZeroDivisionError\n")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            find(module="__main__", file=str(program), name="Outer")


async def test_a_client_may_start_once_the_program_has_been_read(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("class Outer: pass\n")
    find(module="__main__", file=str(program), name="Outer")
    with pytest.raises(InvalidJob, match="at least one queue"):
        await Client(None).start()


def test_a_worker_of_an_interactive_session_is_refused_with_the_reason() -> None:
    with pytest.raises(ImportError, match=r"__main__ \(None\) can't be imported in another process"):
        find(module="__main__", file=None, name="Worker")


# Progress and log


def test_a_report_is_told_once_and_the_last_one_always() -> None:
    answers = io.BytesIO()
    worked = job()
    reporting = Reporting(worked, answers, log=None)
    with reporting:
        worked.report_progress(current=1, total=2)
        reporting._send()
        reporting._send()
        worked.report_progress(current=2, total=2)
    assert [orjson.loads(line)["report"][1] for line in answers.getvalue().splitlines()] == [1, 2]


def test_a_worker_that_says_nothing_costs_no_message() -> None:
    answers = io.BytesIO()
    with Reporting(job(), answers, log=None):
        pass
    assert answers.getvalue() == b""


@pytest.mark.parametrize("with_steps", [True, False])
def test_steps_are_told_as_they_change_where_no_transaction_stores_them(with_steps: bool) -> None:
    answers = io.BytesIO()
    worked = job()
    reporting = Reporting(worked, answers, log=None, with_steps=with_steps)

    def check(cursor: Cursor[int]) -> None:
        cursor.set(5)
        reporting._send_steps()

    reporting._send_steps()
    worked.step("copy", done)
    reporting._send_steps()
    reporting._send_steps()
    worked.cursor_step("check", int, check)
    told = [orjson.loads(line)["steps"] for line in answers.getvalue().splitlines()]
    step = {"river:resumable_step": "copy"}
    assert told == ([step, {**step, "river:resumable_cursor": {"check": 5}}] if with_steps else [])


def test_what_is_logged_goes_along_when_the_node_keeps_it() -> None:
    answers = io.BytesIO()
    root = logging.getLogger()
    terms = {"level": logging.WARNING, "max_bytes": 10_000, "root_level": root.level}
    with Reporting(job(), answers, log=terms):
        logging.getLogger("mine").warning("disk is slow")
    (line,) = answers.getvalue().splitlines()
    lines, left_out = orjson.loads(line)["log"]
    assert "disk is slow" in lines[0]
    assert left_out == 0
