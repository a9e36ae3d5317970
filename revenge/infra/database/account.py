"""Whom the embedded PostgreSQL runs as: us, or an unprivileged user when we are root."""

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from revenge.infra.database.errors import DataDirectoryRefused

_UNPRIVILEGED = "nobody"
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "TZDIR")


@dataclass(frozen=True, slots=True)
class Account:
    """The user that ``initdb`` and ``postgres`` run as; ``uid`` None is the user we are."""

    uid: int | None
    gid: int | None

    def popen_options(self, *, fds: Sequence[int] = ()) -> dict[str, Any]:
        """Return what ``subprocess`` needs to run a program as this user, with none of our groups, files or settings."""
        options: dict[str, Any] = {
            "cwd": "/",  # ours may be unreachable for the user
            "stdin": subprocess.DEVNULL,
            "env": {"LC_ALL": "C"} | {name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            "pass_fds": tuple(fds),
            "umask": 0o077,
        }
        if self.uid is not None:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def owns(self, path: Path) -> None:
        """Give ``path`` to this user."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid if self.gid is not None else -1)

    def reaches(self, path: Path) -> bool:
        """Tell whether this user can enter the directory ``path`` by its name."""
        if self.uid is None:
            return True
        command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(path)]
        return subprocess.run(command, capture_output=True, check=False, **self.popen_options()).returncode == 0  # noqa: S603 - fixed command


def choose_account(cluster: Path) -> Account:
    """Return who owns ``cluster``, or who shall own it when it does not exist yet.

    Raises:
        DataDirectoryRefused: we are not root and the cluster is another user's, or we are root and
            there is no unprivileged user to run as.
    """
    owner = cluster.stat().st_uid if cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise DataDirectoryRefused(
                f"{cluster} belongs to another user (uid {owner}, we are {os.geteuid()}): "
                "run as that user, or choose another directory with REVENGE_DATA_DIR"
            )
        return Account(None, None)
    if owner:
        return Account(owner, cluster.stat().st_gid)
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise DataDirectoryRefused(
            f"PostgreSQL refuses to run as root and this machine has no user {_UNPRIVILEGED!r}: "
            "run Revenge as a plain user, or set DATABASE_URL"
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def handle_of(directory_fd: int) -> Path:
    """Return a name for an open directory that works where its parents may not be entered.

    Linux resolves it without walking the path, so that a server that runs as ``nobody`` can live under a home
    directory of mode 0700. Each process that uses it must have inherited ``directory_fd``.

    Raises:
        DataDirectoryRefused: this machine has no such names.
    """
    handle = Path(f"/proc/self/fd/{directory_fd}")
    if sys.platform != "linux" or not handle.exists():
        raise DataDirectoryRefused(
            "PostgreSQL runs as an unprivileged user here, who cannot enter the data directory: run Revenge as a plain "
            "user, choose a directory that others may enter with REVENGE_DATA_DIR, or set DATABASE_URL"
        )
    return handle
