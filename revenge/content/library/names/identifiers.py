"""Find the ids of film and series databases that people put in names."""

from __future__ import annotations

import re
from typing import NamedTuple

from revenge.content.library.names.tokens import Name

_TAGGED = re.compile(r"[\[({] ?(tmdb|imdb|tvdb)(?: ?id)?[-=: ]{1,2}(?:movie/|tv/)?(tt)?([0-9]{1,10}) ?[\])}]")
_IMDB = re.compile(r"(?<![^\W_])tt([0-9]{7,10})(?![^\W_])")


class Identifiers(NamedTuple):
    """The ids in a name, and where the first of them starts."""

    tmdb: int | None = None
    imdb: str | None = None
    tvdb: int | None = None
    start: int | None = None


NO_IDENTIFIERS = Identifiers()


def find_identifiers(name: Name) -> Identifiers:
    """Read ``{tmdb-603}``, ``[imdbid-tt0133093]``, ``[tvdbid=121361]``, a bare ``tt0133093`` and their kin."""
    flat = name.flat
    if "db" not in flat and "tt" not in flat:
        return NO_IDENTIFIERS
    numbers: dict[str, str] = {}
    start: int | None = None
    for match in _TAGGED.finditer(flat):
        numbers.setdefault(match[1], match[3])
        start = match.start() if start is None else start
    if "imdb" not in numbers and (bare := _IMDB.search(flat)):
        numbers["imdb"] = bare[1]
        at = bare.start() - 1 if bare.start() and flat[bare.start() - 1] in "[({" else bare.start()
        start = at if start is None else min(start, at)
    if start is None:
        return NO_IDENTIFIERS
    return Identifiers(
        tmdb=int(numbers["tmdb"]) if "tmdb" in numbers else None,
        imdb=f"tt{numbers['imdb'].zfill(7)}" if "imdb" in numbers else None,
        tvdb=int(numbers["tvdb"]) if "tvdb" in numbers else None,
        start=start,
    )
