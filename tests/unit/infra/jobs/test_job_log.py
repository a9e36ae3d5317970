"""What a worker logs: which lines are kept, how they look, and how much of them."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from revenge.infra.jobs import Job
from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.job_log import JobLog, LineFormatter, Lines
from revenge.infra.jobs.outcome import LOG
from tests.fakes.engine import attempt

logger = logging.getLogger("mine")


@pytest.fixture(autouse=True)
def root() -> Iterator[logging.Logger]:
    """The root logger at a level of the test's own, without what a test leaves there."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.DEBUG)
    yield root
    root.setLevel(level)
    root.handlers = handlers


async def log(plugin: JobLog, work: Any, *, metadata: Any = None, number: int = 1) -> list[dict[str, Any]]:
    """Return the attempts' logs as they are staged after ``work``."""
    text = None if metadata is None else orjson.dumps(metadata).decode()
    job = attempt(metadata_json=text, attempt=number).job
    assert job is not None
    # In a context of its own, as each worker runs.
    try:
        await asyncio.create_task(_around(plugin, job, work))
    finally:
        staged: list[dict[str, Any]] = (job.staged or {}).get(LOG, [])
    return staged


async def _around(plugin: JobLog, job: Job[Any], work: Any) -> object:
    return await plugin.around_work(job, work)


def texts(entries: list[dict[str, Any]]) -> list[str]:
    """Return all lines without their times."""
    return [line.partition(" ")[2] for entry in entries for line in entry["log"].splitlines()]


async def test_fields_and_texts_are_kept_as_the_client_cleans_them() -> None:
    """A secret that is masked on stderr must not stand in the row."""
    plugin = JobLog(
        formatter=LineFormatter(field=lambda key, value: "***" if key == "cookie" else value),
        clean=lambda line: line.replace("hunter2", "***"),
    )

    async def work() -> None:
        logger.info("asked %s", "https://me:hunter2@host", extra={"cookie": "x1", "host": "hunter2.example"})

    [line] = texts(await log(plugin, work))
    assert line == "INFO mine: asked https://me:***@host cookie=*** host=***.example"


async def test_lines_from_another_process_are_cleaned_too() -> None:
    lines = Lines(level=0, max_bytes=1000, formatter=LineFormatter(), clean=lambda line: line.replace("hunter2", "***"))
    lines.absorb(["password hunter2"], 0)
    assert lines.close() == "password ***\n"


async def test_lines_of_the_level_and_above_are_kept() -> None:
    async def work() -> None:
        logger.debug("low")
        logger.info("began %d", 3)
        await asyncio.create_task(later())
        await asyncio.to_thread(logger.error, "in a thread")

    async def later() -> None:
        logger.warning("in a task", extra={"files": 3, "name of": "a b", "empty": ""})

    entries = await log(JobLog(), work)
    assert [entry["attempt"] for entry in entries] == [1]
    assert texts(entries) == [
        "INFO mine: began 3",
        'WARNING mine: in a task files=3 name of="a b" empty=""',
        "ERROR mine: in a thread",
    ]


async def test_a_time_is_in_utc() -> None:
    record = logging.makeLogRecord({"msg": "x", "created": 1767323045.25, "name": "n", "levelname": "INFO"})
    assert LineFormatter().format(record) == "2026-01-02T03:04:05.250Z INFO n: x"


async def test_what_others_log_meanwhile_is_not_the_jobs() -> None:
    async def work() -> None:
        logger.info("mine")
        other = threading.Thread(target=logger.info, args=("another's",))
        other.start()
        other.join()

    both = await asyncio.gather(log(JobLog(), work), log(JobLog(), work, number=2))
    assert [texts(entries) for entries in both] == [["INFO mine: mine"], ["INFO mine: mine"]]
    logger.info("after")


async def test_a_task_that_outlives_its_job_logs_to_nobody() -> None:
    go_on = asyncio.Event()
    left: list[asyncio.Task[None]] = []

    async def late() -> None:
        await go_on.wait()
        logger.info("late")

    async def work() -> None:
        logger.info("in time")
        left.append(asyncio.create_task(late()))

    entries = await log(JobLog(), work)
    go_on.set()
    await left[0]
    assert texts(entries) == ["INFO mine: in time"]


async def test_a_failure_keeps_its_log_too() -> None:
    job = attempt().job
    assert job is not None

    async def work() -> None:
        logger.info("before")
        try:
            raise ValueError("no")
        except ValueError:
            logger.exception("it broke")
            raise

    with pytest.raises(ValueError, match="no"):
        await JobLog().around_work(job, work)
    assert job.staged is not None
    text = job.staged[LOG][0]["log"]
    assert "INFO mine: before\n" in text
    assert "ERROR mine: it broke\nTraceback (most recent call last):\n" in text
    assert text.endswith("ValueError: no\n")


async def test_without_a_line_nothing_is_written() -> None:
    async def work() -> None:
        logger.debug("low")

    job = attempt().job
    assert job is not None
    await JobLog().around_work(job, work)
    assert job.staged is None


async def test_structlogs_events_are_read() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )

    async def work() -> None:
        structlog.get_logger("theirs").info("scan.done", files=3, job_id=7)
        try:
            raise ValueError("no")
        except ValueError:
            structlog.get_logger("theirs").exception("scan.failed")

    try:
        lines = texts(await log(JobLog(), work))
    finally:
        structlog.reset_defaults()
    assert lines[:2] == ["INFO theirs: scan.done files=3", "ERROR theirs: scan.failed"]
    assert lines[-1] == "no"


