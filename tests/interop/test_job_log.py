"""The log of an attempt: each engine adds to what the other has left (River: ``riverlog``)."""

import json
import logging
from collections.abc import Iterator

import pytest

from tests.interop.acts import insert, start
from tests.interop.conftest import Pair, Rows


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """A root logger that lets ``info`` pass, without what the test leaves there."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    root.setLevel(logging.INFO)
    yield
    root.setLevel(level)
    root.handlers = handlers


async def test_the_attempts_of_both_are_in_one_log(pair: Pair, rows: Rows) -> None:
    one, other = pair.one, pair.other
    lines = ["first <ü>", "second", "third"]
    attempts = [{"do": "log", "value": line, "message": "again"} for line in lines[:2]]
    job_id = await insert(one, *attempts, {"do": "log", "value": lines[2]})
    for number, peer in enumerate((one, other, one), start=1):
        await start(peer, client=f"{peer.name}{number}", log=True, retry_ms=600_000)
        await rows.when(job_id, "retryable" if number < 3 else "completed", attempt=number)
        await peer.call("stop", client=f"{peer.name}{number}")
        if number < 3:
            await one.call("retry", job_id=job_id)

    kept = json.loads((await rows.job(job_id))["metadata"])["river:log"]
    assert [entry["attempt"] for entry in kept] == [1, 2, 3]
    for entry, what in zip(kept, lines, strict=True):
        assert set(entry) == {"attempt", "log"}
        assert what in entry["log"]
        assert entry["log"].endswith("\n")
