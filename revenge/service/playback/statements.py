"""The package's named SQL, in the application's schema."""

from collections.abc import Mapping
from functools import cache

from revenge.infra.jobs.sql import load

SCHEMA = "revenge"


@cache
def statements() -> Mapping[str, str]:
    """Return every statement of ``sql/`` by its name."""
    return load("revenge.service.playback.sql", schema=SCHEMA)
