"""Write ``config/revenge.yaml``: every setting, its default, and a line on why."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import yaml
from pydantic import BaseModel

from revenge.app.durations import format_duration
from revenge.app.settings.keys import fields_of
from revenge.app.settings.model import Settings

_HEAD = """\
# Every setting with its default. Made from revenge/app/settings/model.py by `python -m revenge.app.settings`.
# Each can be set by a variable too: jobs.retry.max_attempts is REVENGE_JOBS__RETRY__MAX_ATTEMPTS, which comes first.
# Lists in variables are separated by commas. Secrets may be in a file: REVENGE_SERVER__API_KEY_FILE=/run/secrets/key.
"""


def render() -> str:
    """Return the file's text."""
    return "\n".join([_HEAD, *_section(Settings(), 0)]) + "\n"


def _section(section: BaseModel, depth: int) -> Iterator[str]:
    indent = "  " * depth
    reasons = _reasons(type(section))
    for name, (key, _) in zip(type(section).model_fields, fields_of(type(section)), strict=True):
        value = getattr(section, name)
        if isinstance(value, BaseModel):
            if depth == 0:
                yield ""
            yield f"{indent}{key}:  # {_why(reasons.get(name) or type(value).__doc__)}"
            yield from _section(value, depth + 1)
        elif isinstance(value, dict) and value:
            if depth == 0:
                yield ""
            yield f"{indent}# {_why(reasons.get(name))}"
            yield f"{indent}{key}:"
            for below, item in value.items():
                yield f"{indent}  {below}: {{{', '.join(f'{k}: {_plain(v)}' for k, v in item)}}}"
        else:
            yield f"{indent}# {_why(reasons.get(name))}"
            yield f"{indent}{key}: {_plain(value)}"


def _reasons(section: type[BaseModel]) -> Mapping[str, str]:
    """Return what stands under each field.

    Read here and not by pydantic's ``use_attribute_docstrings``: it parses every section's source whenever one is
    imported, a tenth of the time that a command takes to start.
    """
    found: dict[str, str] = {}
    for kind in reversed(section.__mro__[: section.__mro__.index(BaseModel)]):
        [body] = ast.parse(inspect.getsource(kind)).body
        assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class
        for field, below in pairwise(body.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = text
    return found


def _why(text: str | None) -> str:
    assert text, "every setting says why"  # noqa: S101 - a test renders all of them
    return " ".join(text.split())


def _plain(value: object) -> str:
    match value:
        case timedelta():
            return format_duration(value)
        case Path():
            return str(value)
        case tuple():
            return yaml.safe_dump(list(value), default_flow_style=True, width=10_000).strip()
        case _:
            return yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
