"""What Radarr and Sonarr say, in the words of those who write films and series."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from revenge.content.metadata.models import (
    CollectionRef,
    EpisodeDetails,
    IdProvider,
    ImageRef,
    ImageType,
    MovieDetails,
    Network,
    Rating,
    SeasonDetails,
    SeriesDetails,
    TitleDetails,
)
from revenge.integration.arr.facts import EpisodeFacts, FilmFacts, ShowFacts, Source, TitleFacts

T = TypeVar("T", bound=TitleDetails)

RADARR, SONARR = Source.RADARR.value, Source.SONARR.value
_TYPES = {"standard": "Scripted", "daily": "Talk Show", "anime": "Animation"}


def film_details(facts: FilmFacts) -> MovieDetails:
    """Return a film."""
    collection_id = facts.collection_tmdb_id
    return replace(
        _described(MovieDetails, facts, RADARR),
        original_title=facts.original_title,
        popularity=facts.popularity,
        release_date=facts.release_date,
        runtime_min=facts.runtime_min,
        collection=None
        if facts.collection is None
        else CollectionRef(name=facts.collection, ids={IdProvider.TMDB: collection_id} if collection_id else {}),
    )


def show_details(facts: ShowFacts) -> SeriesDetails:
    """Return a series without its seasons."""
    return replace(
        _described(SeriesDetails, facts, SONARR),
        first_air_date=facts.first_air_date,
        last_air_date=facts.last_air_date,
        type=_TYPES.get(facts.type or ""),
        networks=(Network(name=facts.network),) if facts.network else (),
    )


def season_details(facts: ShowFacts, episodes: Iterable[EpisodeFacts]) -> list[SeasonDetails]:
    """Return the seasons of a series with those of their episodes that are given."""
    by_season: dict[int, list[EpisodeDetails]] = {number: [] for number in facts.seasons}
    for each in episodes:
        by_season.setdefault(each.season, []).append(_episode(each))
    return [
        SeasonDetails(
            provider=SONARR,
            number=number,
            name="Specials" if number == 0 else f"Season {number}",
            images=()
            if number not in facts.season_posters
            else (ImageRef(type=ImageType.POSTER, provider=SONARR, source=facts.season_posters[number]),),
            air_date=min((each.air_date for each in of_season if each.air_date), default=None),
            episodes=tuple(of_season),
        )
        for number, of_season in sorted(by_season.items())
    ]


def ids_of(facts: TitleFacts) -> Mapping[IdProvider, str]:
    """Return the ids that are kept here."""
    return {IdProvider(provider): value for provider, value in facts.ids.items()}


def _described(shape: type[T], facts: TitleFacts, provider: str) -> T:
    """Return what films and series have in common."""
    return shape(
        provider=provider,
        ids=ids_of(facts),
        images=tuple(
            ImageRef(type=ImageType(picture.type), provider=provider, source=picture.url) for picture in facts.pictures
        ),
        title=facts.title,
        original_language=facts.original_language,
        year=facts.year,
        overview=facts.overview,
        status=facts.status,
        vote_average=facts.vote_average,
        vote_count=facts.vote_count,
        trailer_url=facts.trailer_url,
        homepage=facts.homepage,
        genres=facts.genres,
        ratings=tuple(Rating(source=score.source, value=score.value, votes=score.votes) for score in facts.scores),
        certifications={"US": facts.certification} if facts.certification else {},
    )


def _episode(facts: EpisodeFacts) -> EpisodeDetails:
    return EpisodeDetails(
        provider=SONARR,
        ids={IdProvider.TVDB: facts.tvdb_id} if facts.tvdb_id else {},
        images=(ImageRef(type=ImageType.STILL, provider=SONARR, source=facts.still),) if facts.still else (),
        season=facts.season,
        number=facts.number,
        absolute_number=facts.absolute_number,
        title=facts.title,
        overview=facts.overview,
        air_date=facts.air_date,
        runtime_min=facts.runtime_min,
    )
