"""TMDb's answers as ours: pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from revenge.content.metadata.models import (
    CollectionRef,
    Credit,
    CreditType,
    EpisodeDetails,
    IdProvider,
    ImageRef,
    ImageType,
    MovieDetails,
    Network,
    PersonDetails,
    PersonRef,
    Rating,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
    TitleDetails,
    Translation,
)
from revenge.content.metadata.providers import tmdb_shapes as shapes

T = TypeVar("T", bound=TitleDetails)

NAME = "tmdb"
MOST_CREDITS = 100
"""Of cast and of crew: a film of today names a thousand, who would each be a person to keep."""
MOST_IMAGES = 10
"""Of each type."""
_FIRST_JOBS = ("Creator", "Director", "Screenplay", "Writer", "Novel", "Producer", "Original Music Composer")


def search_hit(found: shapes.Found) -> SearchHit:
    """Return what a search found."""
    day = found.release_date or found.first_air_date
    return SearchHit(
        provider=NAME,
        provider_id=str(found.id),
        title=found.title or found.name,
        original_title=found.original_title or found.original_name,
        year=day.year if day else None,
        overview=found.overview or None,
        popularity=found.popularity,
        ids={IdProvider.TMDB: str(found.id)},
    )


def movie(found: shapes.Movie, languages: Sequence[str]) -> MovieDetails:
    """Return a film."""
    said = found.belongs_to_collection
    return replace(
        _described(MovieDetails, found, found.title, languages),
        ids=_ids(found.id, found.external_ids, imdb=found.imdb_id),
        original_title=found.original_title or None,
        year=found.release_date.year if found.release_date else None,
        credits=tuple(_credits(found.credits)),
        certifications=_certifications(found.release_dates),
        release_date=found.release_date,
        runtime_min=found.runtime or None,
        budget=found.budget or None,
        revenue=found.revenue or None,
        collection=None
        if said is None
        else CollectionRef(
            name=said.name,
            ids={IdProvider.TMDB: str(said.id)},
            images=_first_of(ImageType.POSTER, said.poster_path) + _first_of(ImageType.BACKDROP, said.backdrop_path),
        ),
    )


def series(found: shapes.Series, languages: Sequence[str]) -> SeriesDetails:
    """Return a series and its seasons, without their episodes."""
    creators = tuple(
        shapes.Member(id=one.id, name=one.name, profile_path=one.profile_path, job="Creator", department="Writing")
        for one in found.created_by
    )
    said = found.credits.model_copy(update={"crew": (*creators, *found.credits.crew)})
    return replace(
        _described(SeriesDetails, found, found.name, languages),
        ids=_ids(found.id, found.external_ids),
        original_title=found.original_name or None,
        year=found.first_air_date.year if found.first_air_date else None,
        credits=tuple(_credits(said)),
        certifications={one.iso_3166_1: one.rating for one in found.content_ratings.results if one.rating},
        first_air_date=found.first_air_date,
        last_air_date=found.last_air_date,
        type=found.type or None,
        networks=tuple(Network(name=one.name, country=one.origin_country or None) for one in found.networks),
        seasons=tuple(season(one, languages) for one in found.seasons),
    )


def _described(shape: type[T], found: shapes.Title, title: str, languages: Sequence[str]) -> T:
    """Return what films and series have in common."""
    return shape(
        provider=NAME,
        title=title,
        original_language=_language(found.original_language),
        overview=found.overview or None,
        tagline=found.tagline or None,
        status=found.status or None,
        popularity=found.popularity,
        vote_average=found.vote_average if found.vote_count else None,
        vote_count=found.vote_count,
        trailer_url=_trailer(found.videos),
        homepage=found.homepage or None,
        genres=tuple(genre.name for genre in found.genres),
        ratings=_ratings(found),
        translations=tuple(_translations(found.translations, languages)),
        images=_title_images(found),
    )


def season(
    found: shapes.Season, languages: Sequence[str], others: Mapping[str, shapes.Season] | None = None
) -> SeasonDetails:
    """Return a season; ``others`` are the same in further languages, for its episodes' texts."""
    return SeasonDetails(
        provider=NAME,
        ids=_ids(found.id, found.external_ids),
        number=found.season_number,
        name=found.name or None,
        overview=found.overview or None,
        air_date=found.air_date,
        vote_average=found.vote_average or None,
        translations=tuple(_translations(found.translations, languages)),
        images=_images(ImageType.POSTER, found.poster_path, found.images.posters),
        episodes=tuple(episode(one, languages, _texts_of(one, others or {})) for one in found.episodes),
    )


def episode(found: shapes.Episode, languages: Sequence[str], further: Iterable[Translation] = ()) -> EpisodeDetails:
    """Return an episode with its guests and crew."""
    return EpisodeDetails(
        provider=NAME,
        ids=_ids(found.id, found.external_ids),
        season=found.season_number,
        number=found.episode_number,
        title=found.name or None,
        overview=found.overview or None,
        air_date=found.air_date,
        runtime_min=found.runtime or None,
        vote_average=found.vote_average if found.vote_count else None,
        vote_count=found.vote_count,
        production_code=found.production_code or None,
        credits=tuple(_credits(shapes.Credits(guest_stars=found.guest_stars, crew=found.crew))),
        translations=(*_translations(found.translations, languages), *further),
        images=_images(ImageType.STILL, found.still_path, found.images.stills),
    )


