"""Which folders a scan walks, and whether they are really there."""

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from revenge.content.library.errors import PathOutsideLibrary, ScanFailed
from revenge.content.library.models import show_path
from revenge.content.library.walk import DISC_FOLDERS
from revenge.content.library.walk.events import signed


class Root(NamedTuple):
    """A folder of a library; fields in the order of ``root_list``."""

    id: UUID
    path: bytes
    device: int | None
    has_files: bool
    file_count: int


class Scope(NamedTuple):
    """A stretch of a root that is to be walked."""

    root: Root
    start: bytes
    end: bytes


class Standing(NamedTuple):
    """What a root is, to notice when something else is in its place."""

    device: int
    inode: int


def plan_scopes(roots: Sequence[Root], paths: Sequence[bytes], *, library: str) -> list[Scope]:
    """Return what to walk for ``paths``, in the order of the roots; all of them without any path.

    Raises:
        PathOutsideLibrary: a path is in none of the roots.
    """
    if not paths:
        return [_whole(root) for root in roots]
    wanted: dict[bytes, Root] = {}
    for path in paths:
        inside = os.path.normpath(path)
        root = next((root for root in roots if _holds(root, inside)), None)
        if root is None or not os.path.isabs(path):
            raise PathOutsideLibrary(path, library)
        wanted[_without_disc(inside, root.path)] = root
    scopes: list[Scope] = []
    for path in sorted(wanted):
        if scopes and path + b"/" < scopes[-1].end and path.startswith(scopes[-1].start):
            continue  # in the one before
        root = wanted[path]
        scopes.append(_whole(root) if path == root.path else Scope(root, path + b"/", path + b"0"))
    return sorted(scopes, key=lambda scope: (roots.index(scope.root), scope.start))


def check_paths(roots: Sequence[Root], paths: Sequence[bytes]) -> None:
    """Make sure that the folders somebody named are there: a walk of nothing would take their files for gone.

    Raises:
        ScanFailed: one does not exist, or is neither a folder nor a part of a disc.
    """
    for path in map(os.path.normpath, paths):
        try:
            is_folder = stat.S_ISDIR(os.stat(path).st_mode)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ScanFailed(f"{show_path(path)} does not exist") from error
        except OSError as error:
            raise ScanFailed(f"{show_path(path)} cannot be read: {(error.strerror or str(error)).lower()}") from error
        if not is_folder and not any(_without_disc(path, root.path) != path for root in roots if _holds(root, path)):
            raise ScanFailed(f"{show_path(path)} is not a folder")


def is_whole(scopes: Sequence[Scope], roots: Sequence[Root]) -> bool:
    """Whether ``scopes`` are all of the library."""
    return list(scopes) == [_whole(root) for root in roots]


def _holds(root: Root, path: bytes) -> bool:
    return path == root.path or path.startswith(root.path + b"/")


def _whole(root: Root) -> Scope:
    return Scope(root, root.path + b"/", root.path + b"0")


def _without_disc(path: bytes, root: bytes) -> bytes:
    """Return the folder that holds the disc, since a disc is walked as a whole; else ``path``."""
    names = path[len(root) :].split(b"/")
    for index, name in enumerate(names):
        if name.lower() in DISC_FOLDERS:
            return root + b"/".join(names[:index])
    return path


def look_at(root: bytes) -> Standing:
    """Return what stands at ``root``.

    Raises:
        ScanFailed: nothing that can be listed.
    """
    try:
        status = os.stat(root)
        with os.scandir(root) as listing:
            next(listing, None)
    except FileNotFoundError as error:
        raise ScanFailed(f"{show_path(root)} is missing; is its disk mounted?") from error
    except OSError as error:
        raise ScanFailed(f"{show_path(root)} cannot be read: {(error.strerror or str(error)).lower()}") from error
    return Standing(signed(status.st_dev), signed(status.st_ino))


def check_root(root: Root, sample: Sequence[bytes]) -> Standing:
    """Return what stands at a root that looks like the one of the last scan; ``sample`` are some files it held.

    Raises:
        ScanFailed: it is missing, unreadable, empty though it was not, or another disk without any file of the sample.
    """
    standing = look_at(root.path)
    if not root.has_files:
        return standing
    with os.scandir(root.path) as listing:
        is_empty = next(listing, None) is None
    if is_empty:
        raise ScanFailed(
            f"{show_path(root.path)} is empty, but held {root.file_count or 'some'} files at the last scan; is its disk "
            "mounted? If it is meant to be empty, put any file there"
        )
    if root.device is not None and root.device != standing.device and not any(map(os.path.lexists, sample)):
        raise ScanFailed(
            f"{show_path(root.path)} is on another device than at the last scan and none of its files is there; is its "
            "disk mounted?"
        )
    return standing


def check_unmoved(root: bytes, standing: Standing) -> None:
    """Make sure that a root is still the one that was looked at when the walk began.

    Raises:
        ScanFailed: it went away while it was walked, so that what the walk did not find may well be there.
    """
    if look_at(root) != standing:
        raise ScanFailed(f"{show_path(root)} was unmounted or replaced while it was walked")
