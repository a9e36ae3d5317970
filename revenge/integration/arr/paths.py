"""Where we see what Radarr and Sonarr see elsewhere: containers and machines mount one disk in different places."""

import os
import posixpath
import re
from collections.abc import Mapping

_DRIVE = re.compile(r"^[A-Za-z]:[\\/]")


class PathMapper:
    """Turns their paths into ours; the longest folder that fits wins."""

    def __init__(self, mappings: Mapping[str, str] | None = None) -> None:
        """``mappings``: their folder to ours. A path in none of them is taken to be the same here."""
        pairs = [(_plain(theirs), _is_windows(theirs), ours) for theirs, ours in (mappings or {}).items()]
        self._mappings = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)

    def ours(self, theirs: str | None) -> bytes | None:
        """Return where we see ``theirs``; None when that cannot be told, as with an unmapped path of Windows."""
        if not theirs or "\0" in theirs:
            return None
        windows = _is_windows(theirs)
        plain = _plain(theirs)
        for folder, folder_is_windows, target in self._mappings:
            if folder_is_windows == windows and (rest := _below(folder, plain, fold=windows)) is not None:
                return os.fsencode(posixpath.normpath(f"{target.rstrip('/')}/{rest}"))
        if windows or not plain.startswith("/"):
            return None
        return os.fsencode(posixpath.normpath("/" + plain.lstrip("/")))


def folder_of(path: bytes) -> bytes:
    """Return the folder that a file lies in."""
    return os.path.dirname(path)


def _is_windows(path: str) -> bool:
    return bool(_DRIVE.match(path)) or path.startswith("\\\\")


def _plain(path: str) -> str:
    """Return ``path`` with our slashes and none at its end; ``..`` is resolved, so that none leads out of a folder."""
    slashed = path.replace("\\", "/") if _is_windows(path) else path
    leading = "//" if _is_windows(path) and slashed.startswith("//") else ""
    return leading + posixpath.normpath(slashed).lstrip("/") if leading else posixpath.normpath(slashed)


def _below(folder: str, path: str, *, fold: bool) -> str | None:
    """Return what of ``path`` is below ``folder``, empty for the folder itself; None when it lies elsewhere."""
    one, other = (folder.lower(), path.lower()) if fold else (folder, path)
    if one == other:
        return ""
    prefix = one.rstrip("/") + "/"
    return path[len(prefix) :] if other.startswith(prefix) else None
