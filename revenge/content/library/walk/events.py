"""What a walk tells: folders entered, library files, pictures beside them, and what could not be read."""

from enum import StrEnum
from typing import NamedTuple


class Disc(StrEnum):
    """A copied disc, which is many files and one film."""

    BLURAY = "bluray"
    DVD = "dvd"


class WalkFile(NamedTuple):
    """A library file; for a disc the folder that is the disc, with the sum of its sizes and its newest time."""

    path: bytes
    size: int
    mtime_ns: int
    inode: int
    """As a signed 64-bit number."""
    disc: Disc | None = None
    main: bytes | None = None
    """A disc's largest stream: the file to probe."""
    nfo: bytes | None = None
    """The NFO file that is about this file."""
    nfo_mtime_ns: int | None = None


class WalkPicture(NamedTuple):
    """A picture that is about the videos beside it, or in the folders below."""

    path: bytes
    size: int
    mtime_ns: int


class WalkError(NamedTuple):
    """Something that may hold library files and could not be read; what is known of it must be left alone."""

    path: bytes
    reason: str
    subtree: bool = False
    """A folder, so that the error is about everything in it."""


class WalkFolder(NamedTuple):
    """A folder whose contents come next."""

    path: bytes


WalkEvent = WalkFile | WalkPicture | WalkError | WalkFolder


def boundary(event: WalkEvent) -> bytes:
    """Return the path before which nothing more will come: where a walk is resumed after ``event``.

    A walk is sorted by paths as bytes. ``\\0`` is the least byte a path may be followed by, ``0`` the one after ``/``.
    """
    if type(event) is WalkFolder:
        return event.path + b"/"
    if type(event) is WalkError and event.subtree:
        return event.path + b"0"
    return event.path + b"\0"


def signed(inode: int) -> int:
    """Return an inode's number, which has 64 bits without a sign, as PostgreSQL can keep it."""
    return inode - (1 << 64) if inode >> 63 else inode


def storable(time_ns: int) -> int:
    """Return a file's time as PostgreSQL can keep it: one before 1677 or after 2262 becomes the nearest that fits."""
    return min(max(time_ns, -(1 << 63)), (1 << 63) - 1)
