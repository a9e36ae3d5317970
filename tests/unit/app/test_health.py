"""What health checks and Prometheus are told."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from revenge.app import health
from revenge.app.health import Health, Metrics
from revenge.infra.jobs.migrations import Validation
from revenge.infra.telemetry.metrics import JobMetrics, make_registry


class Pool:
    """A database that answers, fails or hangs."""

    def __init__(self, error: Exception | None = None, *, hangs: bool = False) -> None:
        self._error = error
        self._hangs = hangs

    async def fetchval(self, statement: str) -> int:
        if self._hangs:
            await asyncio.Event().wait()
        if self._error is not None:
            raise self._error
        return 1


class Schema:
    """Tables that are there or not."""

    def __init__(self, *messages: str) -> None:
        self._messages = messages

    async def validate(self) -> Validation:
        return Validation(messages=self._messages)


def make(pool: Pool, schema: Schema, *, running: bool = True, works: bool = True) -> Health:
    client: Any = SimpleNamespace(is_running=running)
    return Health(pool=pool, schema=schema, client=client, works=works)  # type: ignore[arg-type]  # a fake of the two methods used


async def test_server_that_can_work_is_ready() -> None:
    checks = await make(Pool(), Schema()).check()
    assert {name: check.ok for name, check in checks.items()} == {"database": True, "schema": True, "workers": True}


async def test_database_that_fails_makes_the_tables_unknown() -> None:
    checks = await make(Pool(ConnectionError("refused")), Schema()).check()
    assert (checks["database"].ok, checks["database"].detail) == (False, "refused")
    assert not checks["schema"].ok


async def test_database_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMIT_S", 0.01)
    checks = await make(Pool(hangs=True), Schema()).check()
    assert "no answer" in checks["database"].detail


async def test_missing_tables_and_a_dead_engine_are_named() -> None:
    checks = await make(Pool(), Schema("run: revenge migrate up"), running=False).check()
    assert (checks["schema"].ok, checks["schema"].detail) == (False, "run: revenge migrate up")
    assert not checks["workers"].ok


async def test_server_that_only_serves_needs_no_workers() -> None:
    checks = await make(Pool(), Schema(), running=False, works=False).check()
    assert checks["workers"].ok


async def test_metrics_hold_the_depth_of_the_queues_at_that_moment() -> None:
    async def queues() -> list[Any]:
        return [SimpleNamespace(name="bulk", counts={"available": 3, "running": 1})]

    text = (await Metrics(metrics=JobMetrics(registry=make_registry()), queues=queues).render()).decode()
    assert 'revenge_job_queue_depth{queue="bulk",state="available"} 3.0' in text
