"""The demo keeps what it plays away from people's own libraries."""

import os
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from revenge.app.demo.own import knows_other_libraries
from revenge.app.settings import Settings
from revenge.app.settings.model import Database

LIBRARY = "INSERT INTO revenge.library (id, name, type) VALUES (gen_random_uuid(), $1, 'movie') RETURNING id"
ROOT = (
    "INSERT INTO revenge.library_root (id, library_id, position, path, path_text)"
    " VALUES (gen_random_uuid(), $1, 0, $2, '')"
)


def settings_of(database: str | None, folder: Path) -> Settings:
    return Settings(data_dir=folder, database=Database(url=None if database is None else SecretStr(database)))


async def add(pool: asyncpg.Pool, name: str, path: Path) -> None:
    await pool.execute(ROOT, await pool.fetchval(LIBRARY, name), os.fsencode(path))


async def test_the_demos_own_library_is_no_other(pool: asyncpg.Pool, database: str, tmp_path: Path) -> None:
    settings = settings_of(database, tmp_path)
    assert not await knows_other_libraries(settings)
    await add(pool, "Demo", settings.demo_dir)
    assert not await knows_other_libraries(settings)


async def test_a_library_of_ones_own_is_kept_from_it(pool: asyncpg.Pool, database: str, tmp_path: Path) -> None:
    settings = settings_of(database, tmp_path)
    await add(pool, "Demo", settings.demo_dir)
    await add(pool, "Films", tmp_path / "films")
    assert await knows_other_libraries(settings)


@pytest.mark.parametrize("is_made", [True, False])
async def test_a_database_without_tables_knows_none(empty_database: str, tmp_path: Path, is_made: bool) -> None:
    # Without a URL it is one of our own, which nobody has started yet and which is not made for this.
    assert not await knows_other_libraries(settings_of(empty_database if is_made else None, tmp_path))
    assert os.listdir(tmp_path) == []
