"""Typesense alone: its tokens see what they may, and whatever it does becomes one of our errors."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from uuid_utils.compat import uuid7

from revenge.infra.search.errors import SearchRefused, SearchUnavailable
from revenge.infra.search.models import Collection, Query
from revenge.infra.search.typesense import TypesenseSearch
from revenge.infra.search.typesense_calls import TypesenseCalls
from tests.fakes import typesense_server
from tests.fakes.wire import Say, WireServer, wire_server
from tests.integration.infra.search.conftest import World, film

MOVIES = Collection.MOVIES
QUERY = Query(collection=MOVIES, text="heat")


@pytest.fixture
async def typesense(typesense_url: str) -> AsyncIterator[TypesenseSearch]:
    calls = TypesenseCalls(url=typesense_url, api_key=typesense_server.KEY, timeout=timedelta(seconds=10))
    engine = TypesenseSearch(calls, prefix=f"t{uuid.uuid4().hex[:8]}_", public_url="https://search.example")
    yield engine
    await engine.close()


async def ask(url: str, token: str, collection: str, **params: Any) -> httpx2.Response:
    async with httpx2.AsyncClient() as http:
        return await http.get(
            f"{url}/collections/{collection}/documents/search",
            params={"q": "*", "query_by": "title", **params},
            headers={"X-TYPESENSE-API-KEY": token},
        )


async def test_token_finds_what_its_owner_may_see_whatever_is_asked_with_it(
    typesense: TypesenseSearch, typesense_url: str
) -> None:
    """W43: there was no limit by library, and no key that a browser could have."""
    mine, theirs = uuid7(), uuid7()
    await World(typesense).have(MOVIES, film("Mine", libraries=[mine]), film("Theirs", libraries=[theirs]))
    token = await typesense.token(frozenset({mine}), expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert token.url == "https://search.example"
    assert token.token is not None
    collection = token.collections[0]
    assert [hit["document"]["title"] for hit in (await ask(typesense_url, token.token, collection)).json()["hits"]] == [
        "Mine"
    ]
    for filter_by in (f"library_ids:=[`{theirs}`]", f"library_ids:=[`{theirs}`] || popularity:>=0"):
        answer = await ask(typesense_url, token.token, collection, filter_by=filter_by)
        assert "Theirs" not in [hit["document"]["title"] for hit in answer.json()["hits"]]
    async with httpx2.AsyncClient(headers={"X-TYPESENSE-API-KEY": token.token}) as http:
        assert (await http.get(f"{typesense_url}/collections/{collection}/documents/export")).status_code == 401
        assert (await http.delete(f"{typesense_url}/collections/{collection}")).status_code == 401
        assert (await http.get(f"{typesense_url}/keys")).status_code == 401


async def test_token_of_nobody_s_libraries_finds_nothing_and_of_all_everything(
    typesense: TypesenseSearch, typesense_url: str
) -> None:
    await World(typesense).have(MOVIES, film("Heat", libraries=[uuid7()]), film("Nowhere"))
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    for libraries, expected in ((frozenset[UUID](), 0), (None, 2)):
        token = await typesense.token(libraries, expires_at=expires_at)
        assert token.token is not None
        answer = await ask(typesense_url, token.token, token.collections[0])
        assert answer.json()["found"] == expected


async def test_token_ends_when_it_says(typesense: TypesenseSearch, typesense_url: str) -> None:
    await World(typesense).have(MOVIES, film("Heat"))
    token = await typesense.token(None, expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert token.token is not None
    assert (await ask(typesense_url, token.token, token.collections[0])).status_code == 401


async def test_wrong_key_is_final_and_stays_out_of_the_text(typesense_url: str) -> None:
    secret = "a wrong key that is secret"
    engine = TypesenseSearch(TypesenseCalls(url=typesense_url, api_key=secret, timeout=timedelta(seconds=5)))
    with pytest.raises(SearchRefused) as refused:
        await engine.check()
    assert secret not in str(refused.value)
    await engine.close()


@pytest.fixture
async def wire() -> AsyncIterator[WireServer]:
    async with wire_server() as server:
        yield server


@pytest.fixture
async def lonely(wire: WireServer) -> AsyncIterator[TypesenseSearch]:
    """An engine whose server says what a test wants."""
    engine = TypesenseSearch(TypesenseCalls(url=wire.url, api_key="k" * 20, timeout=timedelta(milliseconds=500)))
    yield engine
    await engine.close()


GARBAGE = [
    Say(status=500, body=b"oops"),
    Say(status=503, body=b'{"message": "Not Ready or Lagging"}'),
    Say(status=429, body=b"slow down"),
    Say(status=302, headers={"location": "http://127.0.0.1:1/elsewhere"}),
    Say(body=b"<html>not what you think</html>"),
    Say(body=b'{"results": []}'),
    Say(body=b"[]"),
    Say(body=b"null"),
    Say(body=b'{"results": [{"code": 500, "error": "no"}]}'),
    Say(body=b'{"results"', length=1000),
    Say(raw=b""),
    Say(raw=b"SSH-2.0-OpenSSH\r\n"),
]


@pytest.mark.parametrize("say", GARBAGE, ids=lambda say: f"{say.status} {(say.raw or say.body)[:12]!r}")
async def test_whatever_a_server_answers_that_is_no_answer_is_worth_another_try(
    wire: WireServer, lonely: TypesenseSearch, say: Say
) -> None:
    wire.answer(say)
    with pytest.raises(SearchUnavailable):
        await lonely.search(QUERY)
    with pytest.raises(SearchUnavailable):
        await lonely.fill(MOVIES, [film("Heat")], build=uuid7())


async def test_server_that_is_too_slow_is_worth_another_try(wire: WireServer, lonely: TypesenseSearch) -> None:
    wire.answer(Say(hold=asyncio.Event()))
    async with asyncio.timeout(20):
        with pytest.raises(SearchUnavailable):
            await lonely.search(QUERY)


async def test_server_that_is_not_there_is_worth_another_try() -> None:
    engine = TypesenseSearch(TypesenseCalls(url="http://127.0.0.1:9", api_key="k" * 20, timeout=timedelta(seconds=1)))
    with pytest.raises(SearchUnavailable):
        await engine.search(QUERY)
    await engine.close()


async def test_answer_for_fewer_documents_than_were_sent_is_no_answer(
    wire: WireServer, lonely: TypesenseSearch
) -> None:
    """W42: what the server said of single documents was not looked at."""
    wire.answer(Say(body=b'{"success":true}'))
    with pytest.raises(SearchUnavailable):
        await lonely.fill(MOVIES, [film("Heat"), film("Ronin")], build=uuid7())


async def test_nobody_is_followed_elsewhere(wire: WireServer, lonely: TypesenseSearch) -> None:
    async with wire_server() as other:
        wire.answer(Say(status=307, headers={"location": f"{other.url}/multi_search"}))
        with pytest.raises(SearchUnavailable):
            await lonely.search(QUERY)
        assert other.asked == []


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"num_documents": "x"}', b"[1]"])
async def test_garbage_about_collections_is_worth_another_try(
    wire: WireServer, lonely: TypesenseSearch, body: bytes
) -> None:
    wire.answer(Say(body=body))
    with pytest.raises(SearchUnavailable):
        await lonely.state(MOVIES)
    with pytest.raises(SearchUnavailable):
        await lonely.members(Collection.EPISODES, [uuid7()])
