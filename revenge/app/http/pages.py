"""Pages of lists by key."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from revenge.app.http.problems import unknown_cursor


@contextmanager
def cursor_checked(cursor: str | None) -> Iterator[None]:
    """Make a 404 of what a list says to a cursor that is none of its own."""
    try:
        yield
    except (ValueError, asyncpg.DataError) as error:
        if cursor is None:
            raise
        raise unknown_cursor() from error
