"""Documents from rows: what is shown and searched of films, series, seasons, episodes and people. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from revenge.infra.search.folding import fold
from revenge.infra.search.models import Document

Row = Mapping[str, Any]

CAST = 20
KNOWN_FOR = 5
LONGEST = 20_000
"""Characters of a text: descriptions are shorter, and a document must not fill an engine's limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What hangs on entities of whatever kind, by their ids."""

    ids: Mapping[UUID, Mapping[str, str]]
    titles: Mapping[UUID, Sequence[str]]
    genres: Mapping[UUID, Row]
    age_ratings: Mapping[UUID, Sequence[str]]
    pictures: Mapping[UUID, Mapping[str, Row]]
    credits: Mapping[UUID, Row]
    guests: Mapping[UUID, Sequence[UUID]]
    """Of series: whoever has to do with an episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What films and series are called, and where they are: what people are known for."""

    titles: Mapping[UUID, Row]
    libraries: Mapping[UUID, Sequence[UUID]]


def movie_document(row: Row, extras: Extras) -> Document:
    """Return the document of a film."""
    return _document(
        {
            **_titled(row, extras),
            "release_date": _seconds(row["release_date"]),
            "runtime": row["runtime_min"],
            "resolution": row["resolution"],
            "quality_profile": "-".join(filter(None, (row["source"], row["resolution"]))) or None,
            "collection": row["collection"],
        }
    )


def series_document(row: Row, extras: Extras) -> Document:
    """Return the document of a series."""
    return _document(
        {
            **_titled(row, extras),
            "first_air_date": _seconds(row["first_air_date"]),
            "type": row["type"],
            "networks": row["networks"],
            "total_seasons": row["total_seasons"],
            "total_episodes": row["total_episodes"],
        }
    )


def season_document(row: Row, extras: Extras, work: Work) -> Document:
    """Return the document of a season; it is where its series is."""
    name = row["name"] or (f"Season {row['number']}" if row["number"] else "Specials")
    return _document(
        {
            "id": row["id"],
            "name": name,
            "sort_title": fold(f"{row['series_title']} {name}"),
            "titles": _others(extras.titles.get(row["id"]), name),
            "library_ids": _sorted(work.libraries.get(row["series_id"])),
            "popularity": _popularity(row),
            "overview": row["overview"],
            "series_id": row["series_id"],
            "series_title": row["series_title"],
            "season_number": row["number"],
            "air_date": _seconds(row["air_date"]),
            "episode_count": row["episode_count"],
            "vote_average": _number(row["vote_average"]),
            **_pictures(extras, row["id"], "poster"),
            **_pictures(extras, row["series_id"], "poster", named="series_"),
        }
    )


def episode_document(row: Row, extras: Extras, work: Work) -> Document:
    """Return the document of an episode: it is where its files are, without any where its series is."""
    title = row["title"] or f"Episode {row['number']}"
    ids = extras.ids.get(row["id"], {})
    return _document(
        {
            "id": row["id"],
            "title": title,
            "sort_title": fold(title),
            "titles": _others(extras.titles.get(row["id"]), title),
            "library_ids": _sorted(row["library_ids"] or work.libraries.get(row["series_id"])),
            "popularity": _popularity(row),
            "tmdb_id": ids.get("tmdb"),
            "imdb_id": ids.get("imdb"),
            "tvdb_id": ids.get("tvdb"),
            "overview": row["overview"],
            "series_id": row["series_id"],
            "season_id": row["season_id"],
            "series_title": row["series_title"],
            "season_number": row["season_number"],
            "episode_number": row["number"],
            "air_date": _seconds(row["air_date"]),
            "runtime": row["runtime_min"],
            "vote_average": _number(row["vote_average"]),
            "vote_count": row["vote_count"],
            "has_file": row["has_file"],
            **_pictures(extras, row["id"], "still"),
            **_pictures(extras, row["series_id"], "poster", named="series_"),
        }
    )


