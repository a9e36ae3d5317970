"""What the model says about a key: which keys exist, and which hold secrets."""

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

Key = tuple[str, ...]


def fields_of(section: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the fields of a section by their names in the file."""
    for name, field in section.model_fields.items():
        yield field.alias or name, field


def section_of(field: FieldInfo) -> type[BaseModel] | None:
    """Return the section that ``field`` is, or that each value of the map that it is, is; None for a plain setting."""
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def is_map(field: FieldInfo) -> bool:
    """Tell whether the keys below ``field`` are chosen by the user."""
    return getattr(field.annotation, "__origin__", None) is dict


def find(section: type[BaseModel], key: Key) -> FieldInfo | None:
    """Return the field at ``key``, None where there is none."""
    field = dict(fields_of(section)).get(key[0]) if key else None
    if field is None or len(key) == 1:
        return field
    rest = key[2:] if is_map(field) else key[1:]
    below = section_of(field)
    return find(below, rest) if below else None


def is_secret(section: type[BaseModel], key: Key) -> bool:
    """Tell whether what is at ``key`` must not be shown."""
    field = find(section, key)
    return field is not None and SecretStr in (field.annotation, *get_args(field.annotation))


def children(section: type[BaseModel], key: Key) -> list[str]:
    """Return the keys allowed directly below ``key``; none where the user chooses them."""
    if not key:
        return [name for name, _ in fields_of(section)]
    field = find(section, key)
    below = section_of(field) if field else None
    if below is None and len(key) > 1 and (parent := find(section, key[:-1])) is not None and is_map(parent):
        below = section_of(parent)
    elif field is not None and is_map(field):
        return []
    return [name for name, _ in fields_of(below)] if below else []
