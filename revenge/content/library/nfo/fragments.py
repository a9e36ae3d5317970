"""Picking what can be had out of addresses and out of XML that is broken."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from html.entities import html5

from revenge.content.library.nfo.document import ROOTS
from revenge.content.library.nfo.models import Nfo, NfoKind
from revenge.content.library.nfo.values import imdb_id, provider_id, year
from revenge.content.library.text import clean_text

_TMDB_URL = re.compile(r"(?:themoviedb|tmdb)\.org/(movie|tv)/(\d{1,10})", re.IGNORECASE | re.ASCII)
_IMDB_URL = re.compile(r"imdb\.com/(?:[a-z]{2}/)?title/(tt\d{5,10})", re.IGNORECASE | re.ASCII)
_TVDB_URL = re.compile(
    r"thetvdb\.com/(?:dereferrer/(?:series|movie)/|\?\S{0,100}?\b(?:id|seriesid)=|(?:series|movies)/)(\d{1,10})",
    re.IGNORECASE | re.ASCII,
)
_SIMPLE = re.compile(
    r"<(title|originaltitle|year|tmdbid|imdbid|tvdbid|id)>([^<>]{1,500})</\1>", re.IGNORECASE | re.ASCII
)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{0,31};)")
_UNIQUE_ID = re.compile(
    r"""<uniqueid[^<>]{0,200}?type\s*=\s*["']([a-z]+)["'][^<>]{0,200}>\s*(\w{1,20})\s*<""", re.IGNORECASE | re.ASCII
)


def from_addresses(text: str) -> Nfo | None:
    """Return the ids in the addresses of films and shows; None without any."""
    tmdb, imdb, tvdb = _TMDB_URL.search(text), _IMDB_URL.search(text), _TVDB_URL.search(text)
    if not (tmdb or imdb or tvdb):
        return None
    return Nfo(
        kind=(NfoKind.MOVIE if tmdb[1].lower() == "movie" else NfoKind.TVSHOW) if tmdb else None,
        tmdb_id=provider_id(tmdb[2]) if tmdb else None,
        imdb_id=imdb_id(imdb[1]) if imdb else None,
        tvdb_id=provider_id(tvdb[1]) if tvdb else None,
    )


def from_fragments(text: str) -> Nfo | None:
    """Return the ids, title and year that can be picked out of broken XML; None without any id."""
    first = ROOTS.search(text)
    kind = {"movie": NfoKind.MOVIE, "tvshow": NfoKind.TVSHOW}.get(first[1].lower()) if first else None
    pieces = {name.lower(): value for name, value in reversed(_SIMPLE.findall(text))}
    ids = {name.lower(): value for name, value in reversed(_UNIQUE_ID.findall(text))}
    found = completed(
        Nfo(
            kind=kind or NfoKind.EPISODE,
            title=_name(pieces.get("title", "")),
            original_title=_name(pieces.get("originaltitle", "")),
            year=year(pieces.get("year")),
            tmdb_id=provider_id(ids.get("tmdb") or pieces.get("tmdbid")),
            imdb_id=imdb_id(ids.get("imdb") or pieces.get("imdbid") or pieces.get("id")),
            tvdb_id=provider_id(ids.get("tvdb") or pieces.get("tvdbid")),
        ),
        from_addresses(text),
    )
    return found if found.tmdb_id or found.imdb_id or found.tvdb_id else None


def _name(written: str) -> str | None:
    if any(entity not in html5 for entity in _ENTITY.findall(written)):
        return None
    return clean_text(html.unescape(written))


def completed(found: Nfo, addresses: Nfo | None) -> Nfo:
    """Fill in the ids that only an address beside the XML gives."""
    if addresses is None:
        return found
    return replace(
        found,
        tmdb_id=found.tmdb_id or addresses.tmdb_id,
        imdb_id=found.imdb_id or addresses.imdb_id,
        tvdb_id=found.tvdb_id or addresses.tvdb_id,
    )
