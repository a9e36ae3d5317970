"""Types at the edge: series, seasons, episodes, and what people say files are."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from revenge.app.http.schemas import JsonValue, PageQuery, Strict
from revenge.content.metadata.models import IdProvider

LanguageCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]
ProviderId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100, pattern=r"^[A-Za-z0-9-]+$")]
Position = Annotated[int, Field(strict=True, ge=0, le=100)]
# JSON has no UUIDs: they come as text.
Id = Annotated[UUID, Field(strict=False)]


Images = Annotated[dict[str, str], Field(description="By type, the id of the picture that is shown.")]


class RatingOut(BaseModel):
    """How somebody's readers find it."""

    source: str
    value: float
    votes: int | None


class TranslationOut(BaseModel):
    """What it is called and told in a language."""

    language: str
    title: str | None
    overview: str | None
    tagline: str | None


class UnmatchedQuery(PageQuery):
    """Which series that could not be matched to list."""

    library_id: UUID


class RefreshIn(Strict):
    """How a series is refreshed."""

    languages: list[LanguageCode] = Field(
        default=[], max_length=20, description="ISO 639-1; without any those of the libraries and the settings."
    )
    seasons: StrictBool = Field(default=True, description="With its seasons.")
    episodes: StrictBool = Field(default=True, description="With the episodes of its seasons.")


class RefreshAllIn(Strict):
    """How all series are refreshed."""

    force: StrictBool = Field(default=False, description="Ask about those of which somebody was asked lately, too.")
    refresh_images: StrictBool = Field(default=False, description="Fetch pictures again that are there.")


class MergeIn(Strict):
    """Which series are the same as this one."""

    series_ids: list[Id] = Field(min_length=1, max_length=100)


class ChosenId(Strict):
    """A series as a provider calls it."""

    provider: IdProvider = Field(strict=False)
    value: ProviderId


class ChoiceIn(Strict):
    """What items are: exactly one of `series_id`, `external_id`, `candidate`, `episode_id`, `ignore` and `undo`."""

    item_ids: list[Id] = Field(min_length=1, max_length=1000)
    series_id: Id | None = None
    external_id: ChosenId | None = Field(default=None, description="It is made when nobody knows it yet.")
    candidate: Position | None = Field(default=None, description="What the first item may be, by position.")
    episode_id: Id | None = Field(default=None, description="These items are this episode, whatever their names say.")
    ignore: StrictBool = Field(default=False, description="They are to be left alone.")
    undo: StrictBool = Field(default=False, description="Forget what was chosen, and match them again.")
    whole_series: StrictBool = Field(
        default=True, description="All files of the same series are meant, those that come later too."
    )


class MatchIn(Strict):
    """How what a library has is matched again."""

    library_id: Id
    force: StrictBool = Field(default=False, description="What was matched, too; what a person chose stays.")


class JobOut(BaseModel):
    """A job that was enqueued, or that waits or runs already."""

    job_id: int


class JobsOut(BaseModel):
    """The jobs that do it, one a library."""

    job_ids: list[int]


class SeasonOut(BaseModel):
    """A season; 0 is that of the specials."""

    id: str
    series_id: str
    number: int
    name: str | None
    overview: str | None
    air_date: str | None
    vote_average: float | None
    episode_count: int
    metadata_updated_at: str | None
    images: Images


class SeriesOut(BaseModel):
    """A series."""

    id: str
    title: str
    original_title: str | None
    original_language: str | None
    year: int | None
    first_air_date: str | None
    last_air_date: str | None
    overview: str | None
    tagline: str | None
    status: str | None
    type: str | None
    popularity: float | None
    vote_average: float | None
    vote_count: int | None
    trailer_url: str | None
    homepage: str | None
    genres: list[str]
    networks: list[str]
    ids: dict[str, str] = Field(description="What providers call it; empty where none has identified it.")
    library_ids: list[str]
    season_count: int
    episode_count: int = Field(description="That are known, with or without a file.")
    episode_file_count: int = Field(description="That a library has.")
    metadata_provider: str | None
    metadata_updated_at: str | None
    added_at: str
    images: Images


class CreditOut(BaseModel):
    """What a person did."""

    person_id: str
    name: str
    type: str
    character: str
    job: str
    department: str
    image: str | None = Field(description="The id of the person's picture.")


class Told(BaseModel):
    """What hangs on a series or an episode."""

    credits: list[CreditOut]
    ratings: list[RatingOut]
    certifications: dict[str, str] = Field(description="By country, ISO 3166-1.")
    translations: list[TranslationOut]


class SeriesDetailOut(SeriesOut, Told):
    """A series with its seasons and its people."""

    seasons: list[SeasonOut]


class SeriesListOut(BaseModel):
    """Series, newest first."""

    series: list[SeriesOut]
    next_cursor: str | None


class EpisodeOut(BaseModel):
    """An episode."""

    id: str
    series_id: str
    season_id: str
    season_number: int
    number: int
    absolute_number: int | None
    title: str | None
    overview: str | None
    air_date: str | None
    runtime_min: int | None
    vote_average: float | None
    vote_count: int | None
    production_code: str | None
    has_file: bool
    metadata_updated_at: str | None
    added_at: str
    images: Images


class SeasonDetailOut(SeasonOut):
    """A season with its episodes."""

    episodes: list[EpisodeOut]


class EpisodeFileOut(BaseModel):
    """A file that holds an episode, perhaps others too."""

    id: str
    library_id: str
    path: str
    path_b64: str | None = Field(default=None, description="Where the path is no UTF-8.")
    size_bytes: int
    state: str
    part: int | None
    resolution: str | None
    duration_s: float | None


class EpisodeDetailOut(EpisodeOut, Told):
    """An episode with its files, its guests and its crew."""

    files: list[EpisodeFileOut]


class CandidateOut(BaseModel):
    """What a series that could not be matched may be."""

    position: int
    provider: str
    provider_id: str
    title: str
    year: int | None
    score: float
    evidence: dict[str, JsonValue]


class UnmatchedOut(BaseModel):
    """Items of one series that could not be matched."""

    library_id: str
    title: str
    year: int | None
    item_id: str = Field(description="One of them: what is chosen for it is chosen for all.")
    item_count: int
    error: str | None
    candidates: list[CandidateOut]


class UnmatchedListOut(BaseModel):
    """Series that could not be matched."""

    unmatched: list[UnmatchedOut]
    next_cursor: str | None
