"""Commands on a real database: what they answer, what they write where, how they end."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from revenge.app.cli.main import main

WORKERS = '''
"""Two kinds of a user's own."""

from datetime import timedelta

from revenge.infra.jobs import InsertOpts, Job, JobArgs, UniqueOpts, Worker, UNFINISHED


class GreetArgs(JobArgs, kind="greet"):
    name: str


class GreetWorker(Worker[GreetArgs]):
    async def work(self, job: Job[GreetArgs]) -> object:
        return {"said": f"hello {job.args.name}"}


class OnceArgs(JobArgs, kind="once"):
    insert_opts = InsertOpts(unique=UniqueOpts(by_args=True, by_state=UNFINISHED))


class OnceWorker(Worker[OnceArgs]):
    async def work(self, job: Job[OnceArgs]) -> None: ...


class AllArgs(JobArgs, kind="takes_all", extra="allow"): ...


class AllWorker(Worker[AllArgs]):
    async def work(self, job: Job[AllArgs]) -> None: ...
'''


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def workers(tmp_path: Path) -> str:
    path = tmp_path / "greetings_of_a_user.py"
    path.write_text(WORKERS)
    return str(path)


def _runner(url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> Run:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("REVENGE_DATA_DIR", str(folder))
    monkeypatch.chdir(folder)

    def run(*words: object) -> Answer:
        code = main([str(word) for word in words])
        return Answer(code, *capsys.readouterr())

    return run


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run a command on a migrated database."""
    return _runner(database, monkeypatch, capsys, tmp_path)


@pytest.fixture
def run_empty(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    """Run a command on a database without tables."""
    return _runner(empty_database, monkeypatch, capsys, tmp_path)


def test_job_is_enqueued_shown_listed_cancelled_retried_and_deleted(run: Run, workers: str) -> None:
    made = run(
        "jobs", "enqueue", "greet", "--args", '{"name": "Ada"}', "--workers", workers, "--tag", "first", "--json"
    )
    assert made.code == 0
    job = made.json
    assert (job["kind"], job["state"], job["args"], job["duplicate"]) == ("greet", "available", {"name": "Ada"}, False)

    assert run("jobs", "show", job["id"], "--json").json["tags"] == ["first"]
    listed = run("jobs", "list", "--tag", "first", "--state", "available", "--json").json
    assert [each["id"] for each in listed["jobs"]] == [job["id"]]
    assert listed["next_cursor"] is None
    assert run("jobs", "list", "--tag", "second", "--json").json["jobs"] == []

    assert run("jobs", "cancel", job["id"], "--json").json["state"] == "cancelled"
    assert run("jobs", "retry", job["id"], "--json").json["state"] == "available"
    assert run("jobs", "delete", job["id"], "--json").code == 0
    gone = run("jobs", "show", job["id"], "--json")
    assert (gone.code, gone.out) == (1, "")
    assert gone.err == f"revenge: there is no job {job['id']}\n"


def test_unique_job_that_is_there_is_told_as_a_duplicate(run: Run, workers: str) -> None:
    first = run("jobs", "enqueue", "once", "--workers", workers, "--json").json
    second = run("jobs", "enqueue", "once", "--workers", workers, "--json").json
    assert (second["id"], second["duplicate"]) == (first["id"], True)


def test_another_schema_beside_the_applications_tables_is_refused_with_what_to_do(run: Run) -> None:
    answer = run("migrate", "up", "--schema", "other")
    assert answer.code == 1
    assert "versions are in another schema than was asked for (public): migrate that one, or leave line" in answer.err
    assert [line["current"] for line in run("migrate", "status", "--schema", "other", "--json").json["lines"]] == [
        0
    ] * 3
    assert run("migrate", "up", "--schema", "other", "--line", "main").code == 0


def test_stdout_is_json_alone_though_every_step_is_logged(run: Run) -> None:
    answer = run("jobs", "list", "--json", "--debug")
    assert answer.json == {"jobs": [], "next_cursor": None}
    assert "lifecycle.started" in answer.err


def test_job_may_be_put_off(run: Run, workers: str) -> None:
    job = run("jobs", "enqueue", "greet", "--args", '{"name": "x"}', "--in", "5m", "--workers", workers, "--json").json
    assert job["state"] == "scheduled"
    assert job["scheduled_at"] > job["created_at"]


def test_pages_follow_one_another(run: Run, workers: str) -> None:
    ids = [
        run("jobs", "enqueue", "greet", "--args", f'{{"name": "{n}"}}', "--workers", workers, "--json").json["id"]
        for n in range(3)
    ]
    first = run("jobs", "list", "--limit", "2", "--json").json
    rest = run("jobs", "list", "--limit", "2", "--cursor", first["next_cursor"], "--json").json
    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]


def test_several_jobs_are_a_line_each_and_one_that_is_missing_harms_no_other(run: Run, workers: str) -> None:
    args = ("--args", '{"name": "x"}', "--workers", workers, "--json")
    ids = [run("jobs", "enqueue", "greet", *args).json["id"] for _ in range(2)]
    done = run("jobs", "cancel", ids[0], 999_999, ids[1], "--json")
    assert done.code == 1
    assert [json.loads(line)["state"] for line in done.out.splitlines()] == ["cancelled", "cancelled"]
    assert done.err == "revenge: there is no job 999999\n"


@pytest.mark.parametrize(
    ("kind", "args", "told"),
    [
        ("nonsense", "{}", "there is no kind 'nonsense'"),
        ("greet", "{}", "name: Field required"),
        ("greet", '{"name": 5}', "name: "),
        ("greet", '{"name": "x", "nmae": "y"}', "nmae: Extra inputs are not permitted"),
    ],
)
def test_what_a_kind_refuses_is_one_line(run: Run, workers: str, kind: str, args: str, told: str) -> None:
    answer = run("jobs", "enqueue", kind, "--args", args, "--workers", workers, "--json")
    assert (answer.code, answer.out) == (1, "")
    assert told in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (r'{"name": "a\u0000b"}', r"/name holds a NUL character (\u0000), which the database cannot hold"),
        (r'{"name": [{"\u0000": 1}]}', r"/name/0/\x00 has a key that holds a NUL character"),
        (r'{"name": "\ud800"}', "/name holds half a character"),
        ('{"name": NaN}', "/name is a number that JSON does not have"),
        ("[" * 100_000, "--args is no JSON"),
        ("9" * 5000, "--args is no JSON"),
    ],
)
def test_arguments_that_no_row_can_hold_are_wrong_use(run: Run, workers: str, args: str, told: str) -> None:
    answer = run("jobs", "enqueue", "greet", "--args", args, "--workers", workers, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert len(answer.err.splitlines()) == 1


@pytest.mark.parametrize("options", [("--tag", "a b"), ("--queue", "not a queue")])
def test_an_option_that_no_job_can_have_is_wrong_use(run: Run, workers: str, options: tuple[str, ...]) -> None:
    answer = run("jobs", "enqueue", "greet", "--args", '{"name": "x"}', "--workers", workers, *options, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert options[1] in answer.err
    assert len(answer.err.splitlines()) == 1


def test_an_integer_of_any_size_is_taken_and_shown_exactly(run: Run, workers: str) -> None:
    args = ("--args", f'{{"size": {10**400}}}', "--workers", workers, "--json")
    made = run("jobs", "enqueue", "takes_all", *args).json
    assert made["args"] == {"size": 10**400}
    assert run("jobs", "show", made["id"], "--json").json["args"] == made["args"]
    assert str(10**400) in run("jobs", "show", made["id"]).out


def test_keys_beyond_its_own_are_those_of_a_kind_that_takes_all(run: Run, workers: str) -> None:
    args = ("--args", '{"size": 1}', "--workers", workers, "--json")
    assert run("jobs", "enqueue", "takes_all", *args).json["args"] == {"size": 1}


def test_waiting_ends_with_code_1_when_time_is_up_and_when_a_job_was_cancelled(run: Run, workers: str) -> None:
    args = ("--args", '{"name": "x"}', "--workers", workers, "--json")
    job = run("jobs", "enqueue", "greet", *args).json
    late = run("jobs", "wait", job["id"], "--timeout", "0.05", "--json")
    assert (late.code, late.out) == (1, "")
    assert "still unfinished" in late.err
    run("jobs", "cancel", job["id"])
    ended = run("jobs", "wait", job["id"], "--json")
    assert (ended.code, ended.json["state"]) == (1, "cancelled")


def test_queue_is_paused_and_resumed(run: Run, database: str) -> None:
    async def serve_once() -> None:
        conn = await asyncpg.connect(database)
        await conn.execute("INSERT INTO river_queue (name, created_at, updated_at) VALUES ('bulk', now(), now())")
        await conn.close()

    asyncio.run(serve_once())
    assert run("queues", "pause", "bulk", "--json").json == {"name": "bulk", "paused": True}
    (queue,) = run("queues", "list", "--json").json["queues"]
    assert (queue["name"], queue["paused"], queue["workers"]) == ("bulk", True, 0)
    run("queues", "resume", "*")
    assert run("queues", "list", "--json").json["queues"][0]["paused"] is False
    assert run("queues", "pause", "nonsense").code == 1


def test_tables_are_made_checked_and_taken_away(run_empty: Run) -> None:
    assert run_empty("migrate", "validate").code == 1
    before = run_empty("migrate", "status", "--json").json["lines"]
    assert [line["line"] for line in before] == ["main", "revenge_jobs", "revenge"]
    assert all(line["current"] == 0 for line in before)

    up = run_empty("migrate", "up", "--json").json
    assert up["direction"] == "up"
    assert {version["line"] for version in up["versions"]} == {"main", "revenge_jobs", "revenge"}
    assert run_empty("migrate", "validate", "--json").json == {"ok": True, "messages": []}
    assert run_empty("migrate", "up", "--json").json["versions"] == []

    assert run_empty("migrate", "down", "--line", "revenge").code == 0
    assert run_empty("migrate", "validate").code == 1
    assert run_empty("migrate", "down", "--target", "0").code == 0
    after = run_empty("migrate", "status", "--json").json["lines"]
    assert all(line["current"] == 0 for line in after)


def test_the_indexes_that_no_engine_reads_can_be_left_out(run: Run) -> None:
    assert run("migrate", "lean", "--json").json["missing"] == []
    assert len(run("migrate", "lean", "on", "--json").json["indexes_dropped"]) == 3
    assert len(run("migrate", "status", "--json").json["left_out_indexes"]) == 3
    validated = run("migrate", "validate")
    assert validated.code == 0
    assert "Lean is on" in validated.out
    assert len(run("migrate", "lean", "off", "--json").json["indexes_built"]) == 3
    assert "Lean is off" in run("migrate", "lean").out


def test_tables_may_live_in_another_schema(run_empty: Run) -> None:
    assert run_empty("migrate", "up", "--line", "main", "--schema", "queue").code == 0
    lines = run_empty("migrate", "status", "--schema", "queue", "--json").json["lines"]
    assert lines[0]["unapplied"] == []
    assert run_empty("migrate", "status", "--json").json["lines"][0]["current"] == 0
    assert run_empty("migrate", "validate", "--line", "main", "--schema", "queue").code == 0
    judged = run_empty("migrate", "validate", "--schema", "Other", "--json")
    assert judged.code == 1
    assert judged.json["messages"][0].endswith("; run: revenge migrate up --schema Other")
    assert run_empty("migrate", "validate").err.splitlines()[0].endswith("; run: revenge migrate up")


def test_one_line_is_made_up_to_a_version_and_judged_up_to_it(run_empty: Run) -> None:
    assert run_empty("migrate", "up", "--line", "main", "--target", "4").code == 0
    assert run_empty("migrate", "validate", "--line", "main", "--target", "4").code == 0
    assert run_empty("migrate", "validate", "--line", "main").code == 1
    (line,) = run_empty("migrate", "status", "--line", "main", "--json").json["lines"]
    assert (line["current"], line["unapplied"]) == (4, [5, 6, 7, 8])
    assert run_empty("migrate", "validate", "--line", "nonsense").code == 1


def test_sql_is_written_for_psql(run_empty: Run) -> None:
    text = run_empty("migrate", "sql").out
    assert "river_job" in text
    assert "revenge_job_node" in text
    assert "TEMPLATE" not in text
    found = run_empty("migrate", "sql", "--line", "main", "--target", "3", "--json").json
    assert [line["line"] for line in found["lines"]] == ["main"]


def test_line_that_others_stand_on_says_what_to_take_down_first(run: Run) -> None:
    answer = run("migrate", "down", "--line", "main", "--target", "4")
    assert answer.code == 1
    assert "take them down to 0 first" in answer.err


@pytest.mark.parametrize(
    ("command", "columns", "why"),
    [
        (
            "cancel",
            "state = 'completed', finalized_at = now()",
            "is completed already: there is nothing left to cancel",
        ),
        ("retry", "state = 'running', attempted_at = now()", "is being worked: wait for it, or cancel it first"),
    ],
)
def test_job_whose_state_forbids_it_is_told_and_harms_no_other(
    run: Run, workers: str, database: str, command: str, columns: str, why: str
) -> None:
    args = ("--args", '{"name": "x"}', "--workers", workers, "--json")
    ids = [run("jobs", "enqueue", "greet", *args).json["id"] for _ in range(2)]

    async def change() -> None:
        conn = await asyncpg.connect(database)
        await conn.execute(f"UPDATE river_job SET {columns} WHERE id = $1", ids[0])
        await conn.close()

    asyncio.run(change())
    answer = run("jobs", command, *ids, "--json")
    assert (answer.code, json.loads(answer.out)["id"]) == (1, ids[1])
    assert answer.err == f"revenge: job {ids[0]} {why}\n"


def test_library_is_shown_with_its_files_counts_and_latest_scan(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "Alien (1979).mkv").write_bytes(b"no film")
    scanned = run("scan", folder, "--json")
    assert scanned.code == 0, scanned.err
    (library,) = run("library", "list", "--json").json["libraries"]
    assert sum(library["file_counts"].values()) == 1
    assert library["latest_scan"]["status"] == "completed"
    assert run("library", "show", library["id"], "--json").json == library


def test_unknown_line_is_one_line_that_names_the_known_ones(run_empty: Run) -> None:
    answer = run_empty("migrate", "up", "--line", "nonsense")
    assert answer.code == 1
    assert "revenge_jobs" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_first_command_makes_the_tables(run_empty: Run) -> None:
    assert run_empty("jobs", "list", "--json").json == {"jobs": [], "next_cursor": None}
    assert run_empty("migrate", "validate").code == 0


def test_doctor_finds_nothing_wrong_and_then_the_missing_tables(run: Run) -> None:
    well = run("doctor", "--json")
    assert (well.code, well.json["ok"]) == (0, True)
    assert {"database", "schema", "disk", "clock"} <= {check["name"] for check in well.json["checks"]}
    run("migrate", "down", "--line", "revenge")
    ill = run("doctor", "--json")
    assert (ill.code, ill.json["ok"]) == (1, False)
    (wrong,) = (check for check in ill.json["checks"] if not check["ok"])
    assert (wrong["name"], wrong["advice"]) == ("schema", "run: revenge migrate up")


def test_doctor_names_the_library_whose_folder_is_gone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    run("library", "add", "Films", "--type", "movie", folder)
    assert run("doctor").code == 0
    folder.rename(tmp_path / "elsewhere")
    ill = run("doctor", "--json")
    (wrong,) = (check for check in ill.json["checks"] if not check["ok"])
    assert (ill.code, wrong["name"]) == (1, "library Films")
    assert str(folder) in wrong["detail"]


def test_database_that_is_not_there_is_waited_for_with_a_word_and_then_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://revenge:secret@127.0.0.1:9/revenge")
    monkeypatch.setenv("REVENGE_DATABASE__CONNECT_TIMEOUT", "1s")
    answer = run("jobs", "list", "--json")
    assert (answer.code, answer.out) == (1, "")
    assert "127.0.0.1:9/revenge" in answer.err
    assert "secret" not in answer.err
    waiting, failed = answer.err.splitlines()
    assert waiting == "PostgreSQL at 127.0.0.1:9/revenge: connection refused; trying for 1 s ..."
    assert failed.startswith("revenge: no connection to PostgreSQL")


def test_wrong_settings_are_a_line_each(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("jobs:\n  nonsense: 1\nserver:\n  port: many\n")
    answer = run("jobs", "list", "--config", tmp_path / "wrong.yaml")
    assert (answer.code, answer.out) == (1, "")
    lines = answer.err.splitlines()
    assert len(lines) == 2
    assert any("nonsense" in line for line in lines)
    assert any("port" in line and "many" in line for line in lines)
