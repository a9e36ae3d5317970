"""What is wrong with words of the command line whatever their command: told before anything is started for them."""

from collections.abc import Callable
from typing import Any

import typer

from revenge.infra.limits import MAX_BIGINT

_PATHS = frozenset({"paths", "workers"})
"""Texts that may name files, whose bytes are whatever they are."""


def check_words(command: Any) -> Any:
    """Have every text of ``command`` and of its subcommands, but for paths, be refused where it is no UTF-8.

    No database and no JSON can hold such a text, so that it names nothing. Return ``command``.
    """
    for param in command.params:
        annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
        if annotation in (str, list[str]) and param.name not in _PATHS:
            param.callback = _checked(param.callback)
    for child in getattr(command, "commands", {}).values():
        check_words(child)
    return command


def job_id(value: int) -> int:
    """Return an id that a job may have; a callback.

    Raises:
        BadParameter: it is none.
    """
    if not 1 <= value <= MAX_BIGINT:
        message = f"{value} is no job's id: those are 1 to {MAX_BIGINT}"
        raise typer.BadParameter(message)
    return value


def job_ids(values: list[int]) -> list[int]:
    """Return ids that jobs may have; a callback, otherwise as ``job_id``."""
    return [job_id(value) for value in values]


def _checked(callback: Callable[[Any, Any, Any], Any] | None) -> Callable[[Any, Any, Any], Any]:
    def check(context: Any, param: Any, value: Any) -> Any:
        for word in [value] if isinstance(value, str) else value or ():
            if not _is_utf8(word):
                message = f"{word!r} is not UTF-8"
                raise typer.BadParameter(message, ctx=context, param=param)
        return callback(context, param, value) if callback is not None else value

    return check


def _is_utf8(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True
