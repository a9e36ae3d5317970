"""Agents through apprise, against real receivers on real sockets."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import orjson
import pytest
from aiosmtpd.controller import Controller
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Pool
from revenge.infra.http.errors import CallFailed, LedAway, NotThere, Refused, TooMany, Unavailable
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import drain
from revenge.service.notification.errors import AgentNotFound, InvalidAgent
from revenge.service.notification.messages import Message, compose
from revenge.service.notification.models import Event
from revenge.service.notification.sender import AppriseSender
from tests.fakes.telling import through_apprise
from tests.fakes.wire import Say, WireServer, wire_server

pytestmark = pytest.mark.filterwarnings("ignore")  # of 170 services some have old words
SECRET = "s3cr3t-t0ken-abc"


@pytest.fixture
async def server() -> AsyncIterator[WireServer]:
    async with wire_server() as server:
        yield server


def _message(**data: Any) -> Message:
    return compose([Event(id=uuid7(), type="movie.added", occurred_at=datetime.now(UTC), data=data)])


def _sender(address: str, *, deadline_s: float = 20) -> AppriseSender:
    return AppriseSender({"phone": address}, clock=SystemClock(), deadline=timedelta(seconds=deadline_s))


def _at(server: WireServer, scheme: str, path: str) -> str:
    return f"{scheme}://{server.url.removeprefix('http://')}/{path}"


async def _failure(sender: AppriseSender) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        await sender.send("phone", _message(title="Alien"))
    assert SECRET not in str(caught.value)
    return caught.value


async def test_webhook_gets_the_message_and_the_events_ids(server: WireServer) -> None:
    message = _message(title="Alien", year=1979)
    await _sender(_at(server, "json", "hook")).send("phone", message)
    body = orjson.loads(server.asked[0].body)
    assert (body["title"], body["message"], body["type"]) == ("New film", "Alien (1979)", "success")
    assert body["event_ids"] == message.ids[0]


async def test_gotify_gets_the_message(server: WireServer) -> None:
    await _sender(_at(server, "gotify", SECRET)).send("phone", _message(title="Alien"))
    assert server.asked[0].path == "/message"
    assert server.asked[0].headers["x-gotify-key"] == SECRET
    assert orjson.loads(server.asked[0].body)["message"].strip() == "Alien"


async def test_ntfy_gets_the_message(server: WireServer) -> None:
    await _sender(_at(server, "ntfy", "films")).send("phone", _message(title="Alien"))
    assert orjson.loads(server.asked[0].body)["topic"] == "films"


async def test_chat_gets_the_message(server: WireServer) -> None:
    """Mattermost's incoming webhook, which has the shape of Discord's and Slack's, on a server of one's own."""
    await _sender(_at(server, "mmost", SECRET.replace("-", ""))).send("phone", _message(title="Alien"))
    assert "Alien" in orjson.loads(server.asked[0].body)["text"]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, Refused),
        (403, Refused),
        (404, NotThere),
        (410, NotThere),
        (413, Refused),
        (500, Unavailable),
        (502, Unavailable),
    ],
)
async def test_status_decides_what_comes_next(server: WireServer, status: int, expected: type[CallFailed]) -> None:
    server.answer(Say(status=status))
    failure = await _failure(_sender(_at(server, "gotify", SECRET)))
    assert type(failure) is expected
    assert str(status) in failure.reason


@pytest.mark.parametrize("scheme", ["json", "gotify", "ntfy"])
async def test_too_many_requests_are_waited_for_as_long_as_was_asked(server: WireServer, scheme: str) -> None:
    server.answer(Say(status=429, headers={"retry-after": "77"}))
    failure = await _failure(_sender(_at(server, scheme, "abcdefgh")))
    assert isinstance(failure, TooMany)
    assert failure.retry_after == timedelta(seconds=77)
    assert len(server.asked) == 1


async def test_nobody_is_followed_to_another_address(server: WireServer) -> None:
    async with wire_server() as other:
        server.answer(Say(status=307, headers={"location": f"{other.url}/message"}))
        assert isinstance(await _failure(_sender(_at(server, "gotify", SECRET))), LedAway)
        assert other.asked == []


@pytest.mark.parametrize(
    "say",
    [Say(raw=b"\x00garbage\r\n\r\n"), Say(body=b"{}", length=100), Say(raw=b"")],
    ids=["garbage", "half a body", "nothing"],
)
async def test_what_breaks_off_is_tried_again(server: WireServer, say: Say) -> None:
    server.answer(say)
    assert isinstance(await _failure(_sender(_at(server, "gotify", SECRET))), Unavailable)


async def test_nobody_listens_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"gotify://127.0.0.1:{closed.getsockname()[1]}/{SECRET}"
        assert isinstance(await _failure(_sender(address)), Unavailable)


async def test_server_that_never_ends_is_not_waited_for(server: WireServer) -> None:
    hold = asyncio.Event()
    server.answer(Say(hold=hold, trickle=True, body=b"{}", length=100_000))
    failure = await _failure(_sender(_at(server, "gotify", SECRET), deadline_s=0.5))
    assert "took longer than 0.5 s" in failure.reason
    hold.set()


@pytest.mark.parametrize(("ending", "fails"), [("", False), ("?rto=0.2", True)], ids=["deadline", "address"])
async def test_slow_answer_is_waited_for_until_the_deadline_or_as_the_address_says(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, ending: str, fails: bool
) -> None:
    monkeypatch.setattr("apprise.url.URLBase.socket_read_timeout", 0.2 if not fails else 4.0)
    hold = asyncio.Event()
    server.answer(Say(hold=hold))
    asyncio.get_running_loop().call_later(0.8, hold.set)
    sender = _sender(_at(server, "json", f"hook{ending}"))
    if fails:
        assert isinstance(await _failure(sender), Unavailable)
    else:
        await sender.send("phone", _message(title="Alien"))
    assert len(server.asked) == 1


async def test_mail_is_a_service_like_others() -> None:
    received: list[bytes] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
            received.append(envelope.content)
            return "250 OK"

    with _smtp(Handler()) as port:
        address = f"mailto://127.0.0.1:{port}?from=revenge@films.example&to=me@films.example&mode=insecure"
        await _sender(address).send("phone", _message(title="Alien"))
    mail = message_from_bytes(received[0], policy=default)
    assert mail["Subject"] == "New film"


async def test_delivery_survives_a_bad_day_of_its_receiver(pool: Pool, server: WireServer) -> None:
    """W44: the whole way, from an event to a receiver that fails, limits and then takes it; the other has it once."""
    async with wire_server() as other:
        server.answer(Say(status=500), Say(status=429, headers={"retry-after": "1"}), Say())
        telling = through_apprise(pool, {"phone": _at(server, "json", "a"), "desk": _at(other, "json", "b")})
        event = await telling.raise_one("movie.added", title="Alien")
        await drain(telling.client, with_retries=True)
        telling.clock.ahead = timedelta(seconds=30)
        await drain(telling.client, with_retries=True, with_scheduled=True)
        assert await telling.statuses(event) == {"phone": "sent", "desk": "sent"}
        assert (len(server.asked), len(other.asked)) == (3, 1)
        assert (await telling.deliveries_of(event))["phone"]["attempts"] == 3


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"nonsense://{SECRET}", "no service of apprise reads it"),
        (f"discord://{SECRET}", "apprise refuses it"),
        (f"ntfy://a:{SECRET}@127.0.0.1/one/two", "names 2 receivers"),
    ],
)
async def test_address_that_cannot_be_used_is_told_at_the_start_without_it(address: str, reason: str) -> None:
    with pytest.raises(InvalidAgent, match=reason) as caught:
        await _sender(address).check()
    assert "notifications.agents.phone.url" in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_no_log_tells_an_address(server: WireServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer(Say(), Say(status=500), Say(raw=b"garbage"))
    for _ in range(3):
        with suppress(CallFailed):
            await _sender(_at(server, "json", SECRET)).send("phone", _message(title="Alien"))
    with suppress(InvalidAgent):
        await _sender(f"discord://id/{SECRET}?avatar=maybe&thread=!").check()
    assert server.asked[0].path == f"/{SECRET}"
    assert SECRET not in caplog.text


async def test_good_addresses_pass_and_nobody_is_called(server: WireServer) -> None:
    await _sender(_at(server, "gotify", SECRET)).check()
    assert server.asked == []


async def test_agent_that_nobody_knows_cannot_be_told() -> None:
    with pytest.raises(AgentNotFound):
        await _sender("ntfy://films").send("watch", _message())


def _smtp(handler: Any) -> Any:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return _Smtp(Controller(handler, hostname="127.0.0.1", port=port))


class _Smtp:
    def __init__(self, controller: Controller) -> None:
        self._controller = controller

    def __enter__(self) -> int:
        self._controller.start()
        return self._controller.port

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
