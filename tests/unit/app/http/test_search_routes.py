"""Search over HTTP: typed filters, only what the caller may see, and rebuilds for administrators."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest

from revenge.app.http.access import Access
from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.principal import Principal
from revenge.app.http.services import ApiServices
from revenge.app.search import SearchService
from revenge.content.search.models import Group
from revenge.infra.jobs.models import InsertResult
from revenge.infra.search.errors import SearchRefused, SearchUnavailable
from revenge.infra.search.models import Collection, FacetValue, Found, Highlight, Hit, Query, Sort, Span
from revenge.infra.search.ports import SearchToken
from revenge.service.auth.models import Permission
from tests.fakes.jobs import FakeJobs
from tests.fakes.services import StoppedClock
from tests.unit.app.http.conftest import KEY

MINE, THEIRS, ANNA = UUID(int=1), UUID(int=2), UUID(int=9)
TOKEN = "rvg_a-token-of-anna"


class Engine:
    """Answers as it is told, and remembers what it was asked."""

    name = "fake"

    def __init__(self) -> None:
        self.asked: list[Query] = []
        self.fails: Exception | None = None

    async def search(self, query: Query) -> Found:
        self.asked.append(query)
        if self.fails is not None:
            raise self.fails
        hit = Hit(
            document={"id": "1", "title": "Heat", "name": "Heat"},
            score=1.5,
            highlights=[Highlight(field="title", snippet="<mark>Heat</mark>")],
        )
        facets: Mapping[str, Sequence[FacetValue]] = {name: [FacetValue("x", 2)] for name in query.facets}
        return Found(hits=[hit], total_hits=41, page=query.page, per_page=query.per_page, facets=facets)

    async def token(self, libraries: frozenset[UUID] | None, *, expires_at: datetime) -> SearchToken:
        seen = "all" if libraries is None else ",".join(map(str, sorted(libraries)))
        return SearchToken(engine=self.name, token=f"token for {seen}", url="http://search", expires_at=expires_at)


class Anna:
    """One account, that may see one library."""

    def is_token(self, text: str) -> bool:
        return text.startswith("rvg_")

    async def authenticate(self, token: str) -> Principal | None:
        return Principal(account_id=ANNA, username="anna", is_admin=False) if token == TOKEN else None

    async def libraries_of(self, account_id: UUID, permission: Permission) -> frozenset[UUID]:
        return frozenset({MINE})


class Reindexing:
    """Inserts a job; the second time it is there already."""

    def __init__(self, jobs: FakeJobs) -> None:
        self.asked: list[Group] = []

    async def reindex(self, group: Group) -> InsertResult:
        self.asked.append(group)
        job: Any = type("Row", (), {"id": 77})
        return InsertResult(job=job, duplicate=len(self.asked) > 1)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def reindexing(jobs: FakeJobs) -> Reindexing:
    return Reindexing(jobs)


def searching(services: ApiServices, engine: Engine | None, reindexing: Reindexing) -> ApiServices:
    search = SearchService(engine, clock=StoppedClock(), token_lifetime=timedelta(hours=1))  # type: ignore[arg-type]  # as much of an engine as is used
    return replace(services, search=search, reindexing=reindexing, authenticator=Anna(), access=Access(Anna()))


@pytest.fixture
async def api(services: ApiServices, engine: Engine, reindexing: Reindexing) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(searching(services, engine, reindexing), config=HttpConfig(api_key=KEY))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        yield client


ADMIN = {"X-API-Key": KEY}
AS_ANNA = {"Authorization": f"Bearer {TOKEN}"}


async def test_answer_has_the_go_server_s_shape(api: httpx2.AsyncClient) -> None:
    answer = await api.get("/search/movies", params={"q": "heat"}, headers=ADMIN)
    assert answer.status_code == 200
    assert answer.json() == {
        "hits": [
            {
                "document": {"id": "1", "title": "Heat", "name": "Heat"},
                "score": 1.5,
                "highlights": [{"field": "title", "snippet": "<mark>Heat</mark>"}],
            }
        ],
        "total_hits": 41,
        "total_pages": 3,
        "current_page": 1,
        "next_page": 2,
        "search_time_ms": 0,
    }


async def test_filters_are_fields_by_their_names(api: httpx2.AsyncClient, engine: Engine) -> None:
    """W43: a filter in the engine's own language went through as it was."""
    await api.get(
        "/search/movies",
        params={
            "q": "heat",
            "genre": ["crime", "drama"],
            "year_from": 1990,
            "has_file": "true",
            "resolution": "2160p",
            "sort_by": "title:asc",
            "page": 2,
            "per_page": 10,
        },
        headers=ADMIN,
    )
    assert engine.asked == [
        Query(
            collection=Collection.MOVIES,
            text="heat",
            any_of={"genre_slugs": ["crime", "drama"], "resolution": ["2160p"]},
            spans={"year": Span(low=1990)},
            flags={"has_file": True},
            sort=Sort(field="sort_title", descending=False),
            page=2,
            per_page=10,
        )
    ]


@pytest.mark.parametrize(
    "params",
    [
        {"q": "heat", "filter_by": "id:!=1"},
        {"q": "heat", "sort_by": "_eval(x)"},
        {"q": "heat", "sort_by": "first_air_date:desc"},
        {"q": "heat", "has_file": "yes"},
        {"q": "heat", "page": "1.0"},
        {"q": "heat", "per_page": "101"},
        {"q": ""},
        {"q": "x" * 201},
        {"q": "a\0b"},
        {"q": "heat", "library": "none"},
        {},
    ],
)
async def test_what_is_not_offered_is_refused(api: httpx2.AsyncClient, engine: Engine, params: dict[str, str]) -> None:
    """W43."""
    answer = await api.get("/search/movies", params=params, headers=ADMIN)
    assert answer.status_code == 422
    assert engine.asked == []