def person(found: shapes.Person, languages: Sequence[str]) -> PersonDetails:
    """Return a person."""
    return PersonDetails(
        provider=NAME,
        ids=_ids(found.id, found.external_ids, imdb=found.imdb_id),
        name=found.name,
        biography=found.biography or None,
        birth_date=found.birthday,
        death_date=found.deathday,
        birthplace=found.place_of_birth or None,
        known_for=found.known_for_department or None,
        popularity=found.popularity,
        translations=tuple(_translations(found.translations, languages)),
        images=_images(ImageType.PROFILE, found.profile_path, found.images.profiles),
    )


def _ids(tmdb: int, others: shapes.ExternalIds, *, imdb: str | None = None) -> dict[IdProvider, str]:
    said = {
        IdProvider.TMDB: str(tmdb),
        IdProvider.IMDB: others.imdb_id or imdb,
        IdProvider.TVDB: str(others.tvdb_id) if others.tvdb_id else None,
        IdProvider.WIKIDATA: others.wikidata_id,
    }
    return {provider: value for provider, value in said.items() if value}


def _language(code: str | None) -> str | None:
    return None if code in (None, "", "xx") else code  # xx: without words


def _translations(found: shapes.Translations, languages: Sequence[str]) -> Iterator[Translation]:
    """Return the wanted ones; of a language that several countries speak, the first that says something."""
    wanted = set(languages)
    seen = set()
    for one in found.translations:
        data, language = one.data, one.iso_639_1
        title, overview = data.title or data.name, data.overview or data.biography
        if language in wanted and language not in seen and (title or overview or data.tagline):
            seen.add(language)
            yield Translation(
                language=language, title=title or None, overview=overview or None, tagline=data.tagline or None
            )


def _texts_of(found: shapes.Episode, others: Mapping[str, shapes.Season]) -> Iterator[Translation]:
    for language, whole in others.items():
        for one in whole.episodes:
            if one.episode_number == found.episode_number and (one.name or one.overview):
                yield Translation(language=language, title=one.name or None, overview=one.overview or None)


def _ratings(found: shapes.Title) -> tuple[Rating, ...]:
    if not found.vote_average or not found.vote_count:
        return ()
    return (Rating(source=NAME, value=found.vote_average, votes=found.vote_count),)


def _certifications(found: shapes.Releases) -> dict[str, str]:
    said = ((country.iso_3166_1, one.certification) for country in found.results for one in country.release_dates)
    certifications: dict[str, str] = {}
    for country, certification in said:
        if certification:
            certifications.setdefault(country, certification)
    return certifications


def _trailer(found: shapes.Videos) -> str | None:
    keys = (one.key for one in found.results if one.site == "YouTube" and one.type == "Trailer")
    return next((f"https://www.youtube.com/watch?v={key}" for key in keys), None)


def _credits(found: shapes.Credits) -> Iterator[Credit]:
    cast = sorted(found.cast, key=lambda one: len(found.cast) if one.order is None else one.order)
    yield from (_credit(one, CreditType.CAST) for one in cast[:MOST_CREDITS])
    yield from (_credit(one, CreditType.GUEST_STAR) for one in found.guest_stars[:MOST_CREDITS])
    yield from (_credit(one, CreditType.CREW) for one in sorted(found.crew, key=_rank)[:MOST_CREDITS])


def _rank(member: shapes.Member) -> int:
    return _FIRST_JOBS.index(member.job) if member.job in _FIRST_JOBS else len(_FIRST_JOBS)


def _credit(member: shapes.Member, type: CreditType) -> Credit:
    image = _first_of(ImageType.PROFILE, member.profile_path)
    return Credit(
        person=PersonRef(name=member.name, ids={IdProvider.TMDB: str(member.id)}, image=image[0] if image else None),
        type=type,
        character=member.character or "",
        job=member.job or "",
        department=member.department or "",
    )


def _title_images(found: shapes.Title) -> tuple[ImageRef, ...]:
    return (
        *_images(ImageType.POSTER, found.poster_path, found.images.posters),
        *_images(ImageType.BACKDROP, found.backdrop_path, found.images.backdrops),
        *_images(ImageType.LOGO, None, found.images.logos),
    )


def _images(type: ImageType, chosen: str | None, found: Sequence[shapes.Picture]) -> tuple[ImageRef, ...]:
    """Return pictures of a type: the one that TMDb shows first, then as they come."""
    languages = {one.file_path: one.iso_639_1 for one in found}
    paths = dict.fromkeys([*([chosen] if chosen else []), *languages])
    return tuple(
        ImageRef(type=type, provider=NAME, source=path, language=languages.get(path) or None)
        for path in [*paths][:MOST_IMAGES]
    )


def _first_of(type: ImageType, path: str | None) -> tuple[ImageRef, ...]:
    return _images(type, path, ())
