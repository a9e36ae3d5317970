"""What a provider says of series, seasons and episodes, as rows of their tables: cleaned, and within what columns hold."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from revenge.content.library.text import clean_text
from revenge.content.metadata.models import EpisodeDetails, SeasonDetails, SeriesDetails

_MAX_TITLE = 1000
_MAX_TEXT = 20_000
_MAX_INT = 2**31 - 1


def is_numbered(number: int) -> bool:
    """Return whether a season or an episode may have this number."""
    return 0 <= number <= _MAX_INT


def series_row(series_id: UUID, said: SeriesDetails) -> tuple[Any, ...]:
    """Return the values of ``series_update``."""
    return (
        series_id,
        clean_text(said.title, limit=_MAX_TITLE),
        clean_text(said.original_title, limit=_MAX_TITLE),
        clean_text(said.original_language, limit=35),
        _count(said.year),
        said.first_air_date,
        said.last_air_date,
        clean_text(said.overview, limit=_MAX_TEXT, lines=True),
        clean_text(said.tagline, limit=_MAX_TITLE),
        clean_text(said.status, limit=100),
        clean_text(said.type, limit=100),
        said.popularity,
        _vote(said.vote_average),
        _count(said.vote_count),
        clean_text(said.trailer_url, limit=2000),
        clean_text(said.homepage, limit=2000),
        said.provider,
        bool(said.ids),
    )


def season_row(season_id: UUID, said: SeasonDetails, *, whole: bool) -> tuple[Any, ...]:
    """Return the values of ``season_update_many``."""
    return (
        season_id,
        clean_text(said.name, limit=_MAX_TITLE),
        clean_text(said.overview, limit=_MAX_TEXT, lines=True),
        said.air_date,
        _vote(said.vote_average),
        whole,
    )


def episode_row(episode_id: UUID, said: EpisodeDetails, *, told: bool) -> tuple[Any, ...]:
    """Return the values of ``episode_update_many``."""
    return (
        episode_id,
        _count(said.absolute_number),
        clean_text(said.title, limit=_MAX_TITLE),
        clean_text(said.overview, limit=_MAX_TEXT, lines=True),
        said.air_date,
        _count(said.runtime_min),
        _vote(said.vote_average),
        _count(said.vote_count),
        clean_text(said.production_code, limit=100),
        told,
    )


def networks(said: SeriesDetails) -> list[tuple[str, str | None]]:
    """Return names and countries, each network once, in the order in which all write them."""
    named: dict[tuple[str, str], tuple[str, str | None]] = {}
    for network in said.networks:
        name, country = clean_text(network.name, limit=200), clean_text(network.country, limit=35)
        if name is not None:
            named.setdefault((name.lower(), country or ""), (name, country))
    return [named[key] for key in sorted(named)]


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return rows, at least one, as the arrays that a statement unnests."""
    return [list(column) for column in zip(*rows, strict=True)]


def _count(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= _MAX_INT else None


def _vote(value: float | None) -> float | None:
    return round(value, 2) if value is not None and 0 <= value < 100 else None
