"""Cut a name into words, once, so that every recogniser looks at the same ones."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from itertools import pairwise

MAX_NAME = 400
"""Characters of one name that are read. File systems end at 255 bytes; pasted release titles are longer."""

_WORD = re.compile(r"[^\W_]+(?:['’`´][^\W_]+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
_BRACKET = re.compile(r"[\[\](){}【】「」（）]")
_CLOSER = {"[": "]", "(": ")", "{": "}", "【": "】", "「": "」", "（": "）"}
_LEADING = re.compile(
    r"(?:\[ ?)?www[ .][\w-]{1,40}[ .][a-z]{2,5}\b(?: ?\])?[ -]{0,5}|[\w-]{2,40}\.(?:com|org|net|info|tv|to|me|cc)(?: - |\]|-(?=[a-z]))"
)
_YEAR_NEXT = re.compile(r"(?:(?<=\])[0-9⁰¹²³⁴-⁹]{1,2} ?)?[(\[](?:19|20)[0-9]{2}[)\]]")
_SQUARE = "[【「"
_FILLER = " ._-–—~"


class Name:
    """One component of a path, without its extension.

    ``text`` is as written; ``flat`` is the same in lower case with underscores as spaces, so that positions in
    one are positions in the other. ``words`` are the runs of letters and digits of ``flat``, ``numbers`` those of digits
    alone, ``letters`` the runs of letters alone, as in the ``s`` and ``e`` of ``s01e02``: by them a recogniser that
    needs a certain word knows at once that it is not there.
    """

    __slots__ = ("begin", "brackets", "ends", "flat", "letters", "numbers", "only_brackets", "starts", "text", "words")

    def __init__(self, text: str) -> None:
        text = text[:MAX_NAME]
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        self.text = text
        self.flat = _lower(text).replace("_", " ")
        flat = self.flat
        spans = [match.span() for match in _WORD.finditer(flat)]
        self.words = [flat[start:end] for start, end in spans]
        self.starts = [start for start, _ in spans]
        self.ends = [end for _, end in spans]
        self.numbers = [word for word in self.words if word.isdecimal()]
        self.letters = frozenset(_LETTERS.findall(flat))
        self.brackets = _brackets(flat) if _BRACKET.search(flat) else []
        self.only_brackets = _only_brackets(flat, self.brackets)
        self.begin = self._begin()

    @property
    def group_first(self) -> str | None:
        """The text of a leading square bracket, as fansubs put their name."""
        if self.begin and self.brackets and self.brackets[0][0] < 2 and self.flat[self.brackets[0][0]] in _SQUARE:
            opened, closed = self.brackets[0]
            return self.text[opened + 1 : closed].strip(_FILLER) or None
        return None

    def inside(self, position: int) -> tuple[int, int] | None:
        """Give the bracket around a position, or ``None``."""
        for opened, closed in self.brackets:
            if opened < position < closed:
                return opened, closed
            if opened > position:
                break
        return None

    def first_word_from(self, position: int) -> int:
        """Give the index of the first word that starts at a position or behind it."""
        return bisect_left(self.starts, position)

    def _begin(self) -> int:
        """Find where a title can start: behind a site's address and the names of groups."""
        flat, position = self.flat, 0
        if site := _LEADING.match(flat):
            position = site.end()
        for opened, closed in self.brackets:
            if flat[opened] not in _SQUARE or flat[position:opened].strip(_FILLER):
                break
            if flat[opened + 1 : closed].strip().isdecimal():
                break
            position = closed + 1
            if self.only_brackets:
                break
        while position < len(flat) and flat[position] in _FILLER:
            position += 1
        if self.brackets and not site and (position == len(flat) or _YEAR_NEXT.match(flat, position)):
            # Nothing or a year follows, or a number that touches: "[REC] (2007)", "[REC]² (2009)" are written so.
            return 0
        return position


def _only_brackets(flat: str, brackets: list[tuple[int, int]]) -> bool:
    """Tell whether all is in square brackets, ``[Group][Title][04][1080p]``."""
    if len(brackets) < 2 or brackets[0][0] > 1 or flat[brackets[1][0]] not in _SQUARE:
        return False
    gaps = [flat[closed + 1 : opened] for (_, closed), (opened, _) in pairwise(brackets)]
    return not any(letter.isalnum() for gap in (*gaps, flat[brackets[-1][1] + 1 :]) for letter in gap)


def _lower(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    # Some letters, such as the dotted capital I, become two: positions would no longer agree.
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in text)


def _brackets(flat: str) -> list[tuple[int, int]]:
    """List the outermost brackets that are closed, as positions of their two ends."""
    waiting: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for match in _BRACKET.finditer(flat):
        sign, position = match.group(), match.start()
        if sign in _CLOSER:
            waiting.append((_CLOSER[sign], position))
        elif any(sign == closer for closer, _ in waiting[-3:]):
            # An opener that is never closed, inside a pair that is, is a plain character.
            while waiting[-1][0] != sign:
                waiting.pop()
            pairs.append((waiting.pop()[1], position))
    outermost: list[tuple[int, int]] = []
    for pair in sorted(pairs):
        if not outermost or pair[0] > outermost[-1][1]:
            outermost.append(pair)
    return outermost
