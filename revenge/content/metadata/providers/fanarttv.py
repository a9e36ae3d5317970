"""Fanart.tv: logos, posters and backdrops."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, TypeAdapter

from revenge.content.metadata.answers import KeptAnswers
from revenge.content.metadata.errors import UnknownTitle
from revenge.content.metadata.models import (
    IdProvider,
    Ids,
    ImageRef,
    ImageType,
    MovieDetails,
    SeriesDetails,
)
from revenge.content.metadata.providers.provider import Provider
from revenge.infra.http.caller import Caller

NAME = "fanarttv"
MOST_IMAGES = 10
"""Of each type."""


class _Picture(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    url: str
    lang: str | None = None


class _Title(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    hdmovielogo: tuple[_Picture, ...] = ()
    movielogo: tuple[_Picture, ...] = ()
    movieposter: tuple[_Picture, ...] = ()
    moviebackground: tuple[_Picture, ...] = ()
    hdtvlogo: tuple[_Picture, ...] = ()
    clearlogo: tuple[_Picture, ...] = ()
    tvposter: tuple[_Picture, ...] = ()
    showbackground: tuple[_Picture, ...] = ()


class FanartTv(Provider):
    """Adds pictures to what others describe: of films by TMDb's id, of series by TVDb's."""

    name: ClassVar[str] = NAME
    describes: ClassVar[bool] = False

    def __init__(self, caller: Caller, answers: KeptAnswers) -> None:
        self._caller = caller
        self._answers = answers

    async def movie(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> MovieDetails:
        """Return a film's pictures."""
        found = await self._title("/movies", ids.get(IdProvider.TMDB) or ids.get(IdProvider.IMDB), fresh)
        return MovieDetails(
            provider=NAME,
            title=found.name,
            images=(
                *_images(ImageType.POSTER, found.movieposter, languages),
                *_images(ImageType.BACKDROP, found.moviebackground, languages),
                *_images(ImageType.LOGO, (*found.hdmovielogo, *found.movielogo), languages),
            ),
        )

    async def series(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> SeriesDetails:
        """Return a series' pictures."""
        found = await self._title("/tv", ids.get(IdProvider.TVDB), fresh)
        return SeriesDetails(
            provider=NAME,
            title=found.name,
            images=(
                *_images(ImageType.POSTER, found.tvposter, languages),
                *_images(ImageType.BACKDROP, found.showbackground, languages),
                *_images(ImageType.LOGO, (*found.hdtvlogo, *found.clearlogo), languages),
            ),
        )

    async def _title(self, path: str, id: str | None, fresh: bool) -> _Title:
        if id is None:
            raise UnknownTitle(f"{NAME} is asked by TMDb's or TVDb's id, which is not known")
        asked = f"{path}/{id}"

        async def fetch() -> _Title:
            return await self._caller.get(asked, TypeAdapter(_Title))

        keep = self._answers.keep.titles
        return await self._answers.ask(NAME, asked, _Title, fetch, keep=keep, fresh=fresh)


def _images(type: ImageType, found: Sequence[_Picture], languages: Sequence[str]) -> tuple[ImageRef, ...]:
    """Return pictures without words and those in the wanted languages; Fanart.tv calls the former ``00``, or nothing."""
    refs = (
        ImageRef(type=type, provider=NAME, source=one.url, language=None if one.lang in (None, "", "00") else one.lang)
        for one in found
    )
    return tuple(ref for ref in refs if ref.language is None or ref.language in languages)[:MOST_IMAGES]
