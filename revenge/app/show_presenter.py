"""Series, seasons and episodes as JSON shows them."""

import os
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from revenge.app.movie_presenter import shown_images
from revenge.content.metadata.reading import Children, ShownCredit
from revenge.content.tvshow.models import Episode, EpisodeFile, Season, Series, UnmatchedSeries

_SERIES = (
    "title", "original_title", "original_language", "year", "overview", "tagline", "status", "type", "popularity",
    "vote_average", "vote_count", "trailer_url", "homepage", "season_count", "episode_count", "episode_file_count",
    "metadata_provider",
)  # fmt: skip
_EPISODE = (
    "season_number", "number", "absolute_number", "title", "overview", "runtime_min", "vote_average", "vote_count",
    "production_code", "has_file",
)  # fmt: skip


def series_to_json(series: Series, children: Children) -> dict[str, Any]:
    """Return JSON-able values."""
    return {
        "id": str(series.id),
        **{name: getattr(series, name) for name in _SERIES},
        "first_air_date": _day(series.first_air_date),
        "last_air_date": _day(series.last_air_date),
        "genres": list(series.genres),
        "networks": list(series.networks),
        "ids": {provider.value: value for provider, value in series.ids.items()},
        "library_ids": sorted(map(str, series.library_ids)),
        "metadata_updated_at": series.metadata_updated_at,
        "added_at": series.added_at,
        "images": shown_images(children),
    }


def season_to_json(season: Season, children: Children) -> dict[str, Any]:
    """Return JSON-able values."""
    return {
        "id": str(season.id),
        "series_id": str(season.series_id),
        "number": season.number,
        "name": season.name,
        "overview": season.overview,
        "air_date": _day(season.air_date),
        "vote_average": None if season.vote_average is None else float(season.vote_average),
        "episode_count": season.episode_count,
        "metadata_updated_at": season.metadata_updated_at,
        "images": shown_images(children),
    }


def episode_to_json(episode: Episode, children: Children) -> dict[str, Any]:
    """Return JSON-able values."""
    return {
        "id": str(episode.id),
        "series_id": str(episode.series_id),
        "season_id": str(episode.season_id),
        **{name: getattr(episode, name) for name in _EPISODE},
        "air_date": _day(episode.air_date),
        "metadata_updated_at": episode.metadata_updated_at,
        "added_at": episode.added_at,
        "images": shown_images(children),
    }


def episode_file_to_json(file: EpisodeFile, *, full_paths: bool) -> dict[str, Any]:
    """Return JSON-able values; without ``full_paths`` files have their names alone."""
    return (file if full_paths else replace(file, path=os.path.basename(file.path))).to_dict()


def children_to_json(children: Children) -> dict[str, Any]:
    """Return what hangs on a series or an episode beside its pictures."""
    return {
        "credits": list(map(_credit, children.credits)),
        "ratings": [asdict(rating) for rating in children.ratings],
        "certifications": children.certifications,
        "translations": [asdict(translation) for translation in children.translations],
    }


def unmatched_to_json(unmatched: UnmatchedSeries) -> dict[str, Any]:
    """Return JSON-able values."""
    return {
        "library_id": str(unmatched.library_id),
        "title": unmatched.title,
        "year": unmatched.year,
        "item_id": str(unmatched.item_id),
        "item_count": unmatched.item_count,
        "error": unmatched.error,
        "candidates": [
            {
                "position": position,
                "provider": each.provider,
                "provider_id": each.provider_id,
                "title": each.title,
                "year": each.year,
                "score": round(each.score, 3),
                "evidence": dict(each.evidence),
            }
            for position, each in enumerate(unmatched.candidates)
        ],
    }


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _credit(credit: ShownCredit) -> dict[str, Any]:
    image = None if credit.image is None else str(credit.image)
    return {**asdict(credit), "person_id": str(credit.person_id), "image": image}