async def test_attempts_are_appended_to_those_before() -> None:
    async def work() -> None:
        logger.info("again")

    entries = await log(JobLog(), work, metadata={LOG: [{"attempt": 1, "log": "first\n"}]}, number=2)
    assert [entry["attempt"] for entry in entries] == [1, 2]
    assert entries[0]["log"] == "first\n"


@pytest.mark.parametrize("metadata", [{LOG: "text"}, {LOG: {"attempt": 1}}, [1]])
async def test_a_log_of_another_shape_is_left_alone(metadata: Any, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        logger.info("again")

    assert await log(JobLog(), work, metadata=metadata) == []
    assert "job_log.unreadable" in caplog.messages


async def test_too_much_is_left_out_and_said() -> None:
    async def work() -> None:
        for number in range(100):
            logger.info("%03d %s", number, "ä" * 40)
        logger.info("x")

    entries = await log(JobLog(max_attempt_bytes=1024), work)
    text = entries[0]["log"]
    lines = text.splitlines()
    assert len(text.encode()) <= 1024
    assert 5 <= len(lines) <= 9
    # Nothing is kept after the first that was left out, though it would fit.
    assert [line.split()[3] for line in lines[:-1]] == [f"{number:03d}" for number in range(len(lines) - 1)]
    assert lines[-1] == f"[{101 - len(lines) + 1} more lines are left out: the log of an attempt has its limit]"


@pytest.mark.parametrize("spare", [0, 1])
async def test_the_oldest_attempts_go_first(spare: int, caplog: pytest.LogCaptureFixture) -> None:
    """As River counts: the whole array as JSON, and the newest is always kept."""

    async def work() -> None:
        logger.info("new")

    earlier = [{"attempt": number, "log": "y" * 2000} for number in (1, 2, 3)]
    newest = (await log(JobLog(), work, number=4))[0]
    exactly = len(encode([*earlier, newest]))
    limit = exactly - 1 + spare
    entries = await log(JobLog(max_attempt_bytes=1024, max_total_bytes=limit), work, metadata={LOG: earlier}, number=4)
    assert [entry["attempt"] for entry in entries] == ([1, 2, 3, 4] if spare else [2, 3, 4])
    assert ("job_log.dropped" in caplog.messages) is not bool(spare)


async def test_the_newest_is_kept_though_it_alone_is_too_much() -> None:
    async def work() -> None:
        for _ in range(9):
            logger.info('"' * 70)

    plugin = JobLog(max_attempt_bytes=1024, max_total_bytes=1024)
    entries = await log(plugin, work, metadata={LOG: [{"attempt": 1, "log": "x"}]}, number=2)
    assert [entry["attempt"] for entry in entries] == [2]


@pytest.mark.parametrize(
    "limits",
    [
        {"max_attempt_bytes": 1023},
        {"max_attempt_bytes": 2048, "max_total_bytes": 2047},
        {"max_total_bytes": 64 * 1024 * 1024 + 1},
    ],
)
def test_limits_are_rivers(limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="limits must be 1024 <= max_attempt_bytes <= max_total_bytes <= 67108864"):
        JobLog(**limits)


async def test_a_formatter_of_ones_own_may_mask() -> None:
    class Masking(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return super().format(record).replace("secret", "***")

    async def work() -> None:
        logger.info("the secret")

    entries = await log(JobLog(formatter=Masking("%(message)s")), work)
    assert entries == [{"attempt": 1, "log": "the ***\n"}]


async def test_a_line_that_cannot_be_formatted_harms_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Unspeakable:
        def __str__(self) -> str:
            raise RuntimeError("not even that")

    async def work() -> None:
        logger.info("fine")
        logger.info("%s", Unspeakable())

    # Only ours: pytest's own handlers raise.
    logging.getLogger().handlers = []
    entries = await log(JobLog(), work)
    assert texts(entries) == ["INFO mine: fine"]
    assert "Logging error" in capsys.readouterr().err


async def test_warnings_still_go_to_stderr_where_nobody_has_configured_logging(
    root: logging.Logger, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root.handlers = []
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler())

    async def work() -> None:
        logger.warning("look here")

    assert texts(await log(JobLog(), work)) == ["WARNING mine: look here"]
    assert capsys.readouterr().err == "look here\n"


def test_lines_go_from_one_process_to_another() -> None:
    there, here = (Lines(level=20, max_bytes=1024, formatter=LineFormatter()) for _ in range(2))
    for number in range(20):
        there.add_line(f"{number} {'x' * 98}")
        if number in (3, 19):
            here.absorb(*there.take())
    lines = here.close().splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [str(number) for number in range(9)]
    assert lines[-1].startswith("[11 more lines")


def test_a_stack_that_was_asked_for_is_kept() -> None:
    record = logging.makeLogRecord({"msg": "here", "name": "n", "stack_info": "Stack:\n  in a test"})
    assert LineFormatter().format(record).endswith("n: here\nStack:\n  in a test")


def test_an_error_that_structlog_is_given_is_told_with_its_trace() -> None:
    try:
        raise ValueError("no header")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": {"event": "scan.failed", "exc_info": error}, "name": "n"})
    text = LineFormatter().format(record)
    assert "n: scan.failed" in text
    assert text.endswith("ValueError: no header")
