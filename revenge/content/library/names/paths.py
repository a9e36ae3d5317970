"""Turn a path, in whatever bytes, into the names of its folders and of its file."""

from __future__ import annotations

import re
from typing import NamedTuple

from revenge.content.library.names.vocabulary import listed

MAX_PATH = 4096
"""Characters of a path that are read, from its end."""

MAX_FOLDERS = 5
"""Folders above the file that are looked at: more would be the library's own place."""

# A slash between spaces parts two titles of one film, " / "; no folder's name ends with a space.
_SEPARATOR = re.compile(r"(?<! )/|/(?! )")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LATIN = re.compile(r"[A-Za-z]{2}")
_EXTENSIONS = listed(
    "mkv, mp4, avi, m4v, mov, wmv, flv, webm, mpg, mpeg, mpe, m2v, 3gp, 3g2, ts, m2ts, mts, vob, ogv, ogm, divx, rm, rmvb, asf, iso, img, strm, wtv, dvr-ms, "
    "f4v, mk3d, evo, bik, tp, trp, mxf, nuv, dv, srt, ass, ssa, sub, idx, sup, vtt, smi, nfo, jpg, jpeg, png, nzb, torrent, part, !qb, par2, rar, zip, 7z"
)


class SplitPath(NamedTuple):
    """A path in pieces; ``folders`` from the nearest to the file upwards."""

    stem: str
    folders: tuple[str, ...]


def split_path(path: str | bytes) -> SplitPath:
    """Give the file's name without its extension, and the folders above it."""
    text = _as_text(path).replace("\\", "/")[-MAX_PATH:]
    names = [name for name in _SEPARATOR.split(text) if name.strip()]
    if not names:
        return SplitPath("", ())
    return SplitPath(latin_alternative(_without_extension(names[-1].strip())), tuple(names[-2 : -2 - MAX_FOLDERS : -1]))


def _as_text(path: str | bytes) -> str:
    if isinstance(path, str):
        if not _SURROGATE.search(path):
            return path
        path = path.encode("utf-8", "surrogateescape" if not _LONE.search(path) else "replace")
    try:
        return path.decode()
    except UnicodeDecodeError:
        return "/".join(_guess(name) for name in path.split(b"/"))


_LONE = re.compile(r"[\ud800-\udc7f\udd00-\udfff]")


def _guess(name: bytes) -> str:
    """Read one name: names that are not UTF-8 were mostly written by western Windows systems."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name.decode("cp1252", "replace")


def _without_extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return stem if dot and stem.strip(" .") and extension.lower() in _EXTENSIONS else name


def latin_alternative(text: str) -> str:
    """Of ``Название / Title (S2E1)`` keep what begins with the first title in Latin letters."""
    rest = text
    while " / " in rest:
        if _LATIN.search(rest.partition(" / ")[0]):
            return rest
        rest = rest.partition(" / ")[2]
    return rest if _LATIN.search(rest) else text
