"""How the arguments of a row are read: by their class, with spans of time and bytes in Go's form, which is ours too."""

import base64
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import Any

from pydantic import EncodedBytes
from pydantic_core import CoreConfig, SchemaValidator

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.core_schemas import change_schema
from revenge.infra.jobs.errors import InvalidJob


@lru_cache(maxsize=256)
def row_reader(args_type: type[JobArgs]) -> Callable[[str], JobArgs]:
    """Return what makes ``args_type`` of a row's JSON: integers are nanoseconds for a timedelta, text is base64 for bytes.

    What a validator of the class has made a timedelta or bytes already stays as it is, and what it writes by a serializer
    of its own is read by its own validators. A union of bytes and text reads text, one of spans and numbers a number.

    Raises:
        pydantic.PydanticUserError: a type that the class names is not defined yet.
        InvalidJob: it, or a model in it, has such fields and an ``__init__`` of its own.
    """
    # What pydantic wraps: the wrapper takes as long again. Asking for it also completes a class that waits for a name.
    read: Callable[[str], JobArgs] = args_type.__pydantic_validator__.validate_json
    schema = args_type.__pydantic_core_schema__
    changed = change_schema(schema, _in_gos_form, stays=_writes_itself)
    if changed is schema:
        return read
    config = CoreConfig(hide_input_in_errors=args_type.model_config.get("hide_input_in_errors", False))
    # Without what pydantic has built for classes inside: it would read them as people write them.
    return SchemaValidator(changed, config, _use_prebuilt=False).validate_json


def _writes_itself(node: dict[str, Any]) -> bool:
    match node.get("serialization"):
        case {"type": "function-plain", "function": function}:
            # pydantic's Base64Bytes and the like make bytes of bytes, which are written in Go's form.
            return not isinstance(getattr(function, "__self__", None), EncodedBytes)
    return False


def _in_gos_form(node: dict[str, Any], differs: bool) -> dict[str, Any]:
    match node:
        case {"type": "timedelta"}:
            return _first(_span, node)
        case {"type": "bytes"}:
            return _first(_bytes, node)
        case {"type": "union"} if differs:
            return node | {"choices": _told_apart(node["choices"])}
        case {"type": "model", "custom_init": True} if differs:
            # pydantic gives it the row's JSON, and what it calls then reads integers as seconds.
            message = (
                f"{node['cls'].__name__} has an __init__ of its own, so that its timedelta and bytes can not be read "
                "from rows: write a validator or a class method instead"
            )
            raise InvalidJob(message)
    return node


def _told_apart(choices: list[Any]) -> list[Any]:
    """Let a choice of text or of a number have what would be bytes or a span as well: JSON does not say which it was."""
    schemas = [choice[0] if isinstance(choice, tuple) else choice for choice in choices]
    kinds = {schema["type"] for schema in schemas}
    told = []
    for choice, schema in zip(choices, schemas, strict=True):
        function = schema["function"]["function"] if schema["type"] == "function-before" else None
        if function is _span and kinds & {"int", "float"}:
            # As pydantic reads it, so that text is a span still.
            told.append((schema["schema"], choice[1]) if isinstance(choice, tuple) else schema["schema"])
        elif function is not _bytes or "str" not in kinds:
            told.append(choice)
    return told


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
