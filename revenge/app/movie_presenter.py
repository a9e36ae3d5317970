"""Films, people and items as JSON."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from revenge.content.library.models import LibraryFile, path_fields
from revenge.content.metadata.people import Person, PersonCredit
from revenge.content.metadata.reading import Children, ShownCredit
from revenge.content.movie.models import Collection, ItemView, Movie, Version


def movie_summary(movie: Movie, children: Children) -> dict[str, Any]:
    """Return a film as lists show it."""
    names = ("title", "original_title", "year", "runtime_min", "overview", "vote_average", "popularity", "is_local")
    return {
        "id": str(movie.id),
        **{name: getattr(movie, name) for name in names},
        "genres": genres_to_json(children),
        "images": shown_images(children),
        "added_at": movie.added_at,
    }


def movie_detail(
    movie: Movie,
    children: Children,
    versions: Iterable[Version],
    collection: Collection | None,
    *,
    full_paths: bool = True,
) -> dict[str, Any]:
    """Return a film with all that is known of it; without ``full_paths`` files have their names alone."""
    plain = asdict(movie)
    del plain["id"], plain["collection_id"]
    return {
        "id": str(movie.id),
        **plain,
        "release_date": movie.release_date.isoformat() if movie.release_date else None,
        "ids": children.ids,
        "genres": genres_to_json(children),
        "ratings": [asdict(rating) for rating in children.ratings],
        "certifications": children.certifications,
        "translations": [asdict(translation) for translation in children.translations],
        "images": shown_images(children),
        "all_images": [{**asdict(image), "id": str(image.id)} for image in children.images],
        "cast": [_credit(credit) for credit in children.credits if credit.type == "cast"],
        "crew": [_credit(credit) for credit in children.credits if credit.type == "crew"],
        "collection": {"id": str(collection.id), "name": collection.name} if collection else None,
        "versions": [_version(version, full_paths=full_paths) for version in versions],
    }


def item_to_json(item: ItemView) -> dict[str, Any]:
    """Return an item with what it was found to be, or may be."""
    return {
        "id": str(item.id),
        "library_id": str(item.library_id),
        "kind": item.kind,
        "title": item.title,
        "year": item.year,
        "season": item.season,
        "episodes": list(item.episodes),
        "state": item.state.value,
        "confidence": None if item.confidence is None else round(item.confidence, 4),
        "evidence": item.evidence,
        "error": item.error,
        "matched_at": item.matched_at,
        "movie_id": str(item.movie_id) if item.movie_id else None,
        "series_id": str(item.series_id) if item.series_id else None,
        "files": [path_fields(path) for path in item.paths],
        "candidates": [{**asdict(each), "score": round(each.score, 4)} for each in item.candidates],
    }


def person_to_json(person: Person, children: Children, credits_of: Iterable[PersonCredit]) -> dict[str, Any]:
    """Return a person with films and series."""
    plain = asdict(person)
    return {
        **plain,
        "id": str(person.id),
        "birth_date": person.birth_date.isoformat() if person.birth_date else None,
        "death_date": person.death_date.isoformat() if person.death_date else None,
        "ids": children.ids,
        "images": shown_images(children),
        "translations": [asdict(translation) for translation in children.translations],
        "credits": [{**asdict(credit), "entity_id": str(credit.entity_id)} for credit in credits_of],
    }


def shown_images(children: Children) -> Mapping[str, str]:
    """Return the id of the picture that is shown, by type: ``/images/{id}`` fetches one that was not fetched yet."""
    shown: dict[str, str] = {}
    for image in sorted(children.images, key=lambda each: each.hash is None):
        shown.setdefault(image.type, str(image.id))
    return shown


def genres_to_json(children: Children) -> list[dict[str, str]]:
    """Return genres in their order."""
    return [{"slug": slug, "name": name} for slug, name in children.genres.items()]


def _credit(credit: ShownCredit) -> dict[str, Any]:
    return {
        "person_id": str(credit.person_id),
        "name": credit.name,
        "character": credit.character,
        "job": credit.job,
        "department": credit.department,
        "image": str(credit.image) if credit.image else None,
    }


def _version(version: Version, *, full_paths: bool) -> dict[str, Any]:
    return {
        "item_id": str(version.item_id) if version.item_id else None,
        "library_id": str(version.library_id),
        "edition": version.edition,
        "resolution": version.resolution,
        "duration_s": sum(file.duration_s or 0.0 for file in version.files) or None,
        "size_bytes": sum(file.size_bytes for file in version.files),
        "files": [_file(file, full_paths=full_paths) for file in version.files],
    }


def _file(file: LibraryFile, *, full_paths: bool) -> dict[str, Any]:
    probe = file.probe or {}
    streams = {kind: list(probe.get(kind, ())) for kind in ("video", "audio", "subtitles")}
    shape = {**file.to_dict(), "streams": streams if file.probe is not None else None}
    if not full_paths:
        shape.pop("path_b64", None)
        shape |= path_fields(os.path.basename(file.path))
    return shape
