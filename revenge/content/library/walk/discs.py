"""Measures a copied disc, a folder of many files that is one film."""

import os
from collections.abc import Iterable
from typing import NamedTuple

from revenge.content.library.walk.events import Disc, signed, storable
from revenge.content.library.walk.names import DISC_STREAMS, LOOSE_DVD, extension


class Measure(NamedTuple):
    """What a disc amounts to."""

    size: int
    mtime_ns: int
    inode: int
    main: bytes


def measure_disc(folder: bytes) -> Measure | None:
    """Return the sum of all files in ``folder``, the newest time and the largest stream; None without any stream.

    Raises:
        OSError: something in it cannot be read, so that the sum would be wrong.
    """
    entries: list[os.DirEntry[bytes]] = []
    folders = [folder]
    while folders:
        with os.scandir(folders.pop()) as listing:
            for entry in listing:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    entries.append(entry)
    return measure_files(entries, os.stat(folder).st_ino)


def measure_files(entries: Iterable[os.DirEntry[bytes]], inode: int) -> Measure | None:
    """Return the measure of a disc whose files are ``entries``; ``inode`` stands for the disc."""
    size = mtime_ns = main_size = 0
    main = None
    for entry in entries:
        found = entry.stat()
        size += found.st_size
        mtime_ns = max(mtime_ns, found.st_mtime_ns)
        if extension(entry.name) in DISC_STREAMS and (main is None or (found.st_size, entry.path) > (main_size, main)):
            main, main_size = entry.path, found.st_size
    return None if main is None else Measure(size, storable(mtime_ns), signed(inode), main)


def find_main(path: bytes, disc: Disc) -> bytes | None:
    """Return the largest stream of a disc that was walked before, None when it is not there any more."""
    try:
        if disc is Disc.DVD and os.path.basename(path).lower() == LOOSE_DVD:
            with os.scandir(os.path.dirname(path)) as listing:
                measure = measure_files((entry for entry in listing if entry.is_file()), 0)
        else:
            measure = measure_disc(path)
    except OSError:
        return None
    return None if measure is None else measure.main
