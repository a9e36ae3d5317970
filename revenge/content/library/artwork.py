"""What the name and place of a picture file say that it shows: Kodi's names and Jellyfin's. Pure."""

import os
import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from revenge.content.library.models import show_path
from revenge.content.library.names.folders import read_folder

ArtworkType = Literal["poster", "backdrop", "still", "logo"]

ENDS: Final = (b".jpg", b".jpeg", b".png", b".webp")
"""Lower case."""

_OF_FOLDER: Final[Mapping[bytes, tuple[ArtworkType, int]]] = {
    b"poster": ("poster", 1),
    b"movie": ("poster", 2),
    b"show": ("poster", 2),
    b"folder": ("poster", 3),
    b"cover": ("poster", 4),
    b"default": ("poster", 5),
    b"fanart": ("backdrop", 1),
    b"backdrop": ("backdrop", 2),
    b"background": ("backdrop", 3),
    b"art": ("backdrop", 4),
    b"clearlogo": ("logo", 1),
    b"logo": ("logo", 2),
}
"""Names that speak of all that is in a folder, and which of them is shown where there are several: the least."""
_OF_FILM: Final = (b"poster", b"fanart", b"backdrop", b"clearlogo", b"logo")
"""Those that may stand behind a film's file name and a dash, too. Such a name knows best what it is about: see ``_BEST``."""
_OF_EPISODE: Final = b"thumb"
_OF_SEASON: Final = re.compile(rb"season(?:([0-9]{1,4})|-(specials))-(poster|fanart)")
_TAILS: Final = tuple(b"-" + word for word in (*_OF_FILM, _OF_EPISODE))
_BEST, _LAST = 0, 9


class Artwork(NamedTuple):
    """What a picture file shows."""

    type: ArtworkType
    rank: int
    """Which of several of one type is shown: the least."""
    covers: bytes
    """How the paths of the videos begin that it shows: a folder with its slash, or a video without its extension."""
    season: int | None = None
    """It shows this season of the series that these videos are of."""


def is_artwork(name: bytes) -> bool:
    """Return whether a lower-case name is a picture's by itself; any other is one only beside a video of its name."""
    stem, dot, extension = name.rpartition(b".")
    if dot + extension not in ENDS:
        return False
    return stem in _OF_FOLDER or stem.endswith(_TAILS) or _OF_SEASON.fullmatch(stem) is not None


def read_artwork(path: bytes, root: bytes, *, is_show: bool) -> Artwork | None:
    """Return what the picture at ``path`` shows in a library of films or series; None: nothing that has pictures of its kind.

    The names of folders say which season a picture in them shows, those above ``root`` excepted.
    """
    folder, name = os.path.split(path)
    stem = name.rpartition(b".")[0]
    lower = stem.lower()
    inside = folder + b"/"
    if (named := _OF_FOLDER.get(lower)) is not None:
        season = _season_of(folder) if is_show and folder != root else None
        return Artwork(*named, covers=inside, season=season)
    if (match := _OF_SEASON.fullmatch(lower)) is not None:
        if not is_show:
            return None
        return Artwork(_OF_FOLDER[match[3]][0], _BEST, covers=inside, season=0 if match[2] else int(match[1]))
    before, dash, word = lower.rpartition(b"-")
    if dash and word == _OF_EPISODE:
        return Artwork("still", _BEST, covers=inside + stem[: len(before)] + b".") if is_show else None
    if dash and word in _OF_FILM:
        return None if is_show else Artwork(_OF_FOLDER[word][0], _BEST, covers=inside + stem[: len(before)] + b".")
    return Artwork("still" if is_show else "poster", _LAST, covers=inside + stem + b".")


def _season_of(folder: bytes) -> int | None:
    return read_folder(show_path(os.path.basename(folder))).season
