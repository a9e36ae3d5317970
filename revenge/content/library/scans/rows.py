"""Writes files and items in bulk: one statement for many rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from uuid_utils.compat import uuid7

from revenge.content.library.facts import FileFacts, is_probed
from revenge.content.library.grouping import Item, item_of
from revenge.content.library.models import show_path
from revenge.content.library.ports import Connection
from revenge.content.library.statements import statements
from revenge.content.library.walk import WalkError, WalkFile


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file to be written."""

    id: UUID
    file: WalkFile
    facts: FileFacts
    probe: bool
    is_new_content: bool


async def put_items(conn: Connection, library_id: UUID, rows: Sequence[FileRow]) -> dict[UUID, UUID]:
    """Make the items that are missing and return the item of each file that has one, by the file's id."""
    items: dict[str, Item] = {}
    keys: dict[UUID, str] = {}
    for row in rows:
        item = item_of(row.facts, row.file.path)
        if item is not None:
            keys[row.id] = items.setdefault(item.key, item).key
    if not items:
        return {}
    columns = zip(
        *(
            (
                *(uuid7(), item.kind, item.key, item.title, item.year, item.season),
                *(_array(item.episodes), _array(item.absolute), item.air_date),
                *(item.tmdb_id, item.imdb_id, item.tvdb_id),
            )
            for item in items.values()
        ),
        strict=True,
    )
    ids = await conn.fetch(statements()["item_put"], library_id, *map(list, columns))
    found = {row["key"]: row["id"] for row in ids}
    return {file_id: found[key] for file_id, key in keys.items()}


async def insert_files(
    conn: Connection, library_id: UUID, root_id: UUID, rows: Sequence[FileRow], items: dict[UUID, UUID]
) -> None:
    """Insert new files."""
    columns = _columns(rows, items)
    await conn.execute(statements()["file_insert_many"], library_id, root_id, *columns)


async def update_files(conn: Connection, root_id: UUID, rows: Sequence[FileRow], items: dict[UUID, UUID]) -> None:
    """Write files that are known anew."""
    columns = _columns(rows, items)
    fresh = [row.is_new_content for row in rows]
    await conn.execute(statements()["file_update_many"], root_id, *columns, fresh)


async def insert_errors(conn: Connection, scan_id: UUID, errors: Sequence[WalkError]) -> int:
    """Record what could not be read and return how much of it was not recorded yet."""
    columns = zip(
        *((uuid7(), error.path, show_path(error.path), error.reason[:2000].replace("\0", "")) for error in errors),
        strict=True,
    )
    return int(await conn.fetchval(statements()["scan_error_insert_many"], scan_id, *map(list, columns)))


def _columns(rows: Sequence[FileRow], items: dict[UUID, UUID]) -> list[list[Any]]:
    """Return the arrays of the columns, in the order of ``file_insert_many``."""
    return [list(column) for column in zip(*(_values(row, items.get(row.id)) for row in rows), strict=True)]


def _values(row: FileRow, item_id: UUID | None) -> tuple[Any, ...]:
    file, facts = row.file, row.facts
    return (
        *(
            row.id,
            file.path,
            show_path(file.path),
            file.disc,
            file.size,
            file.mtime_ns,
            file.inode,
            file.nfo_mtime_ns,
            item_id,
        ),
        *(facts.media, facts.title, facts.year, facts.season, _array(facts.episodes), _array(facts.absolute)),
        *(facts.air_date, facts.edition, facts.part, facts.tmdb_id, facts.imdb_id, facts.tvdb_id, facts.resolution),
        *(facts.source, facts.video_codec, facts.release_group, facts.episode_title),
        None if facts.nfo is None else orjson.dumps(facts.nfo).decode(),
        row.probe and is_probed(file),
    )


def _array(numbers: Sequence[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}" if numbers else "{}"
