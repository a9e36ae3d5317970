"""TVmaze: series in English, without a key."""

import html
import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, ClassVar, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from revenge.content.metadata.answers import KeptAnswers
from revenge.content.metadata.errors import UnknownTitle
from revenge.content.metadata.models import (
    Credit,
    CreditType,
    EpisodeDetails,
    IdProvider,
    Ids,
    ImageRef,
    ImageType,
    Network,
    PersonDetails,
    PersonRef,
    Rating,
    SearchHit,
    SeasonDetails,
    SeriesDetails,
)
from revenge.content.metadata.providers.provider import Provider
from revenge.infra.http.caller import Caller, Params

NAME = "tvmaze"
_TAG = re.compile(r"<[^>]*>")
_LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "japanese": "ja", "italian": "it", "korean": "ko",
    "portuguese": "pt", "dutch": "nl", "swedish": "sv", "danish": "da", "norwegian": "no", "finnish": "fi",
    "polish": "pl", "russian": "ru", "turkish": "tr", "chinese": "zh", "czech": "cs", "hebrew": "he", "hindi": "hi",
    "arabic": "ar", "thai": "th", "ukrainian": "uk",
}  # fmt: skip
_Day = Annotated[date | None, BeforeValidator(lambda value: value or None)]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class _Image(_Shape):
    original: str | None = None


class _Country(_Shape):
    code: str | None = None


class _Network(_Shape):
    name: str
    country: _Country | None = None


class _Rating(_Shape):
    average: float | None = None


class _Externals(_Shape):
    thetvdb: int | None = None
    imdb: str | None = None


class _Person(_Shape):
    id: int
    name: str
    image: _Image | None = None
    birthday: _Day = None
    deathday: _Day = None
    country: _Network | None = None


class _Character(_Shape):
    name: str


class _Part(_Shape):
    person: _Person
    character: _Character


class _Season(_Shape):
    id: int
    number: int
    name: str | None = None
    summary: str | None = None
    premiere_date: _Day = Field(None, alias="premiereDate")
    image: _Image | None = None


class _Embedded(_Shape):
    cast: tuple[_Part, ...] = ()
    seasons: tuple[_Season, ...] = ()


class _Show(_Shape):
    id: int
    name: str
    type: str | None = None
    language: str | None = None
    genres: tuple[str, ...] = ()
    status: str | None = None
    premiered: _Day = None
    ended: _Day = None
    official_site: str | None = Field(None, alias="officialSite")
    rating: _Rating = _Rating()
    weight: float | None = None
    network: _Network | None = None
    web_channel: _Network | None = Field(None, alias="webChannel")
    externals: _Externals = _Externals()
    image: _Image | None = None
    summary: str | None = None
    embedded: _Embedded = Field(_Embedded(), alias="_embedded")


class _Hit(_Shape):
    score: float = 0.0
    show: _Show


class _Hits(_Shape):
    hits: tuple[_Hit, ...] = ()


class _Episode(_Shape):
    id: int
    season: int
    number: int | None = None
    name: str | None = None
    airdate: _Day = None
    runtime: int | None = None
    rating: _Rating = _Rating()
    image: _Image | None = None
    summary: str | None = None


class _Episodes(_Shape):
    episodes: tuple[_Episode, ...] = ()


T = TypeVar("T", bound=_Shape)


