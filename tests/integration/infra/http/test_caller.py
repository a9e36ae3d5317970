"""Calls over a real socket, to a server that behaves as badly as servers do."""

import asyncio
import gzip
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from revenge.infra.http.caller import Called, Caller
from revenge.infra.http.config import Bounds, Breaker, Rate, ServiceConfig
from revenge.infra.http.errors import (
    CallFailed,
    CircuitOpen,
    LedAway,
    Nonsense,
    NotThere,
    Refused,
    TooMany,
    Unavailable,
)
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.services import StoppedClock
from tests.fakes.wire import Say, WireServer, wire_server

ANY: TypeAdapter[Any] = TypeAdapter(Any)

KEY = "sesame-open-sesame"


class Film(BaseModel):
    id: int


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with wire_server() as server:
        yield server


@pytest.fixture
async def other() -> AsyncIterator[WireServer]:
    async with wire_server() as server:
        yield server


def caller(server: WireServer, *, clock: Any = None, seen: list[Called] | None = None, **changes: Any) -> Caller:
    clock = clock or SystemClock()
    config = ServiceConfig(
        name="tmdb",
        base_url=f"{server.url}/3",
        params={"api_key": KEY},
        headers={"x-token": KEY},
        **{"bounds": Bounds(read=timedelta(seconds=5), total=timedelta(seconds=10)), **changes},
    )
    on_call = None if seen is None else seen.append
    return Caller(config, traffic=LocalTraffic(clock), clock=clock, on_call=on_call)


async def test_a_call_carries_the_service_s_keys_and_the_caller_s_query(server: WireServer) -> None:
    server.answer(Say(body=b'{"id": 603}'))
    seen: list[Called] = []
    async with caller(server, seen=seen) as tmdb:
        film = await tmdb.get("/movie/603", TypeAdapter(Film), params={"language": "en", "adult": False})
    assert film.id == 603
    (asked,) = server.asked
    assert asked.path == "/3/movie/603"
    assert asked.query == {"api_key": [KEY], "language": ["en"], "adult": ["false"]}
    assert asked.headers["x-token"] == KEY
    assert [(call.service, call.outcome) for call in seen] == [("tmdb", "ok")]


async def test_a_path_cannot_change_the_query_or_climb(server: WireServer) -> None:
    async with caller(server) as tmdb:
        await tmdb.get("/find/a?b#c%2F", ANY)
        assert server.asked[0].path == "/3/find/a%3Fb%23c%252F"
        for path in ("movie", "/../admin", "/movie/../../x"):
            with pytest.raises(ValueError, match="does not climb"):
                await tmdb.get(path, ANY)


@pytest.mark.parametrize(
    ("say", "kind"),
    [
        (Say(status=404), NotThere),
        (Say(status=401, body=b'{"status_message": "Invalid API key"}'), Refused),
        (Say(status=429, headers={"retry-after": "3"}), TooMany),
        (Say(status=503, headers={"retry-after": "3"}), TooMany),
        (Say(status=500, body=b"<html>"), Unavailable),
        (Say(body=b'{"id": 1', length=500), Unavailable),
        (Say(raw=b""), Unavailable),
        (Say(raw=b"SMTP ready\r\n\r\n"), Unavailable),
        (Say(body=b"<html>log in</html>"), Nonsense),
        (Say(body=b'{"id": "x"}'), Nonsense),
        (Say(body=b'{"id": NaN}'), Nonsense),
        (Say(body=b"{}"), Nonsense),
        (Say(body=b"not gzip", headers={"content-encoding": "gzip"}), Nonsense),
        (Say(status=302, headers={"location": "http://127.0.0.1:1/"}), LedAway),
        (Say(status=302, headers={"location": "/3/again"}), LedAway),
        (Say(status=302, headers={"location": "http://127.0.0.1:port/"}), Nonsense),
    ],
)
async def test_each_fault_has_its_error_and_none_tells_the_key(
    server: WireServer, say: Say, kind: type[CallFailed], caplog: pytest.LogCaptureFixture
) -> None:
    server.answer(say)
    caplog.set_level(logging.INFO)
    async with caller(server) as tmdb:
        with pytest.raises(CallFailed) as raised:
            await tmdb.get("/movie/1", TypeAdapter(Film))
    assert type(raised.value) is kind
    assert KEY not in repr(raised.value) + str(raised.value) + caplog.text
    assert raised.value.__cause__ is None
    assert KEY not in repr(tmdb._config)


async def test_nobody_there_is_unavailable() -> None:
    async with wire_server() as gone:
        pass
    async with caller(gone) as tmdb:
        with pytest.raises(Unavailable):
            await tmdb.get("/movie/1", ANY)


async def test_redirects_within_the_service_are_followed_with_its_keys(server: WireServer) -> None:
    server.answer(Say(status=301, headers={"location": "/3/movie/603-the-matrix"}), Say(body=b'{"id": 603}'))
    async with caller(server) as tmdb:
        assert await tmdb.get("/movie/603", ANY) == {"id": 603}
    assert [asked.path for asked in server.asked] == ["/3/movie/603", "/3/movie/603-the-matrix"]
    assert server.asked[1].query == {"api_key": [KEY]}


async def test_a_redirect_to_another_host_is_never_called(server: WireServer, other: WireServer) -> None:
    server.answer(Say(status=307, headers={"location": f"{other.url}/steal"}))
    async with caller(server) as tmdb:
        with pytest.raises(LedAway):
            await tmdb.get("/movie/1", ANY)
    assert other.asked == []


