"""Pictures beside videos while others change whom they show: one settles after the other, and sees what it did."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest

from revenge.content.image.beside import PicturesBeside

LIBRARY, POSTER, ONE, OTHER, ITEM = (UUID(int=n) for n in range(1, 6))


@pytest.fixture
async def shelf(pool: "asyncpg.Pool[asyncpg.Record]") -> "asyncpg.Pool[asyncpg.Record]":
    """A library with one file, which is the film ``ONE``; there is another film."""
    await pool.execute(
        f"""
        INSERT INTO revenge.library (id, name, type) VALUES ('{LIBRARY}', 'films', 'movie');
        INSERT INTO revenge.library_root (id, library_id, position, path, path_text)
        VALUES ('{LIBRARY}', '{LIBRARY}', 0, '/films', '/films');
        INSERT INTO revenge.entity (id, kind) VALUES ('{ONE}', 'movie'), ('{OTHER}', 'movie');
        INSERT INTO revenge.movie (id, title) VALUES ('{ONE}', 'One'), ('{OTHER}', 'Other');
        INSERT INTO revenge.library_item (id, library_id, kind, key, title, match_state, movie_id)
        VALUES ('{ITEM}', '{LIBRARY}', 'movie', 'one', 'One', 'matched', '{ONE}');
        INSERT INTO revenge.library_file (id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode)
        VALUES ('{uuid4()}', '{LIBRARY}', '{LIBRARY}', '{ITEM}', '/films/one/one.mkv', '/films/one/one.mkv', 1, 1, 1);
        """
    )
    return pool


PUT = f"""
INSERT INTO revenge.library_picture (id, library_id, root_id, path, folder, covers, type, rank, size_bytes, mtime_ns)
VALUES ('{POSTER}', '{LIBRARY}', '{LIBRARY}', '/films/one/poster.jpg', '/films/one', '/films/one/', 'poster', 1, 1, 1)
"""


async def choose(conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
    await conn.execute("UPDATE revenge.library_item SET movie_id = $1", OTHER)


async def settle_around(conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
    beside = PicturesBeside()
    await beside.settle(conn, await beside.near(conn, movies=[ONE, OTHER], series=[]))


async def settle_new(conn: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]") -> None:
    beside = PicturesBeside()
    await beside.lock(conn, [LIBRARY])
    await beside.settle(conn, [POSTER])


@pytest.mark.parametrize("scan_first", [True, False])
async def test_a_picture_that_is_new_while_its_video_becomes_another_film_is_that_film_s(
    shelf: "asyncpg.Pool[asyncpg.Record]", scan_first: bool
) -> None:
    async with shelf.acquire() as scan, shelf.acquire() as choice:
        scanning, choosing = scan.transaction(), choice.transaction()
        await scanning.start()
        await choosing.start()
        await scan.execute(PUT)
        await choose(choice)
        first, second = (scan, choice) if scan_first else (choice, scan)
        await (settle_new if scan_first else settle_around)(first)
        waiting = asyncio.create_task((settle_around if scan_first else settle_new)(second))
        await asyncio.wait({waiting}, timeout=0.2)
        assert not waiting.done()
        await (scanning if scan_first else choosing).commit()
        await waiting
        await (choosing if scan_first else scanning).commit()
    owners = [row["entity_id"] for row in await shelf.fetch("SELECT entity_id FROM revenge.image")]
    assert owners == [OTHER]


async def test_of_a_folder_with_many_films_only_a_film_s_own_pictures_are_near_it(
    shelf: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    await shelf.execute(
        f"""
        INSERT INTO revenge.library_picture (id, library_id, root_id, path, folder, covers, type, rank, size_bytes, mtime_ns)
        SELECT gen_random_uuid(), '{LIBRARY}', '{LIBRARY}', convert_to('/films/one/' || n || '-poster.jpg', 'UTF8'), '/films/one',
            convert_to('/films/one/' || n || '.', 'UTF8'), 'poster', 0, 1, 1
        FROM unnest(ARRAY['one', 'two', 'three']) AS n
        """
    )
    async with shelf.acquire() as conn, conn.transaction():
        near = await PicturesBeside().near(conn, movies=[ONE], series=[])
    paths = await shelf.fetch("SELECT path FROM revenge.library_picture WHERE id = ANY ($1)", list(near))
    assert [row["path"] for row in paths] == [b"/films/one/one-poster.jpg"]
