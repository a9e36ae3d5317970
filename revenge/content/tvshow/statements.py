"""The package's named SQL, in the application's schema."""

from collections.abc import Mapping
from functools import cache

from revenge.content.library.statements import SCHEMA
from revenge.infra.jobs.sql import load


@cache
def statements() -> Mapping[str, str]:
    """Return every statement of ``sql/`` by its name."""
    return load("revenge.content.tvshow.sql", schema=SCHEMA)
