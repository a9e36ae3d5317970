"""What single entries of a folder say: the files beside a video, and why something could not be read."""

import os
import stat
from collections.abc import Iterable
from typing import Final

from revenge.content.library.artwork import ENDS, is_artwork
from revenge.content.library.walk.discs import Measure
from revenge.content.library.walk.events import Disc, WalkError, WalkFile, WalkPicture, storable
from revenge.content.library.walk.ignore import IgnoreRules

NOMEDIA: Final = b".nomedia"
IGNORE: Final = b".ignore"
NO_NFO: Final = (None, None)

_MAX_IGNORE_BYTES = 100_000
_SPECIAL = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISCHR, "a device"),
)

Entry = os.DirEntry[bytes]


def is_file(entry: Entry) -> bool:
    """Whether an entry is a file, or a link to one: a pipe must not be opened, since nobody may ever write to it."""
    try:
        return entry.is_file()
    except OSError:
        return False


def leads_to_folder(entry: Entry) -> bool:
    """Whether a link leads to a folder."""
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself


def nfo_of(name: bytes, beside: dict[bytes, Entry]) -> tuple[bytes, int] | tuple[None, None]:
    """Return path and time of the NFO file about the video ``name``, out of the entries beside it."""
    nfo = beside.get(name.rpartition(b".")[0].lower() + b".nfo") or beside.get(b"movie.nfo")
    return NO_NFO if nfo is None else _with_time(nfo)


def pictures_of(
    entries: Iterable[Entry], videos: Iterable[bytes], *, follow_links: bool
) -> list[WalkPicture | WalkError]:
    """Return the pictures among ``entries`` that have a picture's name, or that of one of ``videos`` beside them.

    One that cannot be looked at is an error: what is known of it must be left alone.
    """
    pictures = [(entry, name) for entry in entries if (name := entry.name.lower()).endswith(ENDS)]
    if not pictures:
        return []
    stems = {video.rpartition(b".")[0].lower() for video in videos}
    wanted = [entry for entry, name in pictures if is_artwork(name) or name.rpartition(b".")[0] in stems]
    return [
        picture
        for entry in wanted
        if (follow_links or not entry.is_symlink()) and (picture := _picture(entry)) is not None
    ]


def disc_file(path: bytes, disc: Disc, measure: Measure, nfo: Entry | None) -> WalkFile:
    """Return the event of a disc."""
    about = NO_NFO if nfo is None else _with_time(nfo)
    return WalkFile(path, measure.size, measure.mtime_ns, measure.inode, disc, measure.main, *about)


def read_rules(entry: Entry, *, at_root: bool) -> tuple[IgnoreRules, ...] | None:
    """Return the rules of a ``.ignore`` or ``.nomedia`` file; None: the folder is to be left alone.

    A root is walked all the same: somebody named it. What cannot be read ignores nothing.
    """
    if entry.name == NOMEDIA:
        return () if at_root else None
    try:
        with open(entry.path, "rb") as file:
            lines = file.read(_MAX_IGNORE_BYTES).splitlines()
    except OSError:
        return ()
    if not any(line.strip() for line in lines):
        return () if at_root else None
    rules = IgnoreRules(os.path.dirname(entry.path), lines)
    return (rules,) if rules else ()


def kind_of(mode: int) -> str:
    """Return what is there in place of a file."""
    return next((name for test, name in _SPECIAL if test(mode)), "a folder")


def reason_of(error: OSError) -> str:
    """Return the system's words for an error."""
    return (error.strerror or str(error)).lower()


def _picture(entry: Entry) -> WalkPicture | WalkError | None:
    try:
        status = entry.stat()
    except FileNotFoundError:
        return None  # it went, or leads nowhere
    except OSError as error:
        return WalkError(entry.path, reason_of(error))
    if not stat.S_ISREG(status.st_mode):
        return None
    return WalkPicture(entry.path, status.st_size, storable(status.st_mtime_ns))


def _with_time(nfo: Entry) -> tuple[bytes, int] | tuple[None, None]:
    try:
        return nfo.path, storable(os.stat(nfo.path).st_mtime_ns)
    except OSError:
        return NO_NFO  # it went; the video is there all the same
