"""``revenge parse``: what file names say."""

import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from revenge.app.cli.shell import EVERYWHERE, shell_of, visible

_FIELDS = (
    "media",
    "title",
    "year",
    "season",
    "episodes",
    "absolute",
    "air_date",
    "edition",
    "part",
    "tmdb_id",
    "imdb_id",
    "tvdb_id",
    "resolution",
    "source",
    "video_codec",
    "release_group",
    "episode_title",
)
_SHOWN = ("title", "year", "season", "episodes", "absolute", "air_date", "edition", "part", "resolution", "source")
_NO_PATHS = "give paths, or - to read them from stdin"
_BLOCK = 1 << 16
_read_fields = attrgetter(*_FIELDS)


class Media(StrEnum):
    """What the user says the files are."""

    MOVIE = "movie"
    EPISODE = "episode"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("parse", epilog=EVERYWHERE)(parse)


def parse(
    context: typer.Context,
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH...]", help="Paths; - reads them from stdin.")
    ] = None,
    type: Annotated[Media | None, typer.Option("--type", help="What the files are, where you know it.")] = None,
    nul: Annotated[bool, typer.Option("-0", help="Paths on stdin end with NUL instead of a line feed.")] = False,
) -> None:
    """Show what each path says: a line of JSON each, or readable lines on a terminal."""
    from revenge.content.library.names import MediaType, read_name

    shell = shell_of(context)
    media = None if type is None else MediaType(type.value)
    wanted = paths or (["-"] if nul or not sys.stdin.isatty() else [])
    if not wanted:
        raise typer.BadParameter(_NO_PATHS)
    readable = sys.stdout.isatty() and not shell.json
    show = _as_text if readable else _as_json
    out = sys.stdout.buffer
    is_any = bool(paths) or nul
    for batch in _batches(wanted, b"\0" if nul else b"\n"):
        is_any = True
        out.write(b"".join(show(path, read_name(path, media=media)) for path in batch))
        out.flush()
    if not is_any:
        # Nobody asked for stdin, and nothing came: more likely the paths were forgotten than that there are none.
        raise typer.BadParameter(_NO_PATHS)


def _batches(wanted: list[str], end: bytes) -> Iterator[list[bytes]]:
    for word in wanted:
        if word == "-":
            yield from split(sys.stdin.buffer, end)
        else:
            yield [os.fsencode(word)]


def split(stream: BinaryIO, end: bytes) -> Iterator[list[bytes]]:
    """Yield what ``end`` ends in ``stream`` as it comes, and what is left after the last one, without empty ones."""
    rest = b""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while block := read(_BLOCK):
        *whole, rest = (rest + block).split(end)
        yield [path for path in whole if path]
    if rest:
        yield [rest]


def _as_json(path: bytes, name: Any) -> bytes:
    try:
        shown: dict[str, object] = {"path": path.decode()}
    except UnicodeDecodeError:
        # Rare, and it brings the engine with it: parse starts fast without.
        from revenge.app.presentation import path_to_json

        shown = path_to_json(path)
    # An empty list is a fact that the name does not state, as null is.
    shown.update(zip(_FIELDS, (value if value != () else None for value in _read_fields(name)), strict=True))
    return orjson.dumps(shown, option=orjson.OPT_APPEND_NEWLINE)


def _as_text(path: bytes, name: Any) -> bytes:
    facts = ((field, getattr(name, field)) for field in _SHOWN)
    told = "  ".join(f"{field}={_plain(value)}" for field, value in facts if value is not None and value != ())
    return f"{visible(path.decode(errors='replace'))}\n  {name.media}  {visible(told)}\n".encode()


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