class TvMaze(Provider):
    """Series, their seasons and episodes, and who plays in them."""

    name: ClassVar[str] = NAME

    def __init__(self, caller: Caller, answers: KeptAnswers) -> None:
        self._caller = caller
        self._answers = answers

    async def search_series(self, title: str, *, year: int | None, language: str) -> Sequence[SearchHit]:
        """Return series that may be meant."""

        async def fetch() -> _Hits:
            return _Hits(
                hits=await self._caller.get("/search/shows", TypeAdapter(tuple[_Hit, ...]), params={"q": title})
            )

        keep = self._answers.keep.searches
        found = await self._answers.ask(NAME, f"/search/shows?q={title}", _Hits, fetch, keep=keep)
        return [_search_hit(hit) for hit in found.hits]

    async def series(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> SeriesDetails:
        """Return a series."""
        path = f"/shows/{await self._id(ids)}"
        return _series(await self._ask(path, _Show, {"embed[]": ("cast", "seasons")}, fresh=fresh))

    async def season(self, ids: Ids, number: int, *, languages: Sequence[str], fresh: bool) -> SeasonDetails:
        """Return a season: TVmaze tells of all episodes at once, so that a series costs two requests."""
        tvmaze_id = await self._id(ids)
        episodes = [one for one in await self._episodes(tvmaze_id, fresh) if one.season == number]
        show = await self.series({IdProvider.TVMAZE: tvmaze_id}, languages=languages, fresh=False)
        said = next((season for season in show.seasons if season.number == number), None)
        if said is None and not episodes:
            raise UnknownTitle(f"{NAME} knows no season {number} of {tvmaze_id}")
        return SeasonDetails(
            provider=NAME,
            ids=said.ids if said else {},
            number=number,
            name=said.name if said else None,
            overview=said.overview if said else None,
            air_date=said.air_date if said else None,
            images=said.images if said else (),
            episodes=tuple(episodes),
        )

    async def episode(
        self, ids: Ids, season: int, number: int, *, languages: Sequence[str], fresh: bool
    ) -> EpisodeDetails:
        """Return an episode."""
        tvmaze_id = await self._id(ids)
        for one in await self._episodes(tvmaze_id, fresh):
            if (one.season, one.number) == (season, number):
                return one
        raise UnknownTitle(f"{NAME} knows no episode {season}x{number} of {tvmaze_id}")

    async def person(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> PersonDetails:
        """Return a person."""
        if (own := ids.get(IdProvider.TVMAZE)) is None:
            raise UnknownTitle(f"{NAME} is asked for people by an id of its own")
        found = await self._ask(f"/people/{own}", _Person, {}, fresh=fresh)
        return PersonDetails(
            provider=NAME,
            ids={IdProvider.TVMAZE: str(found.id)},
            name=found.name,
            birth_date=found.birthday,
            death_date=found.deathday,
            birthplace=found.country.name if found.country else None,
            images=_images(ImageType.PROFILE, found.image),
        )

    async def _episodes(self, tvmaze_id: str, fresh: bool) -> Sequence[EpisodeDetails]:
        path = f"/shows/{tvmaze_id}/episodes"

        async def fetch() -> _Episodes:
            found = await self._caller.get(path, TypeAdapter(tuple[_Episode, ...]), params={"specials": 1})
            return _Episodes(episodes=found)

        keep = self._answers.keep.titles
        found = await self._answers.ask(NAME, path, _Episodes, fetch, keep=keep, fresh=fresh)
        return list(_numbered(found.episodes))

    async def _id(self, ids: Ids) -> str:
        """Return TVmaze's own id, which it is asked for where only another's is known."""
        if own := ids.get(IdProvider.TVMAZE):
            return own
        for provider, name in ((IdProvider.TVDB, "thetvdb"), (IdProvider.IMDB, "imdb")):
            if other := ids.get(provider):
                return str((await self._ask("/lookup/shows", _Show, {name: other})).id)
        raise UnknownTitle(f"{NAME} is asked by an id of its own, TVDb's or IMDb's, and knows none of these")

    async def _ask(self, path: str, shape: type[T], params: Params, *, fresh: bool = False) -> T:
        key = f"{path}?" + "&".join(f"{name}={value}" for name, value in sorted(params.items()))

        async def fetch() -> T:
            return await self._caller.get(path, TypeAdapter(shape), params=params)

        return await self._answers.ask(NAME, key, shape, fetch, keep=self._answers.keep.titles, fresh=fresh)


def _search_hit(hit: _Hit) -> SearchHit:
    show = hit.show
    return SearchHit(
        provider=NAME,
        provider_id=str(show.id),
        title=show.name,
        year=show.premiered.year if show.premiered else None,
        overview=_plain(show.summary),
        popularity=show.weight,
        ids=_show_ids(show),
    )


def _show_ids(show: _Show) -> dict[IdProvider, str]:
    said = {
        IdProvider.TVMAZE: str(show.id),
        IdProvider.TVDB: str(show.externals.thetvdb) if show.externals.thetvdb else None,
        IdProvider.IMDB: show.externals.imdb,
    }
    return {provider: value for provider, value in said.items() if value}


def _series(show: _Show) -> SeriesDetails:
    channels = [one for one in (show.network, show.web_channel) if one]
    average = show.rating.average
    return SeriesDetails(
        provider=NAME,
        ids=_show_ids(show),
        title=show.name,
        original_language=_LANGUAGES.get((show.language or "").lower()),
        year=show.premiered.year if show.premiered else None,
        overview=_plain(show.summary),
        status=show.status,
        homepage=show.official_site,
        genres=show.genres,
        credits=tuple(_cast(show.embedded.cast)),
        ratings=() if average is None else (Rating(source=NAME, value=average),),
        images=_images(ImageType.POSTER, show.image),
        first_air_date=show.premiered,
        last_air_date=show.ended,
        type=show.type,
        networks=tuple(Network(name=one.name, country=one.country.code if one.country else None) for one in channels),
        seasons=tuple(
            SeasonDetails(
                provider=NAME,
                ids={IdProvider.TVMAZE: str(one.id)},
                number=one.number,
                name=one.name or None,
                overview=_plain(one.summary),
                air_date=one.premiere_date,
                images=_images(ImageType.POSTER, one.image),
            )
            for one in show.embedded.seasons
        ),
    )


def _cast(cast: Sequence[_Part]) -> Iterator[Credit]:
    for one in cast:
        image = _images(ImageType.PROFILE, one.person.image)
        yield Credit(
            person=PersonRef(
                name=one.person.name,
                ids={IdProvider.TVMAZE: str(one.person.id)},
                image=image[0] if image else None,
            ),
            type=CreditType.CAST,
            character=one.character.name,
        )


def _numbered(found: Sequence[_Episode]) -> Iterator[EpisodeDetails]:
    """Return episodes; specials have no number, so that they are counted into season 0 as they were shown."""
    specials = 0
    for one in found:
        season, number = one.season, one.number
        if number is None:
            specials += 1
            season, number = 0, specials
        yield EpisodeDetails(
            provider=NAME,
            ids={IdProvider.TVMAZE: str(one.id)},
            season=season,
            number=number,
            title=one.name or None,
            overview=_plain(one.summary),
            air_date=one.airdate,
            runtime_min=one.runtime or None,
            vote_average=one.rating.average,
            images=_images(ImageType.STILL, one.image),
        )


def _images(type: ImageType, image: _Image | None) -> tuple[ImageRef, ...]:
    if image is None or not image.original:
        return ()
    return (ImageRef(type=type, provider=NAME, source=image.original),)


def _plain(text: str | None) -> str | None:
    return html.unescape(_TAG.sub("", text)).strip() or None if text else None
