"""How the arguments of a row are read: by their class, with spans of time and bytes in Go's form, which is ours too."""

import base64
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from pydantic_core import SchemaValidator

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.errors import InvalidJob

_SCHEMAS = frozenset(
    {
        "schema",
        "items_schema",
        "keys_schema",
        "values_schema",
        "json_schema",
        "python_schema",
        "lax_schema",
        "strict_schema",
        "extras_schema",
        "extras_keys_schema",
        "arguments_schema",
        "var_args_schema",
        "var_kwargs_schema",
        "steps",
        "definitions",
    }
)
"""Where a node of pydantic's core schema holds others, or a list of them; defaults and the like may look the same."""
_NAMED_SCHEMAS = frozenset({"fields", "choices"})
"""Where it holds them in a list, or by names of the user's."""


@lru_cache(maxsize=256)
def row_reader(args_type: type[JobArgs]) -> Callable[[str], JobArgs]:
    """Return what makes ``args_type`` of a row's JSON: integers are nanoseconds for a timedelta, text is base64 for bytes.

    What a validator of the class has made a timedelta or bytes already stays as it is.

    Raises:
        pydantic.PydanticUserError: a type that the class names is not defined yet.
        InvalidJob: it, or a model in it, has such fields and an ``__init__`` of its own.
    """
    # What pydantic wraps: the wrapper takes as long again. Asking for it also completes a class that waits for a name.
    read: Callable[[str], JobArgs] = args_type.__pydantic_validator__.validate_json
    schema = args_type.__pydantic_core_schema__
    changed = _change(schema)
    if changed is schema:
        return read
    # Without what pydantic has built for classes inside: it would read them as people write them.
    return SchemaValidator(changed, _use_prebuilt=False).validate_json


def _change(node: Any) -> Any:
    """Return a core schema that reads Go's form; ``node`` itself where nothing in it differs."""
    match node:
        case list() | tuple():
            items = [_change(item) for item in node]
            same = all(item is before for item, before in zip(items, node, strict=True))
            return node if same else type(node)(items)
        case {"type": "timedelta"}:
            return _first(_span, node)
        case {"type": "bytes"}:
            return _first(_bytes, node)
        case dict():
            changed = {name: _change(node[name]) for name in _SCHEMAS & node.keys()}
            changed |= {name: _change_named(node[name]) for name in _NAMED_SCHEMAS & node.keys()}
            if all(changed[name] is node[name] for name in changed):
                return node
            _check_init(node)
            return node | changed
    return node


def _check_init(node: dict[str, Any]) -> None:
    # pydantic gives it the row's JSON, and what it calls then reads integers as seconds.
    if node.get("custom_init"):
        message = (
            f"{node['cls'].__name__} has an __init__ of its own, so that its timedelta and bytes can not be read from rows: "
            "write a validator or a class method instead"
        )
        raise InvalidJob(message)


def _change_named(nodes: Any) -> Any:
    if not isinstance(nodes, dict):
        return _change(nodes)
    changed = {name: _change(node) for name, node in nodes.items()}
    return nodes if all(changed[name] is nodes[name] for name in changed) else changed


def _first(function: Callable[[Any], Any], node: dict[str, Any]) -> dict[str, Any]:
    inner = {name: value for name, value in node.items() if name != "ref"}
    outer = {"ref": node["ref"]} if "ref" in node else {}
    return outer | {
        "type": "function-before",
        "function": {"type": "no-info", "function": function},
        "schema": inner,
    }


def _span(value: Any) -> Any:
    if type(value) is not int:
        return value
    # Towards zero, as Go's `Duration.Truncate`.
    microseconds = abs(value) // 1000
    try:
        return timedelta(microseconds=microseconds if value >= 0 else -microseconds)
    except OverflowError as error:
        raise ValueError(str(error)) from error


def _bytes(value: Any) -> Any:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value
