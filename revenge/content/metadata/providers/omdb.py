"""OMDb: what IMDb, Metacritic and Rotten Tomatoes think of a film or a series."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from revenge.content.metadata.answers import KeptAnswers
from revenge.content.metadata.errors import SourceBusy, UnknownTitle
from revenge.content.metadata.models import (
    IdProvider,
    Ids,
    MovieDetails,
    Rating,
    SeriesDetails,
)
from revenge.content.metadata.providers.provider import Provider
from revenge.infra.http.caller import Caller
from revenge.infra.http.errors import Refused

NAME = "omdb"
_SOURCES = {"Internet Movie Database": "imdb", "Rotten Tomatoes": "rottentomatoes", "Metacritic": "metacritic"}
_USED_UP = b"limit reached"
_A_WHILE = timedelta(hours=1)
"""Its limit is per day, and it does not say when the day begins."""


class _Rated(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str = Field(alias="Source")
    value: str = Field(alias="Value")


class _Title(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    response: Literal["True", "False"] = Field(alias="Response")
    error: str = Field("", alias="Error")
    title: str = Field("", alias="Title")
    rated: str = Field("", alias="Rated")
    released: str = Field("", alias="Released")
    plot: str = Field("", alias="Plot")
    ratings: tuple[_Rated, ...] = Field((), alias="Ratings")
    imdb_votes: str = Field("", alias="imdbVotes")
    imdb_id: str = Field("", alias="imdbID")


class Omdb(Provider):
    """Adds ratings to what others describe, by IMDb's id."""

    name: ClassVar[str] = NAME
    describes: ClassVar[bool] = False

    def __init__(self, caller: Caller, answers: KeptAnswers) -> None:
        self._caller = caller
        self._answers = answers

    async def movie(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> MovieDetails:
        """Return a film's ratings."""
        found = await self._title(ids, fresh)
        day = _day(found.released)
        return MovieDetails(
            provider=NAME,
            title=found.title,
            year=day.year if day else None,
            overview=_said(found.plot),
            ratings=tuple(_ratings(found)),
            certifications={"US": found.rated} if _said(found.rated) else {},
            release_date=day,
        )

    async def series(self, ids: Ids, *, languages: Sequence[str], fresh: bool) -> SeriesDetails:
        """Return a series' ratings."""
        found = await self._title(ids, fresh)
        day = _day(found.released)
        return SeriesDetails(
            provider=NAME,
            title=found.title,
            year=day.year if day else None,
            overview=_said(found.plot),
            ratings=tuple(_ratings(found)),
            certifications={"US": found.rated} if _said(found.rated) else {},
            first_air_date=day,
        )

    async def _title(self, ids: Ids, fresh: bool) -> _Title:
        if (imdb_id := ids.get(IdProvider.IMDB)) is None:
            raise UnknownTitle(f"{NAME} is asked by IMDb's id, which is not known")

        async def fetch() -> _Title:
            try:
                found = await self._caller.get("/", TypeAdapter(_Title), params={"i": imdb_id, "plot": "full"})
            except Refused as error:
                if _USED_UP in error.body:
                    await self._caller.rest(_A_WHILE)
                    raise SourceBusy(f"{NAME}: the day's requests are used up", retry_after=_A_WHILE) from error
                raise
            if found.response == "False":
                raise UnknownTitle(f"{NAME}: {found.error or 'no such title'}")
            return found

        keep = self._answers.keep.titles
        return await self._answers.ask(NAME, f"i={imdb_id}", _Title, fetch, keep=keep, fresh=fresh)


def _ratings(found: _Title) -> Iterator[Rating]:
    for one in found.ratings:
        source, value = _SOURCES.get(one.source), one.value.rstrip("%").partition("/")[0]
        if source is not None and value.replace(".", "", 1).isdigit():
            votes = found.imdb_votes.replace(",", "") if source == "imdb" else ""
            yield Rating(source=source, value=float(value), votes=int(votes) if votes.isdigit() else None)


def _said(text: str) -> str | None:
    return None if text in ("", "N/A") else text


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d %b %Y").replace(tzinfo=UTC).date()
    except ValueError:
        return None
