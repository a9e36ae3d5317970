"""One format for everything that is logged, on a terminal and off it."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator

import pytest
import structlog

from revenge.infra.telemetry.logging import LogFormat, configure_logging

Lines = Callable[[], list[dict[str, object]]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def unbound() -> Iterator[None]:
    yield
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    configure_logging(level="debug", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_structlog_and_standard_lines_look_alike(lines: Lines) -> None:
    structlog.get_logger("revenge.x").info("job.completed", job_id=1)
    logging.getLogger("revenge.x").info("job.completed", extra={"job_id": 1})
    one, other = lines()
    assert one.pop("timestamp")
    assert other.pop("timestamp")
    assert one == other == {"event": "job.completed", "job_id": 1, "level": "info", "logger": "revenge.x"}


def test_logger_made_before_configuring_follows(stream: io.StringIO) -> None:
    early = structlog.get_logger("revenge.early")
    configure_logging(stream=stream)
    early.warning("disk.full")
    assert json.loads(stream.getvalue())["event"] == "disk.full"


def test_what_is_bound_once_is_in_every_line(lines: Lines) -> None:
    with structlog.contextvars.bound_contextvars(job_id=7, kind="scan", queue="bulk", attempt=2):
        structlog.get_logger().info("one")
        logging.getLogger("asyncpg").info("two")
    logging.getLogger("asyncpg").info("three")
    one, two, three = lines()
    for line in (one, two):
        assert {key: line[key] for key in ("job_id", "kind", "queue", "attempt")} == {"job_id": 7, "kind": "scan", "queue": "bulk", "attempt": 2}  # fmt: skip
    assert "job_id" not in three


def test_secrets_are_masked_in_fields_messages_and_tracebacks(lines: Lines) -> None:
    logger = logging.getLogger("revenge.x")
    logger.info("a", extra={"api_key": "hunter2", "nested": {"password": "hunter2"}})
    logger.info("connecting to %s", "postgres://u:hunter2@h/x")
    structlog.get_logger().info("b", url="https://h/?token=hunter2")
    try:
        raise ValueError("postgres://u:hunter2@h/x")
    except ValueError:
        logger.exception("c")
        structlog.get_logger().exception("d")
    text = json.dumps(lines())
    assert len(lines()) == 5
    assert "ValueError" in text
    assert "hunter2" not in text


def test_each_line_is_one_json_document_whatever_is_in_it(lines: Lines) -> None:
    structlog.get_logger().info("a", path=b"\xff\n", text="line\nline", odd={(1, 2): object()}, lone="\udcff")
    (line,) = lines()
    assert line["text"] == "line\nline"


def test_uvicorns_coloured_copy_is_dropped(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("started", extra={"color_message": "\x1b[1mstarted"})
    assert "color_message" not in lines()[0]


def test_level_is_obeyed_by_both(stream: io.StringIO) -> None:
    configure_logging(level="warning", stream=stream)
    structlog.get_logger("revenge.x").info("no")
    logging.getLogger("revenge.x").info("no")
    assert stream.getvalue() == ""


def test_unknown_level_is_refused(stream: io.StringIO) -> None:
    with pytest.raises(ValueError, match="one of debug, info, warning, error, got 'loud'"):
        configure_logging(level="loud", stream=stream)


def test_configuring_again_does_not_double_lines(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    configure_logging(stream=stream)
    logging.getLogger("revenge.x").info("once")
    assert stream.getvalue().count("once") == 1


def test_terminal_gets_readable_lines_with_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    configure_logging(stream=terminal)
    structlog.get_logger().info("job.completed", job_id=1)
    assert "\x1b[" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = Terminal()
    configure_logging(stream=terminal)
    structlog.get_logger().info("job.completed", job_id=1)
    assert "job_id=1" in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()


def test_control_characters_of_a_file_name_do_not_reach_the_terminal(stream: io.StringIO) -> None:
    configure_logging(style=LogFormat.CONSOLE, stream=stream)
    structlog.get_logger().info("scan.failed", path="/films/\x1b[2J\x07\nevil.mkv")
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "\x07" not in text
    assert text.count("\n") == 1
    assert "evil.mkv" in text


def test_traceback_keeps_its_lines_for_people(stream: io.StringIO) -> None:
    configure_logging(style=LogFormat.CONSOLE, stream=stream)
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("revenge.x").exception("job.failed")
    assert "\nRuntimeError: boom" in stream.getvalue()


def test_warnings_are_log_lines(lines: Lines) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old", UserWarning, stacklevel=1)
    (line,) = lines()
    assert line["logger"] == "py.warnings"


def test_fields_of_the_work_at_hand_are_in_each_line(stream: io.StringIO) -> None:
    configure_logging(stream=stream, context=lambda: {"job_id": 7, "kind": "scan"})
    logging.getLogger("revenge.jobs").warning("job.failed", extra={"kind": "own"})
    structlog.get_logger("content").warning("file.broken")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["job_id"], first["kind"]) == (7, "own")
    assert (second["job_id"], second["kind"]) == (7, "scan")
