"""What a name alone decides: video files, partial downloads, extras, folders of the system."""

from revenge.content.library.walk.events import Disc

VIDEO_EXTENSIONS = frozenset(
    b"3g2 3gp asf avi divx dvr-ms f4v flv iso m2t m2ts m2v m4v mk3d mkv mov mp4 mpe mpeg mpg mts mxf ogm ogv rm rmvb strm"
    b" tp ts vob webm wmv wtv xvid".split()
)
"""Lower case, without the dot."""

COMMON_ENDS = frozenset((b".mkv", b".mp4", b".avi", b".m4v", b".mov"))
"""What most names end with, to be tried first."""

NOT_PROBED = frozenset((b"iso", b"strm"))
"""An image of a disc, which needs more than a demuxer, and a text file with an address, which may lead anywhere."""

DISC_FOLDERS = {b"bdmv": Disc.BLURAY, b"video_ts": Disc.DVD}
"""Lower case."""
DISC_STREAMS = frozenset((b"m2ts", b"mts", b"ssif", b"vob"))
DVD_EXTENSIONS = frozenset((b"ifo", b"bup", b"vob"))
LOOSE_DVD = b"video_ts.ifo"
"""A DVD whose files lie in the film's own folder."""

SYSTEM_FOLDERS = frozenset(
    (
        *(b"@eadir", b"@recycle", b"@tmp", b"@sharebin", b"#recycle", b"#snapshot", b"~snapshot"),
        *(b"$recycle.bin", b"recycler", b"recycled", b"system volume information", b"lost+found", b"found.000"),
        *(b"__macosx", b"network trash folder", b"temporary items", b"lost.dir"),
    )
)
"""Lower case; skipped in any library."""
_TRASH = (b".trash", b".recycle", b"._", b".ds_store", b".appledouble", b".fuse_hidden", b".nfs0")
"""Beginnings that are skipped even where hidden names are wanted."""

EXTRA_FOLDERS = frozenset(
    (
        *(b"behind the scenes", b"behindthescenes", b"deleted scenes", b"deleted", b"featurettes", b"featurette"),
        *(b"trailers", b"trailer", b"samples", b"sample", b"proof", b"screens", b"backdrops", b"theme-music"),
        b"bonus features",
    )
)
"""Lower case; in any folder but a root these hold no films."""
EXTRA_FOLDERS_OF_A_FILM = frozenset(
    (b"extras", b"extra", b"bonus", b"clips", b"interviews", b"other", b"others", b"scenes", b"shorts", b"subs")
)
"""Lower case; only beside a video file, since people also sort films into folders of these names."""

FOLDERS_WITH_A_MEANING = SYSTEM_FOLDERS | EXTRA_FOLDERS | EXTRA_FOLDERS_OF_A_FILM | DISC_FOLDERS.keys()
"""Lower case; any other folder is walked unless it begins with a dot or a pattern speaks of it."""

_EXTRA_STEMS = frozenset((b"trailer", b"sample"))
_EXTRA_ENDS = tuple(
    separator + word
    for separator in (b"-", b".", b"_")
    for word in (b"trailer", b"sample", b"featurette", b"behindthescenes", b"deletedscene", b"deleted", b"interview")
)
EXTRA_BEGINNINGS = frozenset(
    form for word in (b"sample", b"traile") for form in (word, word.upper(), word.capitalize())
)
EXTRA_LAST_LETTERS = frozenset(end[-1:] for word in _EXTRA_ENDS for end in (word, word.upper()))
PLAIN_ENDS = frozenset(
    bytes((letter,)) + end for end in COMMON_ENDS for letter in range(256) if bytes((letter,)) not in EXTRA_LAST_LETTERS
)
"""Ends of names that are videos and, but for the beginnings above, no extras: no extra's word ends with such a letter."""
_EXTRA_BEGINNINGS = (b"sample-", b"sample.", b"sample_", b"trailer-")


def is_extra(stem: bytes) -> bool:
    """Whether a file is a sample, a trailer or another extra by a word at the end (or beginning) of its name.

    Only what cannot be a title's word is decided here; the reader of names sees the rest. Size never decides: a small
    file may be a short film.
    """
    lower = stem.lower()
    return lower.endswith(_EXTRA_ENDS) or lower in _EXTRA_STEMS or lower.startswith(_EXTRA_BEGINNINGS)


def is_hidden(name: bytes) -> bool:
    """Whether a name is hidden: a dot first. A title may begin with an ellipsis, so that two dots hide nothing."""
    return name.startswith(b".") and not name.startswith(b"..")


def is_system(name: bytes) -> bool:
    """Whether a folder belongs to a system, a NAS or a waste bin, whatever the settings say."""
    lower = name.lower()
    return lower in SYSTEM_FOLDERS or lower.startswith(_TRASH)


def extension(name: bytes) -> bytes:
    """Return what follows the last dot in lower case, empty without one."""
    dot = name.rfind(b".")
    return name[dot + 1 :].lower() if dot > 0 else b""
