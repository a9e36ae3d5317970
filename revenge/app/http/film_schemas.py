"""Types at the edge: films, collections, people, and items with what they may be."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StrictBool, StringConstraints, model_validator

from revenge.app.http.library_schemas import FileOut, Language
from revenge.app.http.schemas import FilterText, PageQuery, Strict
from revenge.content.metadata.models import IdProvider
from revenge.content.movie.models import MatchState, MovieOrder

ProviderId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=20, pattern=r"^[A-Za-z0-9]+$")]
Slug = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]+$")]


class MoviesQuery(PageQuery):
    """Which films, in which order."""

    library_id: UUID | None = None
    genre: Slug | None = Field(default=None, description="A genre's slug.")
    year: Annotated[int, Field(ge=1800, le=3000)] | None = None
    collection_id: UUID | None = None
    title: FilterText | None = Field(default=None, description="A part of the title.")
    order: MovieOrder = MovieOrder.ADDED


class ItemsQuery(PageQuery):
    """Which items."""

    state: MatchState = MatchState.UNMATCHED


class RefreshWanted(Strict):
    """How to refresh."""

    languages: Annotated[list[Language], Field(max_length=20)] = Field(
        default=[], description="Before those of the libraries that have it."
    )


class MergeWanted(Strict):
    """What to merge into the film."""

    movies: Annotated[list[UUID], Field(min_length=1, max_length=50)] = Field(
        description="Films that are the same; they go, and all that is theirs moves."
    )


class ItemChoice(Strict):
    """What an item is: exactly one of the members."""

    candidate: Annotated[int, Field(ge=1, le=100)] | None = Field(default=None, description="A candidate's position.")
    provider: IdProvider | None = Field(default=None, description="Whose `id` it is.")
    id: ProviderId | None = None
    movie_id: UUID | None = Field(default=None, description="A film of ours.")
    ignore: StrictBool = Field(default=False, description="It is to be left alone.")
    undo: StrictBool = Field(default=False, description="Forget the choice, and match it anew.")

    @model_validator(mode="after")
    def _is_one(self) -> "ItemChoice":
        if (self.provider is None) != (self.id is None):
            message = "provider and id belong together"
            raise ValueError(message)
        given = [self.candidate is not None, self.id is not None, self.movie_id is not None, self.ignore, self.undo]
        if sum(given) != 1:
            message = "exactly one of candidate, provider with id, movie_id, ignore and undo must be given"
            raise ValueError(message)
        return self


class GenreOut(BaseModel):
    """A genre."""

    slug: str
    name: str


class MovieSummaryOut(BaseModel):
    """A film, as lists show it."""

    id: UUID
    title: str
    original_title: str | None
    year: int | None
    runtime_min: int | None
    overview: str | None
    vote_average: float | None
    popularity: float | None
    is_local: bool = Field(description="Known by names and NFO files alone; no provider has identified it.")
    genres: list[GenreOut]
    images: dict[str, UUID] = Field(description="By type, the picture that is shown: see `/images/{id}`.")
    added_at: datetime


class MovieListOut(BaseModel):
    """A page of films."""

    movies: list[MovieSummaryOut]
    next_cursor: str | None


class CreditOut(BaseModel):
    """What somebody did."""

    person_id: UUID
    name: str
    character: str
    job: str
    department: str
    image: UUID | None


class MovieFileOut(FileOut):
    """A file of a film, with its streams once it was read."""

    streams: dict[str, list[dict[str, Any]]] | None


class VersionOut(BaseModel):
    """One cut in one quality: a file, or the parts of a stack."""

    item_id: UUID | None
    library_id: UUID
    edition: str | None
    resolution: str | None
    duration_s: float | None
    size_bytes: int
    files: list[MovieFileOut]


class CollectionRefOut(BaseModel):
    """The series of films that a film belongs to."""

    id: UUID
    name: str


class MovieOut(BaseModel):
    """A film with all that is known of it."""

    id: UUID
    title: str
    original_title: str | None
    original_language: str | None
    year: int | None
    release_date: str | None
    runtime_min: int | None
    overview: str | None
    tagline: str | None
    status: str | None
    budget: int | None
    revenue: int | None
    popularity: float | None
    vote_average: float | None
    vote_count: int | None
    trailer_url: str | None
    homepage: str | None
    is_local: bool
    metadata_provider: str | None
    metadata_updated_at: datetime | None
    added_at: datetime
    updated_at: datetime
    ids: dict[str, str]
    genres: list[GenreOut]
    ratings: list[dict[str, Any]]
    certifications: dict[str, str]
    translations: list[dict[str, Any]]
    images: dict[str, UUID]
    all_images: list[dict[str, Any]]
    cast: list[CreditOut]
    crew: list[CreditOut]
    collection: CollectionRefOut | None
    versions: list[VersionOut]


class EnqueuedRefreshOut(BaseModel):
    """The job that refreshes."""

    job_id: int


class CollectionOut(BaseModel):
    """A series of films."""

    id: UUID
    name: str
    overview: str | None
    images: dict[str, UUID]


class CollectionListOut(BaseModel):
    """A page of collections."""

    collections: list[CollectionOut]
    next_cursor: str | None


class CollectionDetailOut(CollectionOut):
    """A collection with its films, the first page of them."""

    movies: list[MovieSummaryOut]
    next_cursor: str | None


class PersonCreditOut(BaseModel):
    """A film or a series that somebody had to do with."""

    entity_id: UUID
    kind: str
    title: str
    year: int | None
    type: str
    character: str
    job: str


class PersonOut(BaseModel):
    """A person, with films and series."""

    id: UUID
    name: str
    biography: str | None
    birth_date: str | None
    death_date: str | None
    birthplace: str | None
    known_for: str | None
    popularity: float | None
    metadata_provider: str | None
    metadata_updated_at: datetime | None
    created_at: datetime
    updated_at: datetime
    ids: dict[str, str]
    images: dict[str, UUID]
    translations: list[dict[str, Any]]
    credits: list[PersonCreditOut]


class CandidateOut(BaseModel):
    """What an item may be, and why."""

    position: int
    provider: str
    provider_id: str
    title: str
    year: int | None
    score: float
    evidence: dict[str, Any]


class ItemOut(BaseModel):
    """What files tell of a film or an episode, and what it was found to be."""

    id: UUID
    library_id: UUID
    kind: str
    title: str
    year: int | None
    season: int | None
    episodes: list[int]
    state: MatchState
    confidence: float | None
    evidence: dict[str, Any] | None
    error: str | None
    matched_at: datetime | None
    movie_id: UUID | None
    series_id: UUID | None
    files: list[dict[str, str]] = Field(description="A few of its files.")
    candidates: list[CandidateOut]


class ItemListOut(BaseModel):
    """A page of items."""

    items: list[ItemOut]
    next_cursor: str | None


class ChosenOut(BaseModel):
    """An item after a choice."""

    item: ItemOut
    job_id: int | None = Field(description="The job that matches it anew, after an undo.")
