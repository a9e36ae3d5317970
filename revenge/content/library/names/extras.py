"""Tell trailers, samples and other extras, and the parts of a stack, from the films they belong to."""

from __future__ import annotations

import re
from typing import NamedTuple

from revenge.content.library.names.tokens import Name
from revenge.content.library.names.vocabulary import listed

EXTRA_FOLDERS = listed(
    "extras, extra, trailers, trailer, samples, sample, featurettes, featurette, behind the scenes, behindthescenes, deleted scenes, "
    "deletedscenes, interviews, interview, scenes, shorts, clips, other, others, bonus, bonus features, bonusmaterial, bonus material, "
    "special features, specialfeatures, making of, theme-music, theme music, backdrops, proof, bloopers, outtakes"
)
_SUFFIX = re.compile(
    r"(?:-(?:trailer|sample|featurette|behindthescenes|behind the scenes|deleted|deletedscene|deleted scene|interview|scene|short|other|clip|extra|"
    r"teaser|blooper|outtake)s?|[. ](?:trailer|sample))[ .-]?[0-9]{0,3}$"
)
_WHOLE = re.compile(
    r"(?:(?:official )?(?:trailer|teaser)|sample|rarbg\.com|etrg|theme)[ .#-]{0,2}[0-9]{0,3}$|sample-(?=.)"
)
_CREDITLESS = re.compile(r"(?<!\w)nc(?:op|ed)[0-9]{0,2}[a-z]?(?:v[0-9])?(?!\w)")
_BRACKETED = re.compile(r"[(\[](?:trailer|sample|teaser|featurette|deleted scene|interview)s?[)\]]")

_STACK = re.compile(
    r"(?:[ ._-]{0,3}[(\[]?)(?<!\w)(?:(?P<disc>cd|disc|disk|dvd)[ ._-]?(?P<a>[0-9]{1,2}|[a-d])|(?:part|pt)(?P<glued>[0-9]{1,2})|"
    r"(?:part|pt)[ ._-](?P<spaced>[0-9]{1,2}))(?: ?of ?[0-9]{1,2})?[)\]]?(?=$|[ .]?[\[(])"
)
_STACK_WORDS = frozenset({"cd", "disc", "disk", "dvd", "part", "pt"})
_DISC_FOLDER = re.compile(r"(?:cd|disc|disk|dvd|part)[ ._-]?([0-9]{1,2})$")


class Part(NamedTuple):
    """A part of a stack: its number, and where a name says so."""

    number: int
    start: int
    end: int


def extra_suffix(name: Name) -> int | None:
    """Give the position of the words that make a file an extra, or ``None``."""
    if match := _WHOLE.match(name.flat, name.begin):
        return match.start()
    match = _SUFFIX.search(name.flat, max(0, len(name.flat) - 24))
    if match and match.start() > name.begin:
        return match.start()
    if not name.letters.isdisjoint({"ncop", "nced"}) and (creditless := _CREDITLESS.search(name.flat)):
        return creditless.start()
    bracketed = _BRACKETED.search(name.flat) if name.brackets else None
    return bracketed.start() if bracketed else None


def stack_part(name: Name, *, behind: int | None) -> Part | None:
    """Give the part of a stack that a name says it is.

    Args:
        behind: where the year or the release words start. "Part 1" with a space is a title unless it stands
            behind them ("Dune Part 1 (2021)", but "Dune (2021) Part 1").
    """
    if name.letters.isdisjoint(_STACK_WORDS):
        return None
    match = _STACK.search(name.flat)
    if not match or match.start() < name.begin:
        return None
    if match["spaced"]:
        if behind is None or match.start() < behind:
            return None
        return Part(int(match["spaced"]), *match.span())
    number = match["a"] or match["glued"]
    return Part(int(number) if number.isdecimal() else ord(number) - ord("a") + 1, *match.span())


def disc_folder(folder: str) -> int | None:
    """Give the number of a folder that holds one disc of a film, such as ``CD2``."""
    match = _DISC_FOLDER.match(folder.strip().lower())
    return int(match[1]) if match else None
