"""Changes gathered until it is quiet, and the folders that a scan of them has to walk. Decisions only, but for `stat`."""

import os
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from revenge.content.library.walk.names import SYSTEM_FOLDERS, is_hidden

MOST_FOLDERS = 50
"""More than so many are scanned as the whole folder of the library: that is one walk instead of many."""
_UNFINISHED = (b".part", b".partial", b".crdownload", b".!qb", b".!ut", b".tmp", b".aria2", b"~")
"""Ends of names that a download has until it is complete; that it is renamed then is a change of its own."""


class Changes:
    """What has changed since the last scan was asked for."""

    def __init__(self, *, quiet: timedelta, longest: timedelta) -> None:
        """``quiet``: how long nothing changes before a scan; ``longest``: a download must not put it off for ever."""
        self._quiet_s = quiet.total_seconds()
        self._longest_s = longest.total_seconds()
        self._paths: set[bytes] = set()
        self._first_s = self._last_s = 0.0

    def add(self, paths: Iterable[bytes], *, now_s: float) -> None:
        """Remember what changed; what no scan looks at is left out."""
        wanted = {path for path in paths if not is_ignored(path)}
        if not wanted:
            return
        if not self._paths:
            self._first_s = now_s
        self._last_s = now_s
        self._paths |= wanted

    def is_due(self, now_s: float) -> bool:
        """Return whether it is time to scan."""
        if not self._paths:
            return False
        return now_s - self._last_s >= self._quiet_s or now_s - self._first_s >= self._longest_s

    def take(self) -> set[bytes]:
        """Return what changed, and forget it."""
        taken, self._paths = self._paths, set()
        return taken

    def give_back(self, paths: Collection[bytes], *, now_s: float) -> None:
        """Remember again what could not be scanned, as if it had just changed."""
        self.add(paths, now_s=now_s)

    def __bool__(self) -> bool:
        return bool(self._paths)


def is_ignored(path: bytes) -> bool:
    """Return whether no scan would look at ``path`` by its name."""
    name = os.path.basename(path)
    return is_hidden(name) or name.lower() in SYSTEM_FOLDERS or name.lower().endswith(_UNFINISHED)


def folders_to_scan(paths: Iterable[bytes], roots: Sequence[bytes]) -> list[bytes]:
    """Return the folders that hold everything that changed: those that are there, none within another; blocks on the disk.

    A file stands for its folder, what is gone for the nearest folder above it that is there. Nothing is returned for a
    root that is gone itself: its disk may come back.
    """
    folders: set[bytes] = set()
    for path in paths:
        root = next((root for root in roots if _is_in(path, root)), None)
        if root is None:
            continue
        folder = path
        while folder != root and not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        if os.path.isdir(folder):
            folders.add(folder)
    if len(folders) > MOST_FOLDERS:
        folders = {next(root for root in roots if _is_in(folder, root)) for folder in folders}
    return _outermost(folders)


def _outermost(folders: Iterable[bytes]) -> list[bytes]:
    kept: list[bytes] = []
    # With its slash, so that what is in a folder comes right behind it: 'Dark 2' sorts before 'Dark/1'.
    for folder in sorted(folders, key=lambda folder: folder + b"/"):
        if not kept or not _is_in(folder, kept[-1]):
            kept.append(folder)
    return kept


def _is_in(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder + b"/")
