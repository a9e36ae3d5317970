"""Named SQL statements: one file per table, split at their ``-- name:`` lines, marks filled in once at start."""

import re
from collections.abc import Mapping
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+) :\w+$", re.MULTILINE)
_COLUMNS = re.compile(r"^-- columns: (\w+)\n((?:.+\n)+)", re.MULTILINE)
_COLUMN = re.compile(r"(/\* TEMPLATE: \w+ \*/)?(\w[\w:\[\]]*)")
_COMMENT = re.compile(r"^[ \t]*--.*\n", re.MULTILINE)
_SCHEMA = "/* TEMPLATE: schema */"
_TIME = re.compile(r"/\* TEMPLATE: (time|microseconds) \*/((?:\w+\.)?(\w+))")
_READABLE = (
    r"CASE WHEN {0} < '0001-01-01T00:00:00Z' THEN '0001-01-01T00:00:00Z'"
    r" WHEN {0} > '9999-12-31T23:59:59.999999Z' THEN '9999-12-31T23:59:59.999999Z' ELSE {0} END"
)
"""A column of times as Python can hold them: one row beyond would make the whole answer unreadable."""
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse(text: str) -> dict[str, str]:
    """Split ``text`` at its ``-- name:`` lines.

    Raises:
        ValueError: two statements share a name.
    """
    # re.split with one group gives [before, name, body, name, body, ...].
    parts = iter(_NAME.split(text)[1:])
    found: dict[str, str] = {}
    for name, body in zip(parts, parts, strict=True):
        if name in found:
            message = f"statement {name!r} is defined twice"
            raise ValueError(message)
        found[name] = body.strip()
    return found


def qualifier(schema: str | None) -> str:
    """Return what stands before a table's name: the quoted schema and a dot, or nothing for the search path.

    Raises:
        ValueError: the name is not one that River allows.
    """
    if not schema:
        return ""
    if not _IDENTIFIER.fullmatch(schema):
        message = f"schema must be letters, digits and underscores and not begin with a digit, got {schema!r}"
        raise ValueError(message)
    return f'"{schema}".'


def load(package: str, *, schema: str | None = None) -> dict[str, str]:
    """Return every statement of the ``.sql`` files of ``package`` by its name, without its comments, ready to run in ``schema``.

    Raises:
        ValueError: two statements share a name, or the schema's name is not allowed.
    """
    prefix = qualifier(schema)
    sources = [
        file.read_text(encoding="utf-8")
        for file in sorted(files(package).iterdir(), key=lambda entry: entry.name)
        if file.name.endswith(".sql")
    ]
    columns = dict(pair for source in sources for pair in _COLUMNS.findall(source))
    found: dict[str, str] = {}
    for source in sources:
        for name, text in parse(source).items():
            if name in found:
                message = f"statement {name!r} is defined in two files of {package}"
                raise ValueError(message)
            # Comments name placeholders, and a driver with parameters of another form (drivers.py) would take those for its own.
            code = _with_columns(_COMMENT.sub("", text), columns)
            found[name] = _TIME.sub(_readable, code.replace(_SCHEMA, prefix))
    return found


def _readable(mark: re.Match[str]) -> str:
    time = _READABLE.format(mark[2])
    return f"{time if mark[1] == 'time' else f'(extract(epoch FROM {time}) * 1000000)::bigint'} AS {mark[3]}"


def _with_columns(text: str, columns: Mapping[str, str]) -> str:
    """Put in the lists of columns whose marks are in ``text``, each column with the alias behind the mark."""
    for name, listed in columns.items():
        text = re.sub(
            rf"/\* TEMPLATE: {name} \*/((?:\w+\.)?)",
            lambda mark, listed=listed: _COLUMN.sub(rf"\g<1>{mark[1]}\g<2>", listed).strip(),  # type: ignore[misc]
            text,
        )
    return text
