"""Who may do what over HTTP: the gate tells accounts apart, and a route is for administrators unless it says otherwise."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest
from fastapi import FastAPI, Request
from starlette.responses import Response

from revenge.app.http.access import OPEN, Access, open_to_accounts
from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.middleware import PUBLIC_PATHS
from revenge.app.http.principal import NOBODY, SERVER, Principal, principal_of
from revenge.app.http.refusals import ProblemError
from revenge.app.http.responses import json_response
from revenge.app.http.services import ApiServices
from revenge.content.library.errors import LibraryNotFound
from revenge.service.auth.models import Permission

KEY = "a-key-that-nobody-guesses"
PERSON = Principal(account_id=uuid4(), username="ada", is_admin=False, session_id=uuid4())
ADMIN = Principal(account_id=uuid4(), username="root", is_admin=True)


class FakeAccounts:
    """Two people; every other token of this form is known to nobody."""

    def __init__(self) -> None:
        self.known = {"rvs_person": PERSON, "rvk_admin": ADMIN}
        self.fails: Exception | None = None

    def is_token(self, text: str) -> bool:
        return text.startswith(("rvs_", "rvk_"))

    async def authenticate(self, token: str) -> Principal | None:
        if self.fails:
            raise self.fails
        return self.known.get(token)


class FakeRights:
    """One person, some libraries."""

    def __init__(self, **libraries: UUID) -> None:
        self._libraries = libraries

    async def libraries_of(self, account_id: UUID, permission: Permission) -> frozenset[UUID]:
        found = self._libraries.get(permission.value)
        return frozenset() if found is None or account_id != PERSON.account_id else frozenset({found})


@pytest.fixture
def accounts() -> FakeAccounts:
    return FakeAccounts()


def with_probes(app: FastAPI) -> FastAPI:
    """Add two routes that say who calls, one of them open to accounts."""

    @app.get("/api/v1/closed")
    async def closed(request: Request) -> Response:
        return json_response({"username": principal_of(request).username})

    @app.get("/api/v1/open")
    @open_to_accounts
    async def opened(request: Request) -> Response:
        return json_response({"username": principal_of(request).username})

    return app


@pytest.fixture
async def guarded(services: ApiServices, accounts: FakeAccounts) -> AsyncIterator[httpx2.AsyncClient]:
    app = with_probes(create_app(replace(services, authenticator=accounts), config=HttpConfig(api_key=KEY)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost/api/v1") as client:
        yield client


@pytest.fixture
async def loopback(services: ApiServices, accounts: FakeAccounts) -> AsyncIterator[httpx2.AsyncClient]:
    app = with_probes(create_app(replace(services, authenticator=accounts)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost/api/v1") as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_account_calls_what_is_open_to_it_and_nothing_else(guarded: httpx2.AsyncClient) -> None:
    opened = await guarded.get("/open", headers=bearer("rvs_person"))
    closed = await guarded.get("/closed", headers=bearer("rvs_person"))
    assert (opened.status_code, opened.json()) == (200, {"username": "ada"})
    assert (closed.status_code, closed.json()["type"]) == (403, "urn:revenge:problem:forbidden")


async def test_administrator_calls_everything_with_a_key_in_either_header(guarded: httpx2.AsyncClient) -> None:
    for headers in (bearer("rvk_admin"), {"X-API-Key": "rvk_admin"}):
        assert (await guarded.get("/closed", headers=headers)).json() == {"username": "root"}


async def test_server_s_key_is_nobody_s_account_and_may_do_everything(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get("/closed", headers=bearer(KEY))).json() == {"username": None}


@pytest.mark.parametrize("headers", [{}, bearer("rvs_stale"), bearer("nonsense"), {"X-API-Key": ""}])
async def test_unknown_callers_are_refused_alike(guarded: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    for path in ("/open", "/closed"):
        refused = await guarded.get(path, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:revenge:problem:key-required")


async def test_loopback_without_a_key_stays_an_administrator_s(loopback: httpx2.AsyncClient) -> None:
    assert (await loopback.get("/closed")).status_code == 200
    assert (await loopback.get("/closed", headers={"Cookie": "revenge_session=of-a-key-that-was"})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [bearer("whatever"), bearer(""), {"X-API-Key": "whatever"}, {"X-API-Key": ""}, {"Authorization": "Token whatever"}],
)
async def test_credentials_that_nobody_knows_are_refused_on_loopback_too(
    loopback: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    for path in ("/open", "/closed"):
        refused = await loopback.get(path, headers=headers)
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:revenge:problem:key-required")
        assert "without any" in refused.json()["detail"]


async def test_passwords_that_a_proxy_asks_for_are_no_credentials_of_ours(loopback: httpx2.AsyncClient) -> None:
    assert (await loopback.get("/closed", headers={"Authorization": "Basic cHJveHk6cHJveHk="})).status_code == 200


@pytest.mark.parametrize("key", [None, KEY])
async def test_description_says_that_any_call_may_be_forbidden(services: ApiServices, key: str | None) -> None:
    app = create_app(services, config=HttpConfig(api_key=key))
    for path, operations in app.openapi()["paths"].items():
        for method, told in operations.items():
            assert "403" in told["responses"], (method, path)
            assert path in PUBLIC_PATHS or "401" in told["responses"], (method, path)


async def test_token_that_has_run_out_does_not_make_an_administrator_on_loopback(loopback: httpx2.AsyncClient) -> None:
    assert (await loopback.get("/closed", headers=bearer("rvs_stale"))).status_code == 401
    assert (await loopback.get("/closed", headers=bearer("rvs_person"))).status_code == 403


async def test_database_that_is_away_is_no_wrong_key(guarded: httpx2.AsyncClient, accounts: FakeAccounts) -> None:
    accounts.fails = asyncpg.ConnectionDoesNotExistError("gone")
    refused = await guarded.get("/open", headers=bearer("rvs_person"))
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")


async def test_every_route_of_the_api_is_closed_unless_it_says_that_it_is_open(
    services: ApiServices, accounts: FakeAccounts
) -> None:
    """W43: no route that only administrators may call can be forgotten; the paths are those of /openapi.json."""
    app = create_app(replace(services, authenticator=accounts), config=HttpConfig(api_key=KEY))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as http:
        for path, operations in app.openapi()["paths"].items():
            if path in PUBLIC_PATHS:
                continue
            for method, told in operations.items():
                url = path
                for name in ("{periodic_id}", "{name}", "{key}"):
                    url = url.replace(name, "some-name")
                called = url.replace("{job_id}", "1")
                while "{" in called:
                    head, _, tail = called.partition("{")
                    called = f"{head}{uuid4()}{tail.partition('}')[2]}"
                nobody = await http.request(method, called)
                assert nobody.status_code == 401, (method, path)
                person = await http.request(method, called, headers=bearer("rvs_person"))
                assert person.status_code != 401, (method, path)
                assert person.status_code == 403 or OPEN in told["description"], (method, path, person.status_code)
                assert "403" in operations[method]["responses"], (method, path)


async def test_administrators_see_every_library() -> None:
    access = Access(FakeRights())
    assert await access.visible_libraries(SERVER) is None
    assert await access.visible_libraries(ADMIN) is None
    await access.require(ADMIN, uuid4(), Permission.MANAGE)


async def test_nobody_sees_any_library() -> None:
    assert await Access(FakeRights(view=uuid4())).visible_libraries(NOBODY) == frozenset()


async def test_library_out_of_sight_is_not_there_at_all() -> None:
    seen, hidden = uuid4(), uuid4()
    access = Access(FakeRights(view=seen))
    assert await access.visible_libraries(PERSON) == frozenset({seen})
    await access.require(PERSON, seen)
    with pytest.raises(LibraryNotFound):
        await access.require(PERSON, hidden)
    with pytest.raises(LibraryNotFound):
        await access.require(PERSON, hidden, Permission.MANAGE)


async def test_permission_to_see_is_no_permission_to_manage() -> None:
    seen = uuid4()
    with pytest.raises(ProblemError) as refused:
        await Access(FakeRights(view=seen, download=seen)).require(PERSON, seen, Permission.MANAGE)
    assert refused.value.status == 403
