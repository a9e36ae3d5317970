"""Groups files into films and episodes: what has one key is versions or parts of one thing."""

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from revenge.content.library.facts import FileFacts
from revenge.content.library.names import MediaType

_PART_FOLDER = re.compile(rb"(?:cd|dvd|dis[ck]|part|pt)[ ._-]*\w{1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A film or an episode as its first file tells it."""

    kind: str
    key: str
    title: str
    year: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()
    absolute: tuple[int, ...] = ()
    air_date: date | None = None
    tmdb_id: int | None = None
    imdb_id: str | None = None
    tvdb_id: int | None = None


def item_of(facts: FileFacts, path: bytes) -> Item | None:
    """Return what a file is a file of, None when nothing says it.

    Films are the same by an id, else by title and year wherever they lie, else by title within one folder: two films
    without a year may well share a title. Episodes are the same by series and number, a special without a number by its
    own title; the ids that an episode's path names are the series'.
    """
    if facts.title is None:
        return None
    if facts.media is MediaType.MOVIE:
        return Item(
            kind="movie",
            key=f"movie:{_film_key(facts, facts.title, path)}",
            title=facts.title,
            year=facts.year,
            tmdb_id=facts.tmdb_id,
            imdb_id=facts.imdb_id,
            tvdb_id=facts.tvdb_id,
        )
    number = _episode_number(facts)
    if facts.media is not MediaType.EPISODE or number is None:
        return None
    return Item(
        kind="episode",
        key=f"episode:{_series_key(facts, facts.title)}:{number}",
        title=facts.title,
        year=facts.year,
        season=facts.season,
        episodes=facts.episodes,
        absolute=facts.absolute,
        air_date=facts.air_date,
        tmdb_id=facts.tmdb_id,
        imdb_id=facts.imdb_id,
        tvdb_id=facts.tvdb_id,
    )


def fold(title: str) -> str:
    """Return a title as it is compared: without case, accents, punctuation and spaces, where that leaves anything."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    return "".join(filter(str.isalnum, plain)) or plain


def film_key(title: str, year: int) -> str:
    """Return what films have in common of which no id is known."""
    return f"{fold(title)}:{year}"


def _film_key(facts: FileFacts, title: str, path: bytes) -> str:
    if facts.tmdb_id is not None:
        return f"tmdb:{facts.tmdb_id}"
    if facts.imdb_id is not None:
        return f"imdb:{facts.imdb_id}"
    if facts.year is not None:
        return film_key(title, facts.year)
    folder, name = os.path.split(os.path.dirname(path))
    if not _PART_FOLDER.fullmatch(name):
        folder = os.path.join(folder, name)
    return f"{fold(title)}:in:{hashlib.blake2b(folder, digest_size=16).hexdigest()}"


def _series_key(facts: FileFacts, title: str) -> str:
    if facts.tvdb_id is not None:
        return f"tvdb:{facts.tvdb_id}"
    if facts.tmdb_id is not None:
        return f"tmdb:{facts.tmdb_id}"
    if facts.imdb_id is not None:
        return f"imdb:{facts.imdb_id}"
    return f"{fold(title)}:{facts.year or ''}"


def _episode_number(facts: FileFacts) -> str | None:
    if facts.episodes:
        return f"s{'' if facts.season is None else facts.season}e{'-'.join(map(str, facts.episodes))}"
    if facts.absolute:
        return f"a{'-'.join(map(str, facts.absolute))}"
    if facts.air_date:
        return f"d{facts.air_date.isoformat()}"
    if facts.season is None or not facts.episode_title:
        return None
    return f"s{facts.season}n{fold(facts.episode_title).replace(':', '')}"
