"""Reading the XML of an NFO file."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from html.entities import html5
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import ParseError

import defusedxml.ElementTree

from revenge.content.library.nfo.models import Actor, Nfo, NfoKind, Rating
from revenge.content.library.nfo.values import day, decimal, imdb_id, minutes, number, provider_id, votes, year
from revenge.content.library.text import clean_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_MAX_PLOT: Final = 20_000
_MAX_LIST: Final = 200

ROOTS = re.compile(r"<(movie|tvshow|episodedetails)(?=[\s>/])", re.IGNORECASE)
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_AMPERSAND = re.compile(r"&(#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{0,31};)?")
_XML_ENTITIES: Final = frozenset({"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"})
_UNKNOWN: Final = "\ufdd0"
"""Put before an entity that nobody knows: a character that XML takes and no text has."""
_UNKNOWN_ENTITY = re.compile(f"{_UNKNOWN}(?:&[A-Za-z0-9]+;)?")
_SEPARATOR = re.compile(r" +/ +| *\| *")


def from_xml(body: str) -> Nfo:
    """Return what a text of one or several root elements says.

    Raises:
        ParseError: it is not well-formed.
        DefusedXmlException: it defines entities.
    """
    # The frame makes one document of several roots; whatever stood before them, DTDs too, is left outside.
    frame = defusedxml.ElementTree.fromstring(f"<nfo>{_repaired(body)}</nfo>")
    roots = [root for root in frame if ROOTS.match(f"<{root.tag}>")]
    if not roots:
        raise ParseError("no movie, tvshow or episodedetails in it")
    first, *others = [_from_root(root) for root in roots[:_MAX_LIST]]
    return replace(first, further=tuple(others))


def _repaired(body: str) -> str:
    """Resolve HTML's entities and escape lone ampersands, outside of CDATA sections."""
    before, *sections = body.split("<![CDATA[")
    parts = [_AMPERSAND.sub(_entity, before)]
    for section in sections:
        inside, closing, outside = section.partition("]]>")
        parts += ["<![CDATA[", inside, closing, _AMPERSAND.sub(_entity, outside)]
    return "".join(parts)


def _entity(match: re.Match[str]) -> str:
    if match[0] in _XML_ENTITIES:
        return match[0]
    if match[1] and match[1][0] != "#" and match[1] not in html5:
        return f"{_UNKNOWN}&amp;{match[1]}"
    return html.escape(NOT_XML.sub("", html.unescape(match[0])), quote=False)


def _from_root(root: Element) -> Nfo:
    fields = _Fields(root)
    kind = {"movie": NfoKind.MOVIE, "tvshow": NfoKind.TVSHOW}.get(root.tag.lower(), NfoKind.EPISODE)
    premiered = day(fields.text("premiered", "releasedate", "aired"))
    return Nfo(
        kind=kind,
        title=fields.text("title"),
        original_title=fields.text("originaltitle"),
        sort_title=fields.text("sorttitle"),
        show_title=fields.text("showtitle"),
        year=year(fields.text("year")) or (premiered.year if premiered else None),
        premiered=premiered,
        plot=fields.text("plot", "outline", limit=_MAX_PLOT),
        tagline=fields.text("tagline", limit=_MAX_PLOT),
        runtime_min=minutes(fields.text("runtime")),
        mpaa=fields.text("mpaa", "certification"),
        collection=fields.text("set"),
        season=number(fields.text("season"), most=100_000),
        episode=number(fields.text("episode"), most=100_000) if kind is NfoKind.EPISODE else None,
        genres=fields.texts("genre"),
        studios=fields.texts("studio"),
        countries=fields.texts("country"),
        directors=fields.texts("director"),
        credits=fields.texts("credits", "writer"),
        tags=fields.texts("tag"),
        actors=tuple(fields.actors()),
        ratings=tuple(fields.ratings()),
        tmdb_id=provider_id(fields.id("tmdb", kind)),
        imdb_id=imdb_id(fields.id("imdb", kind)),
        tvdb_id=provider_id(fields.id("tvdb", kind)),
    )


class _Fields:
    """The children of a root by name, whatever their case."""

    def __init__(self, root: Element) -> None:
        self._children: dict[str, list[Element]] = {}
        for child in root:
            self._children.setdefault(_key(child), []).append(child)

    def text(self, *names: str, limit: int = 500) -> str | None:
        """Return the first text that one of the names has."""
        for element in self._all(*names):
            inner = element.find("name") if _key(element) == "set" else None
            if text := _text(element if inner is None else inner, limit=limit):
                return text
        return None

    def texts(self, *names: str) -> tuple[str, ...]:
        """Return every text of the names once, those that share an element (``Drama / Horror``) apart."""
        found = (part for element in self._all(*names) for part in _SEPARATOR.split(_text(element) or ""))
        return tuple(dict.fromkeys(filter(None, found)))[:_MAX_LIST]

    def id(self, provider: str, kind: NfoKind) -> str | None:
        """Return the id a provider gave, from the elements of all generations of the format."""
        for element in self._all("uniqueid"):
            if element.get("type", "").lower() == provider and (text := _text(element)):
                return text
        if text := self.text(f"{provider}id", provider):
            return text
        for element in self._all("id"):
            attributes = {name.lower(): value for name, value in element.attrib.items()}
            if provider in attributes:
                return attributes[provider]
            text = _text(element) or ""
            owner = "imdb" if text.startswith("tt") else "tmdb" if kind is NfoKind.MOVIE else "tvdb"
            if text and owner == provider:
                return text
        return None

    def actors(self) -> Iterator[Actor]:
        for element in self._all("actor")[:_MAX_LIST]:
            inner = _Fields(element)
            if name := inner.text("name"):
                yield Actor(name=name, role=inner.text("role"))

    def ratings(self) -> Iterator[Rating]:
        for group in self._all("ratings")[:1]:
            for element in list(group)[:_MAX_LIST]:
                value = decimal(_Fields(element).text("value"))
                if value is not None:
                    yield Rating(
                        source=_known(element.get("name", "")) or "default",
                        value=value,
                        highest=decimal(element.get("max")) or 10.0,
                        votes=votes(_Fields(element).text("votes")),
                    )
        old = decimal(self.text("rating"))
        if old is not None:
            yield Rating(value=old, votes=votes(self.text("votes")))

    def _all(self, *names: str) -> list[Element]:
        return [element for name in names for element in self._children.get(name, [])]


def _key(element: Element) -> str:
    return element.tag.lower().replace("_", "") if isinstance(element.tag, str) else ""


def _text(element: Element, *, limit: int = 500) -> str | None:
    return _known("".join(element.itertext()), limit=limit)


def _known(text: str, *, limit: int = 500) -> str | None:
    """Return a text fit to store; None for a name with an entity that nobody knows, since it is not the name."""
    if _UNKNOWN in text:
        if limit <= 500 or not _UNKNOWN_ENTITY.sub("", text).strip():
            return None
        text = text.replace(_UNKNOWN, "")  # prose is better read with it than not at all
    return clean_text(text, limit=limit, lines=limit > 500)
