"""Types at the edge of search: what may be asked, and what is answered."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema

from revenge.app.http.schemas import FilterText, Strict, WholeNumber
from revenge.infra.search.models import DEEPEST, MAX_PER_PAGE
from revenge.infra.search.schema import LONGEST_TEXT

MOST_SUGGESTIONS = 20


def _flag(value: object) -> object:
    # pydantic reads "yes", "on" and "1" as true; the published schema does not.
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value, value)
    return value


Sought = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")]
Values = Annotated[list[FilterText], Field(max_length=50)]
Libraries = Annotated[list[UUID], Field(max_length=200)]
Page = Annotated[int, Field(ge=1, le=DEEPEST), WholeNumber]
PerPage = Annotated[int, Field(ge=1, le=MAX_PER_PAGE), WholeNumber]
Few = Annotated[int, Field(ge=1, le=MOST_SUGGESTIONS), WholeNumber]
Year = Annotated[int, Field(ge=0, le=9999), WholeNumber]
Flag = Annotated[
    Literal[True, False] | None,
    BeforeValidator(_flag),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "null"}]}),
]
MovieOrder = Literal[
    "relevance",
    "popularity:desc",
    "popularity:asc",
    "vote_average:desc",
    "vote_average:asc",
    "release_date:desc",
    "release_date:asc",
    "library_added_at:desc",
    "library_added_at:asc",
    "title:desc",
    "title:asc",
]
TVShowOrder = Literal[
    "relevance",
    "popularity:desc",
    "popularity:asc",
    "vote_average:desc",
    "vote_average:asc",
    "first_air_date:desc",
    "first_air_date:asc",
    "library_added_at:desc",
    "library_added_at:asc",
    "title:desc",
    "title:asc",
]


class _Filters(Strict):
    """What films and series are narrowed by; of several values one has to fit, of several filters all."""

    genre: Values = Field(default=[], description="Slugs of genres.")
    year_from: Year | None = None
    year_to: Year | None = None
    has_file: Flag = None
    library: Libraries = Field(default=[], description="Only in these libraries, of those that you may see.")
    status: Values = Field(default=[])
    language: Values = Field(default=[], description="Original languages, ISO 639-1.")
    age_rating: Values = Field(default=[], description="Such as `US:PG-13`.")
    director: Values = Field(default=[])


class MovieFilters(_Filters):
    """What films are narrowed by."""

    q: Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")] = ""
    resolution: Values = Field(default=[])
    quality_profile: Values = Field(default=[])


class TVShowFilters(_Filters):
    """What series are narrowed by."""

    q: Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=r"^[^\x00]*$")] = ""
    type: Values = Field(default=[])
    network: Values = Field(default=[])


class _Paged(Strict):
    page: Page = Field(
        default=1, description=f"Pages reach {DEEPEST} hits: what is ranked is narrowed, not paged through."
    )
    per_page: PerPage = 20


class MovieSearch(MovieFilters, _Paged):
    """A search for films."""

    q: Sought
    sort_by: MovieOrder = "relevance"


class TVShowSearch(TVShowFilters, _Paged):
    """A search for series."""

    q: Sought
    sort_by: TVShowOrder = "relevance"


class PeopleSearch(_Paged):
    """A search for people."""

    q: Sought
    department: Values = Field(default=[])


class Suggestion(Strict):
    """What somebody has typed so far."""

    q: Sought
    limit: Few = 5


class HighlightOut(BaseModel):
    """Where words were found."""

    field: str
    snippet: str = Field(description="HTML: `<mark>` around the words, everything else escaped.")


class HitOut(BaseModel):
    """What was found."""

    document: dict[str, Any] = Field(description="`id` and the collection's fields; what is not known is left out.")
    score: float = Field(description="The higher the better; comparable within one answer alone.")
    highlights: list[HighlightOut]


class FacetValueOut(BaseModel):
    """How many hits have a value."""

    value: str
    count: int


class SearchOut(BaseModel):
    """A page of hits."""

    hits: list[HitOut]
    total_hits: int
    total_pages: int
    current_page: int
    next_page: int | None
    search_time_ms: int


class MultiSearchOut(BaseModel):
    """The best of everything."""

    movies: SearchOut
    tvshows: SearchOut
    episodes: SearchOut
    seasons: SearchOut
    people: SearchOut


class SuggestionsOut(BaseModel):
    """Titles that may be meant."""

    suggestions: list[str]


class MovieFacetsOut(BaseModel):
    """How many films have each value."""

    genres: list[FacetValueOut]
    years: list[FacetValueOut]
    status: list[FacetValueOut]
    directors: list[FacetValueOut]
    resolution: list[FacetValueOut]
    has_file: list[FacetValueOut]


class TVShowFacetsOut(BaseModel):
    """How many series have each value."""

    genres: list[FacetValueOut]
    years: list[FacetValueOut]
    status: list[FacetValueOut]
    type: list[FacetValueOut]
    networks: list[FacetValueOut]
    has_file: list[FacetValueOut]


class ReindexOut(BaseModel):
    """The job that builds the index anew."""

    message: str
    job_id: int
    duplicate: bool = Field(description="It was waiting or running already.")


class SearchTokenOut(BaseModel):
    """What a front end needs to ask the search server itself."""

    engine: str
    token: str | None = Field(description="Finds only what you may see; null: ask this API.")
    url: str | None
    expires_at: str | None
    collections: list[str]
