"""Find a special by the word that anime releases put before or behind its number: ``SP01``, ``OVA - 02``, ``01 - OVA``."""

from __future__ import annotations

import re

from revenge.content.library.names.numbering import Numbering, follow_episodes
from revenge.content.library.names.release import Mark
from revenge.content.library.names.tokens import Name

_SURE = frozenset({"sp", "ova", "ovas", "oad", "oads", "ovd"})
_WORDS = _SURE | {"special", "specials"}
_WORD = "|".join(sorted(_WORDS))
_BEFORE = re.compile(rf"(?<!\w)({_WORD})([ .]?-?[ .]?)(?:ep?[ .]?)?([0-9]{{1,2}})(?:v[0-9])?(?!\w)(?!\.[0-9](?!\w))")
_BEHIND = re.compile(rf"(?<![\w.])([0-9]{{1,3}})(?:v[0-9])?[ .]?-?[ .]?(?:{_WORD})(?!\w)")
_ALONE = re.compile(r"(?<!\w)(?:ova|oad|ovd)(?!\w)(?: - (?=\w))?")
_SEPARATORS = " .-"


def find_special(name: Name, marks: list[Mark], *, in_series: bool) -> Numbering | None:
    """Give the special that a name says outright, as one of season 0; its title stands before the word.

    Args:
        in_series: whether the name is known to be an episode's: "Special 26" and "Ova" are films as well.
    """
    if name.letters.isdisjoint(_WORDS):
        return None
    if before := _before(name, in_series=in_series):
        return before
    if not in_series:
        return None
    after = name.begin + 1
    if (match := _BEHIND.search(name.flat, after)) and _is_last(name, marks, match.end()):
        return Numbering(0, (int(match[1]),), match.start(), match.end())
    if (match := _ALONE.search(name.flat, after)) and (match[0].endswith(" - ") or _is_last(name, marks, match.end())):
        return Numbering(0, (), match.start(), match.end())
    return None


def _before(name: Name, *, in_series: bool) -> Numbering | None:
    match = _BEFORE.search(name.flat, name.begin)
    if not match or not (in_series or match[1] in _SURE):
        return None
    # There is a series called "SP", and its episodes are "SP - 01".
    if match.start() == name.begin and ("-" in match[2] or not in_series):
        return None
    episodes, end = follow_episodes(name, int(match[3]), 0, match.end())
    return Numbering(0, episodes, match.start(), end)


def _is_last(name: Name, marks: list[Mark], position: int) -> bool:
    """Tell whether nothing but brackets and release words follows: "050 - Special Request" is a title."""
    behind = name.flat[position:].lstrip(_SEPARATORS)
    if not behind or behind[0] in "[(":
        return True
    index = name.first_word_from(position)
    return any(mark.first == index for mark in marks)