def person_document(row: Row, did: Row | None, extras: Extras, work: Work) -> Document:
    """Return the document of a person: where what they have to do with is, under the titles that most know."""
    works = [*((did["movie_ids"] if did else None) or ()), *((did["series_ids"] if did else None) or ())]
    titles = sorted(
        (work.titles[one] for one in works if one in work.titles), key=lambda title: (-_popularity(title), title["id"])
    )
    departments = {*((did["departments"] if did else None) or ()), row["known_for"]} - {None}
    return _document(
        {
            "id": row["id"],
            "name": row["name"],
            "sort_title": fold(row["name"]),
            "titles": _others(extras.titles.get(row["id"]), row["name"]),
            "library_ids": _sorted({library for one in works for library in work.libraries.get(one, ())}),
            "popularity": _popularity(row),
            "known_for": [title["title"] for title in titles[:KNOWN_FOR]],
            "characters": did["characters"] if did else None,
            "departments": sorted(departments),
            "tmdb_id": extras.ids.get(row["id"], {}).get("tmdb"),
            "movie_count": did["movie_count"] if did else 0,
            "tvshow_count": did["tvshow_count"] if did else 0,
            "total_credits": did["total_credits"] if did else 0,
            **_pictures(extras, row["id"], "profile"),
        }
    )


def people_to_tell(old: Document | None, new: Document | None) -> set[UUID]:
    """Return whose documents are out of date when one of a film or a series changes; None: there is none."""
    before, after = set((old or {}).get("person_ids", ())), set((new or {}).get("person_ids", ()))
    same = all((old or {}).get(name) == (new or {}).get(name) for name in ("title", "library_ids"))
    return {UUID(person) for person in (before ^ after if same else before | after)}


def _titled(row: Row, extras: Extras) -> dict[str, Any]:
    """Return what films and series have in common."""
    entity: UUID = row["id"]
    ids, genres, people = extras.ids.get(entity, {}), extras.genres.get(entity), extras.credits.get(entity)
    everybody = {*(people["person_ids"] if people else ()), *extras.guests.get(entity, ())}
    return {
        "id": entity,
        "title": row["title"],
        "original_title": row["original_title"],
        "sort_title": fold(row["title"]),
        "titles": _others(extras.titles.get(entity), row["title"], row["original_title"]),
        "library_ids": _sorted(row["library_ids"]),
        "popularity": _popularity(row),
        "vote_average": _number(row["vote_average"]),
        "vote_count": row["vote_count"],
        "tmdb_id": ids.get("tmdb"),
        "imdb_id": ids.get("imdb"),
        "tvdb_id": ids.get("tvdb"),
        "year": row["year"],
        "overview": row["overview"],
        "tagline": row["tagline"],
        "status": row["status"],
        "original_language": row["original_language"],
        "genres": genres["names"] if genres else None,
        "genre_slugs": genres["slugs"] if genres else None,
        "age_ratings": extras.age_ratings.get(entity),
        "cast": people["actors"] if people else None,
        "directors": people["directors"] if people else None,
        "person_ids": _sorted(everybody),
        "has_file": row["has_file"],
        "library_added_at": _seconds(row["added_at"]),
        **_pictures(extras, entity, "poster"),
        **_pictures(extras, entity, "backdrop"),
    }


def _pictures(extras: Extras, entity: UUID, type_: str, *, named: str = "") -> dict[str, Any]:
    picture = extras.pictures.get(entity, {}).get(type_)
    return {
        f"{named}{type_}_path": picture["source"] if picture else None,
        f"{named}{type_}_hash": picture["hash"] if picture else None,
    }


def _document(fields: Mapping[str, Any]) -> Document:
    """Return what is known: without what is None or an empty text, ids as text, texts without what no engine keeps."""
    return {name: _plain(value) for name, value in fields.items() if value is not None and value != ""}


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case str():
            return value.replace("\0", " ")[:LONGEST]
        case list() | tuple():
            return [_plain(one) for one in value if one is not None]
        case _:
            return value


def _sorted(ids: Iterable[UUID] | None) -> list[str]:
    return sorted(map(str, ids or ()))


def _others(titles: Sequence[str] | None, *known: str | None) -> list[str] | None:
    return [title for title in titles or () if title not in known] or None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _popularity(row: Row) -> float:
    return float(row["popularity"] or 0.0)


def _seconds(moment: date | datetime | None) -> int | None:
    """Return seconds since 1970, which may be negative; a day begins at midnight, UTC."""
    if moment is None:
        return None
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return int(moment.timestamp())
