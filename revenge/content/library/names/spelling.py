"""Write a title as a person would, and compare two spellings of one."""

from __future__ import annotations

import re
import unicodedata

_EDGES = " .-–—_,;|/~+=\t"
_EDGES_OF_INITIALS = _EDGES.replace(".", "")
_INITIALS = re.compile(r"(?<![^\W_])(?:[^\W\d_]\.){2,}(?=[^\W_])")
_INITIALS_LAST = re.compile(r"(?<![^\W_])((?:[^\W\d_]\.)+[^\W\d_])$")
_AKA = re.compile(r"[ .]\(?a\.?k\.?a\.?[ .:]", re.IGNORECASE)
_PARTNER = {"(": ")", "[": "]", "{": "}", ")": "(", "]": "[", "}": "{", '"': '"'}


def clean(text: str) -> str:
    """Write a title with spaces for dots and underscores, initials kept, nothing dangling at its ends.

    Of a title and its other title ("Das Boot AKA The Boat") the first is given.
    """
    text = text.replace("_", " ").strip(_EDGES)
    if " " not in text and "." in text:
        text = _dots_to_spaces(text)
    text = _balanced(" ".join(text.split()))
    if aka := _AKA.search(text, 1):
        text = text[: aka.start()]
    text = text.rstrip(": ")
    return text.strip(_EDGES_OF_INITIALS if _INITIALS_LAST.search(text[:-1]) else _EDGES)


def _dots_to_spaces(text: str) -> str:
    text = _INITIALS_LAST.sub(lambda match: match[1].replace(".", "\0") + "\0", text)
    text = _INITIALS.sub(lambda match: match[0].replace(".", "\0") + " ", text)
    return text.replace(".", " ").replace("\0", ".")


def _balanced(text: str) -> str:
    """Drop brackets and quotes at the ends that have no partner."""
    while text and text[0] in '([{"' and text.find(_PARTNER[text[0]], 1) < 0:
        text = text[1:].lstrip(_EDGES)
    while text and text[-1] in ")]}([{" and (text[-1] in "([{" or _PARTNER[text[-1]] not in text):
        text = text[:-1].rstrip(_EDGES)
    return text


def folded(title: str) -> str:
    """Write a title so that spellings of it compare equal: no accents, lower case, letters and digits alone."""
    if not title.isascii():
        title = "".join(letter for letter in unicodedata.normalize("NFKD", title) if not unicodedata.combining(letter))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in title.lower()).split())
