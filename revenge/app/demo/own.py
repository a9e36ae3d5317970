"""Whether there is something that the demo must keep its hands off."""

import os

from revenge.app.database import Database
from revenge.app.settings import Settings
from revenge.content.library.statements import statements


async def knows_other_libraries(settings: Settings) -> bool:
    """Return whether the database knows a library outside the demo's folder: what the demo plays would be told of its films.

    Raises:
        DatabaseError: the database does not come up, or lets nobody in.
    """
    if settings.database.url is None and not settings.postgres_dir.exists():
        return False
    database = Database(settings)
    await database.start()
    try:
        async with database.connection() as conn:
            if await conn.fetchval(statements()["root_table"]) is None:
                return False
            demo = os.fsencode(os.path.abspath(settings.demo_dir))  # noqa: ASYNC240 - a name, no file
            return bool(await conn.fetchval(statements()["root_elsewhere"], demo))
    finally:
        await database.stop()
