"""Announcements: each is sent after its insert, many in one statement, and a failure is nobody's."""

import asyncio
import logging

import pytest

from revenge.infra.jobs.announcer import Announcer
from revenge.infra.jobs.errors import StoreError
from revenge.infra.jobs.testing import settle


class Wire:
    """Takes notifications, when the gate is open."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None

    async def notify(self, topic: str, payloads: list[str]) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        assert topic == "river_insert"
        self.sent.append(payloads)


async def test_it_is_sent_when_announce_returns() -> None:
    wire = Wire()
    await Announcer(wire).announce(["a"])
    assert wire.sent == [["a"]]


async def test_what_comes_while_one_is_under_way_goes_together() -> None:
    wire = Wire()
    wire.gate.clear()
    announcer = Announcer(wire)
    telling = [asyncio.create_task(announcer.announce([name])) for name in "a"]
    await settle()
    telling += [asyncio.create_task(announcer.announce([name])) for name in "bcbcb"]
    await settle()
    wire.gate.set()
    await asyncio.gather(*telling)
    assert wire.sent == [["a"], ["b", "c"]]


async def test_nothing_is_sent_for_jobs_that_wait() -> None:
    wire = Wire()
    await Announcer(wire).announce([])
    assert wire.sent == []


async def test_somebody_who_gives_up_takes_nobody_with_him() -> None:
    wire = Wire()
    wire.gate.clear()
    announcer = Announcer(wire)
    one, other = (asyncio.create_task(announcer.announce([name])) for name in "aa")
    await settle()
    one.cancel()
    await settle()
    wire.gate.set()
    await other
    assert wire.sent[0] == ["a"]


@pytest.mark.parametrize("error", [StoreError("gone", retryable=True), RuntimeError("a bug")])
async def test_a_failure_is_logged_and_the_next_is_sent(caplog: pytest.LogCaptureFixture, error: Exception) -> None:
    wire = Wire()
    wire.error = error
    announcer = Announcer(wire)
    with caplog.at_level(logging.WARNING):
        await announcer.announce(["a"])
    assert [record.message for record in caplog.records] == ["announcer.failed"]
    wire.error = None
    await announcer.announce(["b"])
    assert wire.sent == [["b"]]


async def test_what_could_be_said_otherwise_is_not_sent_again() -> None:
    wire = Wire()
    said: list[tuple[str, list[str]]] = []
    can_say = True

    async def say(topic: str, payloads: list[str]) -> bool:
        said.append((topic, payloads))
        return can_say

    announcer = Announcer(wire, say=say)
    await announcer.announce(["a"])
    assert (said, wire.sent) == ([("river_insert", ["a"])], [])
    can_say = False
    await announcer.announce(["b"])
    assert wire.sent == [["b"]]
