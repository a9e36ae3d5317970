"""Films, people, items and deleted libraries over HTTP, on a real database."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from revenge.app.enqueue import PersonQueue
from revenge.app.forgetting import EntityChildren, LibraryGraves
from revenge.app.http.access import Access
from revenge.app.http.app import create_app
from revenge.app.http.film_schemas import (
    ChosenOut,
    CollectionDetailOut,
    CollectionListOut,
    ItemListOut,
    MovieListOut,
    MovieOut,
    PersonOut,
)
from revenge.app.http.film_services import FilmServices
from revenge.app.http.services import ApiServices
from revenge.content.library.repository import LibraryRepository
from revenge.content.library.service import LibraryService
from revenge.content.metadata.models import CollectionRef, Credit, CreditType, IdProvider, MovieDetails, PersonRef
from revenge.content.metadata.people import People
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.jobs import FakeJobs
from tests.fakes.metadata_source import FakeSource
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness
from tests.integration.content.library.conftest import Jobs, Recorder
from tests.integration.content.movie.conftest import Films, make_library

HEAT = MovieDetails(
    provider="tmdb",
    ids={IdProvider.TMDB: "949"},
    title="Heat",
    year=1995,
    genres=("Crime",),
    credits=(
        Credit(
            person=PersonRef(name="Al Pacino", ids={IdProvider.TMDB: "1158"}), type=CreditType.CAST, character="Hanna"
        ),
        Credit(person=PersonRef(name="Michael Mann"), type=CreditType.CREW, job="Director"),
    ),
    collection=CollectionRef(name="Heats", ids={IdProvider.TMDB: "1"}),
)


class NoPersonEvents:
    async def refreshed(self, conn: object, person_id: UUID, merged: object) -> None: ...


@pytest.fixture
async def films(pool: asyncpg.Pool) -> Films:
    return Films(pool, await make_library(pool, "films"), FakeSource(HEAT))


@pytest.fixture
async def http(pool: asyncpg.Pool, films: Films) -> AsyncIterator[httpx2.AsyncClient]:
    repository = LibraryRepository(pool)
    libraries = LibraryService(pool, jobs=Jobs(), events=Recorder())
    services = ApiServices(
        client=FakeJobs(),
        libraries=libraries,
        counts=repository,
        readiness=FakeReadiness(),
        metrics=FakeMetrics(),
        view=VIEW,
        access=Access(),
        films=FilmServices(
            films=films.service,
            people=People(
                pool, source=FakeSource(), events=NoPersonEvents(), jobs=PersonQueue(Client(pool)), clock=SystemClock()
            ),
            descriptions=EntityChildren(pool),
            deleted=LibraryGraves(libraries, repository, features=[films.service]),
        ),
    )
    transport = httpx2.ASGITransport(create_app(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as client:
        yield client


@pytest.fixture
async def heat(films: Films) -> UUID:
    """A film of which all is known."""
    item_id = await films.add("Heat", 1995, resolution="1080p")
    await films.match_all()
    movie_id: UUID = (await films.film_of(item_id))["id"]
    await films.refresher.refresh(movie_id)
    return movie_id


async def test_a_film_is_shown_with_all_that_is_known_of_it(http: httpx2.AsyncClient, heat: UUID) -> None:
    shown = (await http.get(f"/movies/{heat}")).json()
    MovieOut.model_validate(shown)
    assert (shown["title"], shown["ids"], shown["genres"]) == (
        "Heat", {"tmdb": "949"}, [{"slug": "crime", "name": "Crime"}],
    )  # fmt: skip
    assert [(each["name"], each["character"]) for each in shown["cast"]] == [("Al Pacino", "Hanna")]
    assert [(each["name"], each["job"]) for each in shown["crew"]] == [("Michael Mann", "Director")]
    assert [(version["resolution"], len(version["files"])) for version in shown["versions"]] == [("1080p", 1)]
    listed = (await http.get("/movies", params={"genre": "crime", "order": "title"})).json()
    MovieListOut.model_validate(listed)
    assert [movie["id"] for movie in listed["movies"]] == [str(heat)]


async def test_a_person_and_a_collection_are_shown_with_their_films(http: httpx2.AsyncClient, heat: UUID) -> None:
    movie = (await http.get(f"/movies/{heat}")).json()
    person = (await http.get(f"/people/{movie['cast'][0]['person_id']}")).json()
    PersonOut.model_validate(person)
    assert [(each["title"], each["character"]) for each in person["credits"]] == [("Heat", "Hanna")]
    collections = (await http.get("/collections")).json()
    CollectionListOut.model_validate(collections)
    assert [each["name"] for each in collections["collections"]] == ["Heats"]
    collection = (await http.get(f"/collections/{movie['collection']['id']}")).json()
    CollectionDetailOut.model_validate(collection)
    assert [each["title"] for each in collection["movies"]] == ["Heat"]


async def test_a_refresh_is_202_with_its_job(http: httpx2.AsyncClient, films: Films, heat: UUID) -> None:
    answer = await http.post(f"/movies/{heat}/refresh", json={"languages": ["de"]})
    assert (answer.status_code, answer.json()) == (202, {"job_id": 1})
    assert answer.headers["location"] == "/api/v1/jobs/1"
    assert films.queue.jobs == [("refresh", heat, True, ("de",))]


async def test_a_film_that_is_deleted_can_be_added_again(
    http: httpx2.AsyncClient, films: Films, heat: UUID
) -> None:  # W28
    assert (await http.delete(f"/movies/{heat}")).status_code == 204
    assert (await http.get(f"/movies/{heat}")).status_code == 404
    items = (await http.get(f"/libraries/{films.library_id}/unmatched", params={"state": "ignored"})).json()
    ItemListOut.model_validate(items)
    item = items["items"][0]["id"]
    undone = await http.post(f"/libraries/{films.library_id}/items/{item}/match", json={"undo": True})
    ChosenOut.model_validate(undone.json())
    assert undone.json()["job_id"] is not None
    await films.match(UUID(item))
    assert (await http.get("/movies")).json()["movies"][0]["title"] == "Heat"


async def test_an_item_that_waits_is_matched_by_hand(http: httpx2.AsyncClient, films: Films) -> None:  # W22
    item_id = await films.add("Heet & Co.")
    await films.match_all()
    waiting = (await http.get(f"/libraries/{films.library_id}/unmatched")).json()
    assert [item["title"] for item in waiting["items"]] == ["Heet & Co."]
    address = f"/libraries/{films.library_id}/items/{item_id}/match"
    chosen = (await http.post(address, json={"provider": "tmdb", "id": "949"})).json()
    assert (chosen["item"]["state"], chosen["job_id"]) == ("manual", None)
    assert (await http.get(f"/libraries/{films.library_id}/unmatched")).json()["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"candidate": 1, "ignore": True},
        {"provider": "tmdb"},
        {"id": "1"},
        {"provider": "tmdb", "id": "a/b"},
        {"movie_id": "x"},
        {"undo": "yes"},
        {"colour": "red"},
    ],
)
async def test_a_choice_that_is_none_is_422(http: httpx2.AsyncClient, films: Films, body: dict[str, object]) -> None:
    item_id = await films.add("Heat", 1995)
    answer = await http.post(f"/libraries/{films.library_id}/items/{item_id}/match", json=body)
    assert answer.status_code == 422
    assert (await films.item(item_id))["match_state"] == "pending"


async def test_what_is_not_there_is_404(http: httpx2.AsyncClient, films: Films) -> None:
    nobody = uuid4()
    for path in ("movies", "collections", "people"):
        assert (await http.get(f"/{path}/{nobody}")).status_code == 404
    assert (await http.get("/movies", params={"cursor": "x"})).status_code == 404
    assert (await http.get(f"/libraries/{nobody}/unmatched")).status_code == 404
    for call in ("refresh", "merge"):
        answer = await http.post(f"/movies/{nobody}/{call}", json={"movies": [str(uuid4())]} if call == "merge" else {})
        assert (answer.status_code, answer.json()["type"]) == (404, "urn:revenge:problem:movie-not-found")
    address = f"/libraries/{films.library_id}/items/{nobody}/match"
    assert (await http.post(address, json={"ignore": True})).json()["type"] == "urn:revenge:problem:item-not-found"


async def test_films_are_merged(http: httpx2.AsyncClient, films: Films, heat: UUID) -> None:
    other = await films.add("Heat again", tmdb_id=7)
    await films.match_all()
    gone = (await films.film_of(other))["id"]
    merged = (await http.post(f"/movies/{heat}/merge", json={"movies": [str(gone)]})).json()
    MovieOut.model_validate(merged)
    assert len(merged["versions"]) == 2


async def test_a_deleted_library_hides_what_it_holds_and_comes_back_with_it(  # W20
    http: httpx2.AsyncClient, films: Films, heat: UUID
) -> None:
    address = f"/libraries/{films.library_id}"
    assert (await http.post(f"{address}/restore")).status_code == 404
    assert (await http.delete(address)).status_code == 204
    assert (await http.get("/movies")).json()["movies"] == []
    assert (await http.get(f"/movies/{heat}")).status_code == 404
    assert (await http.post(f"{address}/restore")).json()["name"] == "films"
    assert (await http.get(f"/movies/{heat}")).status_code == 200


async def test_a_forgotten_library_is_gone_with_what_it_held(
    http: httpx2.AsyncClient, films: Films, heat: UUID
) -> None:  # W20
    address = f"/libraries/{films.library_id}"
    await films.pool.execute("INSERT INTO revenge.match_choice VALUES ($1, 'heat', $2)", films.library_id, heat)
    assert (await http.post(f"{address}/forget")).status_code == 404
    await http.delete(address)
    assert await films.count("match_choice") == 1
    assert (await http.post(f"{address}/forget")).status_code == 204
    assert (await http.post(f"{address}/restore")).status_code == 404
    assert await films.count() == 0
    assert await films.count("library_item") == 0
    assert await films.count("match_choice") == 0


async def test_a_library_whose_name_was_taken_meanwhile_is_restored_by_a_new_one_alone(
    http: httpx2.AsyncClient, films: Films
) -> None:
    address = f"/libraries/{films.library_id}"
    await http.delete(address)
    other = await make_library(films.pool, "other")
    await films.pool.execute("UPDATE revenge.library SET name = 'films' WHERE id = $1", other)
    answer = await http.post(f"{address}/restore")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:revenge:problem:library-name-taken")
    assert (await http.post(f"{address}/restore", json={"name": ""})).status_code == 422
    assert (await http.post(f"{address}/restore", json={"name": " "})).status_code == 422
    answer = await http.post(f"{address}/restore", json={"name": "Old films"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Old films")


async def test_a_list_asks_as_much_for_many_films_as_for_one(http: httpx2.AsyncClient, films: Films) -> None:
    asked: list[str] = []

    async def statements_for() -> int:
        asked.clear()
        await http.get("/movies")
        return len(asked)

    connections = [await films.pool.acquire() for _ in range(8)]
    for conn in connections:
        conn.add_query_logger(lambda record: asked.append(record.query))
        await films.pool.release(conn)
    await films.add("Film 1", tmdb_id=1)
    await films.match_all()
    one = await statements_for()
    for number in range(2, 40):
        await films.add(f"Film {number}", tmdb_id=number)
    await films.match_all()
    assert 0 < await statements_for() == one