async def test_page_that_is_too_far_is_not_there(api: httpx2.AsyncClient, engine: Engine) -> None:
    answer = await api.get("/search/movies", params={"q": "heat", "page": 600, "per_page": 100}, headers=ADMIN)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:revenge:problem:unknown-page")
    assert engine.asked == []


async def test_account_finds_only_what_is_in_its_libraries(api: httpx2.AsyncClient, engine: Engine) -> None:
    """W43: there was no limit by library."""
    for path in ("/search/movies", "/search/tvshows", "/search/people", "/search/multi", "/search/movies/autocomplete"):
        assert (await api.get(path, params={"q": "heat"}, headers=AS_ANNA)).status_code == 200
    for path in ("/search/movies/facets", "/search/tvshows/facets"):
        assert (await api.get(path, headers=AS_ANNA)).status_code == 200
    assert {query.libraries for query in engine.asked} == {frozenset({MINE})}
    assert len(engine.asked) == 11


async def test_library_that_is_asked_for_widens_nothing(api: httpx2.AsyncClient, engine: Engine) -> None:
    wanted = {"q": "heat", "library": [str(MINE), str(THEIRS)]}
    await api.get("/search/movies", params=wanted, headers=AS_ANNA)
    await api.get("/search/movies", params=wanted, headers=ADMIN)
    await api.get("/search/movies", params={"q": "heat", "library": str(THEIRS)}, headers=AS_ANNA)
    assert [query.libraries for query in engine.asked] == [frozenset({MINE}), frozenset({MINE, THEIRS}), frozenset()]


async def test_facets_have_the_go_server_s_names(api: httpx2.AsyncClient) -> None:
    movies = (await api.get("/search/movies/facets", headers=ADMIN)).json()
    assert movies.keys() == {"genres", "years", "status", "directors", "resolution", "has_file"}
    tvshows = (await api.get("/search/tvshows/facets", headers=ADMIN)).json()
    assert tvshows.keys() == {"genres", "years", "status", "type", "networks", "has_file"}
    assert movies["years"] == [{"value": "x", "count": 2}]


async def test_suggestions_are_titles_each_once(api: httpx2.AsyncClient, engine: Engine) -> None:
    answer = await api.get("/search/tvshows/autocomplete", params={"q": "he", "limit": 20}, headers=ADMIN)
    assert answer.json() == {"suggestions": ["Heat"]}
    assert (engine.asked[0].titles_only, engine.asked[0].per_page) == (True, 20)


async def test_everything_at_once_has_every_collection(api: httpx2.AsyncClient) -> None:
    answer = (await api.get("/search/multi", params={"q": "heat"}, headers=ADMIN)).json()
    assert list(answer) == ["movies", "tvshows", "seasons", "episodes", "people"]


@pytest.mark.parametrize("failure", [SearchUnavailable("http://secret-host is away"), SearchRefused("wrong key")])
async def test_engine_that_is_away_is_503_and_its_address_stays_here(
    api: httpx2.AsyncClient, engine: Engine, failure: Exception
) -> None:
    engine.fails = failure
    for path in ("/search/movies", "/search/multi"):
        answer = await api.get(path, params={"q": "heat"}, headers=ADMIN)
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:revenge:problem:search-unavailable")
        assert "secret" not in answer.text
        assert answer.headers["Retry-After"]


async def test_search_that_is_off_is_503(services: ApiServices, reindexing: Reindexing) -> None:
    app = create_app(searching(services, None, reindexing))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        answer = await client.get("/search/people", params={"q": "al"})
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:revenge:problem:search-disabled")


async def test_rebuild_returns_the_job_that_does_it(api: httpx2.AsyncClient, reindexing: Reindexing) -> None:
    """W43, W01: the Go server returned a random id that no job had."""
    first = await api.post("/search/reindex", headers=ADMIN)
    again = await api.post("/search/tvshows/reindex", headers=ADMIN)
    assert (first.status_code, first.json()["job_id"], first.json()["duplicate"]) == (202, 77, False)
    assert first.headers["Location"] == "/api/v1/jobs/77"
    assert again.json()["duplicate"] is True
    assert reindexing.asked == [Group.MOVIES, Group.TVSHOWS]


@pytest.mark.parametrize("path", ["/search/reindex", "/search/tvshows/reindex"])
async def test_rebuild_is_for_administrators(api: httpx2.AsyncClient, reindexing: Reindexing, path: str) -> None:
    """W43: nobody looked who asked."""
    assert (await api.post(path, headers=AS_ANNA)).status_code == 403
    assert (await api.post(path)).status_code == 401
    assert reindexing.asked == []


async def test_token_sees_what_its_owner_may_see(api: httpx2.AsyncClient) -> None:
    answer = (await api.post("/search/token", headers=AS_ANNA)).json()
    assert answer["token"] == f"token for {MINE}"
    assert datetime.fromisoformat(answer["expires_at"]) > datetime(2020, 1, 1, tzinfo=UTC)
    assert (await api.post("/search/token", headers=ADMIN)).json()["token"] == "token for all"
