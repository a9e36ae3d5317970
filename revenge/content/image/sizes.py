"""Which sizes pictures are shown in, and how they are made: pure."""

import re
from collections.abc import Mapping, Sequence

from revenge.content.metadata.models import ImageType

ORIGINAL = "original"

SIZES: Mapping[ImageType, Sequence[str]] = {
    ImageType.POSTER: ("w185", "w342", "w500", "w780", ORIGINAL),
    ImageType.BACKDROP: ("w300", "w780", "w1280", ORIGINAL),
    ImageType.PROFILE: ("w45", "w185", "h632", ORIGINAL),
    ImageType.STILL: ("w92", "w185", "w300", ORIGINAL),
    ImageType.LOGO: ("w185", "w342", "w500", ORIGINAL),
}
"""TMDb's names; the sizes that the Go server knows, and those of stills and logos."""

DEFAULT: Mapping[ImageType, str] = {
    ImageType.POSTER: "w342",
    ImageType.BACKDROP: "w780",
    ImageType.PROFILE: "w185",
    ImageType.STILL: "w300",
    ImageType.LOGO: "w342",
}

FETCHED: Mapping[ImageType, str] = {
    ImageType.POSTER: "w780",
    ImageType.BACKDROP: "w1280",
    ImageType.PROFILE: "h632",
    ImageType.STILL: ORIGINAL,
    ImageType.LOGO: "w500",
}
"""What is fetched once; smaller ones are made of it. The originals of ten thousand films would be a hundred gigabytes."""

_NAME = re.compile(r"([wh])(\d{1,5})")


def fetched_size(type: ImageType, size: str) -> str:
    """Return in which size to fetch what is to be shown in ``size``."""
    return ORIGINAL if size == ORIGINAL else FETCHED[type]


def scaled(width: int, height: int, size: str) -> tuple[int, int] | None:
    """Return the sides of a picture in ``size``; None where it is not larger than that, or is wanted as it is."""
    named = _NAME.fullmatch(size)
    if named is None:
        return None
    side = int(named[2])
    factor = side / (width if named[1] == "w" else height)
    if factor >= 1:
        return None
    return max(1, round(width * factor)), max(1, round(height * factor))