async def test_what_changes_something_follows_no_redirect(server: WireServer) -> None:
    server.answer(Say(status=307, headers={"location": "/3/other"}))
    async with caller(server) as tmdb:
        with pytest.raises(LedAway):
            async with tmdb.stream("POST", "/list", body={"a": 1}):
                pass
    assert len(server.asked) == 1


async def test_a_body_is_sent_as_json_and_nothing_may_come_back(server: WireServer) -> None:
    server.answer(Say(status=204, body=b""))
    async with caller(server) as tmdb, tmdb.stream("POST", "/list", body={"a": 1}) as answer:
        assert await answer.read() == b""
    assert server.asked[0].body == b'{"a":1}'
    assert server.asked[0].headers["content-type"] == "application/json"


async def test_a_silent_server_is_given_up_between_two_pieces(server: WireServer) -> None:
    server.answer(Say(hold=asyncio.Event()))
    async with caller(server, bounds=Bounds(read=timedelta(milliseconds=50))) as tmdb:
        with pytest.raises(Unavailable, match="ReadTimeout"):
            await tmdb.get("/movie/1", ANY)


async def test_a_trickle_does_not_stretch_the_deadline(server: WireServer) -> None:
    server.answer(Say(hold=asyncio.Event(), trickle=True, length=10**6))
    async with caller(server, bounds=Bounds(total=timedelta(milliseconds=300))) as tmdb:
        with pytest.raises(Unavailable, match="took longer than"):
            await tmdb.get("/movie/1", ANY)


async def test_a_time_limit_of_the_caller_s_own_is_not_the_service_s_fault(server: WireServer) -> None:
    server.answer(Say(hold=asyncio.Event()))
    seen: list[Called] = []
    async with caller(server, seen=seen) as tmdb:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(tmdb.get("/movie/1", ANY), 0.05)
    assert seen == []


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_is_read_up_to_its_limit_and_no_further(server: WireServer, packed: bool) -> None:
    body = b"x" * 100_000
    headers = {"content-encoding": "gzip"} if packed else {}
    server.answer(Say(body=gzip.compress(body) if packed else body, headers=headers))
    async with caller(server) as tmdb:
        assert await tmdb.get_bytes("/x", max_bytes=100_000) == body
        with pytest.raises(Nonsense, match="larger than 99999 bytes"):
            await tmdb.get_bytes("/x", max_bytes=99_999)


async def test_a_429_stops_everybody_s_calls_for_as_long_as_it_says(server: WireServer) -> None:
    """W06."""
    clock = StoppedClock()
    server.answer(Say(status=429, headers={"retry-after": "30"}), Say())
    async with caller(server, clock=clock, rate=Rate(per_second=100, burst=100)) as tmdb:
        with pytest.raises(TooMany):
            await tmdb.get("/a", ANY)
        clock.advance(timedelta(seconds=10))
        with pytest.raises(TooMany) as raised:
            await tmdb.get("/b", ANY)
        assert raised.value.retry_after == timedelta(seconds=20)
        clock.advance(timedelta(seconds=21))
        await tmdb.get("/c", ANY)
    assert [asked.path for asked in server.asked] == ["/3/a", "/3/c"]


async def test_a_service_that_fails_in_a_row_is_left_alone_until_one_call_succeeds(server: WireServer) -> None:
    """W06: an open breaker is a snooze, not a failed attempt."""
    clock = StoppedClock()
    server.answer(Say(status=500), Say(status=500), Say(status=500), Say())
    breaker = Breaker(failures=2, open_for=timedelta(seconds=30))
    async with caller(server, clock=clock, breaker=breaker) as tmdb:
        for _ in range(2):
            with pytest.raises(Unavailable):
                await tmdb.get("/a", ANY)
        with pytest.raises(CircuitOpen) as raised:
            await tmdb.get("/b", ANY)
        assert raised.value.retry_after == timedelta(seconds=30)
        clock.advance(timedelta(seconds=31))
        with pytest.raises(Unavailable):
            await tmdb.get("/c", ANY)
        with pytest.raises(CircuitOpen):
            await tmdb.get("/d", ANY)
        clock.advance(timedelta(seconds=31))
        await tmdb.get("/e", ANY)
        await tmdb.get("/f", ANY)
    assert [asked.path for asked in server.asked] == ["/3/a", "/3/a", "/3/c", "/3/e", "/3/f"]


async def test_a_refusal_shows_that_a_service_lives(server: WireServer) -> None:
    server.answer(Say(status=500), Say(status=404), Say(status=500), Say())
    async with caller(server, breaker=Breaker(failures=2)) as tmdb:
        for kind in (Unavailable, NotThere, Unavailable):
            with pytest.raises(kind):
                await tmdb.get("/a", ANY)
        assert await tmdb.get("/a", ANY) == {}


async def test_what_the_caller_does_with_an_answer_is_not_the_service_s_fault(server: WireServer) -> None:
    async with caller(server, breaker=Breaker(failures=1)) as tmdb:
        with pytest.raises(KeyError):
            async with tmdb.stream("GET", "/a"):
                raise KeyError("own mistake")
        assert await tmdb.get("/a", ANY) == {}


async def test_a_large_answer_is_handed_over_piece_by_piece(server: WireServer) -> None:
    body = b"x" * 3_000_000
    server.answer(Say(body=body))
    async with caller(server) as tmdb, tmdb.stream("GET", "/all") as answer:
        sizes = [len(chunk) async for chunk in answer.chunks()]
    assert sum(sizes) == len(body)
    assert len(sizes) > 1


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://", "http://u:p@x", "http://x?key=1"])
def test_a_base_address_is_checked(url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        ServiceConfig(name="x", base_url=url)
