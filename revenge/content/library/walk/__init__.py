"""Walking the folders of a library: every library file once, in the order of paths, and what could not be read."""

from collections.abc import Callable

from revenge.content.library.walk.events import Disc, WalkError, WalkEvent, WalkFile, WalkFolder, WalkPicture, boundary
from revenge.content.library.walk.ignore import check_pattern
from revenge.content.library.walk.names import DISC_FOLDERS, NOT_PROBED, VIDEO_EXTENSIONS, extension
from revenge.content.library.walk.walker import Walker, WalkOptions

__all__ = [
    "DISC_FOLDERS",
    "NOT_PROBED",
    "VIDEO_EXTENSIONS",
    "Disc",
    "WalkError",
    "WalkEvent",
    "WalkFile",
    "WalkFolder",
    "WalkOptions",
    "WalkPicture",
    "Walker",
    "boundary",
    "check_pattern",
    "extension",
    "walk",
]


def walk(
    root: bytes,
    options: WalkOptions | None = None,
    *,
    start: bytes = b"",
    end: bytes = b"0",
    skip: bool = True,
    stopped: Callable[[], bool] = lambda: False,
) -> Walker:
    """Return an iterator over the library files below ``root``, sorted by their paths as bytes.

    Folders are announced before their contents. Extras, partial downloads, hidden and ignored names are left out and
    counted in the iterator's ``ignored``. What cannot be read is a ``WalkError``; what goes while it is walked is no
    error. Links are followed as ``options`` says.

    Args:
        root: an absolute path without a slash at its end.
        options: what the library says.
        start: nothing before this path is told, and no file before it is looked at: ``boundary`` of the last event of
            an earlier walk resumes it.
        end: nothing from this path on is told; the default is behind every absolute path.
        skip: leave out whole folders before ``start``. A walk that had followed links to folders by then must not,
            since it knows by them what was walked already.
        stopped: asked before each folder; True ends the walk.

    Raises:
        OSError: while iterating, the root itself cannot be listed.
    """
    return Walker(root, options or WalkOptions(), start=start, end=end, skip=skip, stopped=stopped)
