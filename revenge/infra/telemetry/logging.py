"""One way of logging for everything: structlog's loggers, the standard library's, and warnings, to stderr."""

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from revenge.infra.telemetry.secrets import mask

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class LogFormat(StrEnum):
    """How lines look; ``auto`` is ``console`` on a terminal and ``json`` elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class _Handler(logging.StreamHandler[TextIO]):
    """Ours, so that configuring again replaces it and leaves others alone."""


def configure_logging(
    *,
    level: str = "info",
    style: LogFormat = LogFormat.AUTO,
    stream: TextIO | None = None,
    context: Callable[[], Mapping[str, object]] = dict,
) -> None:
    """Send every log line of this process to ``stream`` (stderr), as JSON or for people; called again, it replaces itself.

    What was bound with ``structlog.contextvars`` is in each line, of the standard library's loggers too; their ``extra``
    fields are kept. Secrets are masked by their key, and inside addresses and headers in any text.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        style: how lines look.
        stream: where they go.
        context: called for each line where it is logged: fields of the work at hand, which the line's own win over.

    Raises:
        ValueError: no such level.
    """
    if level not in _LEVELS:
        raise ValueError(f"level must be one of {', '.join(_LEVELS)}, got {level!r}")
    target = stream if stream is not None else sys.stderr
    readable = style is LogFormat.CONSOLE or (style is LogFormat.AUTO and target.isatty())

    def add_context(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {**context(), **event}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if readable else "iso", utc=not readable),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,  # loggers are made when modules are imported, before anybody configures
    )
    handler = _Handler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), _drop_copies],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,  # plain text, so that it is masked like all other text
                _mask_secrets,
                *_renderers(readable=readable, colours=target.isatty() and "NO_COLOR" not in os.environ),
            ],
        )
    )
    root = logging.getLogger()
    for old in [found for found in root.handlers if isinstance(found, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(_LEVELS[level])
    logging.captureWarnings(True)


def _renderers(*, readable: bool, colours: bool) -> list[Processor]:
    if not readable:
        return [structlog.processors.JSONRenderer()]
    return [_escape_controls, structlog.dev.ConsoleRenderer(colors=colours, pad_event_to=28)]


def _mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {key: mask(value, key=key) for key, value in event.items()}


def _drop_copies(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for copy in ("color_message", "message", "asctime"):  # uvicorn's, and what other handlers leave in the record
        event.pop(copy, None)
    return event


def _escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Show control characters instead of sending them: a file's name must not move the terminal's cursor."""
    return {
        key: value if key in ("exception", "stack") or not isinstance(value, str) else _CONTROL.sub(_shown, value)
        for key, value in event.items()
    }


def _shown(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]
