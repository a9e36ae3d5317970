"""Text as it is compared: without case, accents and punctuation. Pure."""

import html
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

_LONGEST_WORD = 64
_SPECIAL = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
# Written without spaces: each character counts as a word, so that any part of a title is found.
_IDEOGRAPH = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff])")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_APART = re.compile(r"[\W_]+")
_SNIPPET = 200


def fold(text: str) -> str:
    """Return the words of ``text`` as they are compared, with single spaces between them."""
    # Twice: a letter in bold has no lower case before it is taken apart.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    # An apostrophe joins: "ocean's" is found by "oceans".
    joined = plain.translate(_SPECIAL).replace("'", "").replace("\u2019", "")
    return " ".join(
        word[:_LONGEST_WORD] for word in _APART.sub(" ", _IDEOGRAPH.sub(r" \1 ", joined)).split() if word.isalnum()
    )


def words(text: str) -> Sequence[str]:
    """Return the folded words of ``text``."""
    return fold(text).split()


def variants(word: str) -> set[str]:
    """Return the word and all that one letter less makes of it: two words that share one are a slip apart."""
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def mark(text: str, sought: Collection[str]) -> str | None:
    """Return a piece of ``text`` as HTML with the words marked that begin with what is sought; None without any."""
    beginnings = tuple(sought)
    spans = [match.span() for match in _WORD.finditer(text) if _folded(match.group()).startswith(beginnings)]
    if not spans:
        return None
    start = max(0, spans[0][0] - _SNIPPET // 4)
    end = min(len(text), start + _SNIPPET)
    return _marked(text, start, end, [span for span in spans if start <= span[0] and span[1] <= end])


@lru_cache(maxsize=65_536)
def _folded(word: str) -> str:
    """Fold one word; a page of hits has thousands, and most of them again and again."""
    return fold(word)


def _marked(text: str, start: int, end: int, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], start
    for low, high in spans:
        parts += [html.escape(text[at:low]), f"<mark>{html.escape(text[low:high])}</mark>"]
        at = high
    return "".join([*parts, html.escape(text[at:end])])
