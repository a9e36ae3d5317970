"""The test kit: a client in memory, draining, asking what is enqueued, and time that stands still. See docs/testing.md."""

from revenge.infra.jobs.testing.drain import Drained, drain
from revenge.infra.jobs.testing.enqueued import assert_enqueued, enqueued, refute_enqueued
from revenge.infra.jobs.testing.memory_client import MemoryClient
from revenge.infra.jobs.testing.memory_store import NotInMemory
from revenge.infra.jobs.testing.single import work_one
from revenge.infra.jobs.testing.stopped_clock import ROUNDS, StoppedClock, settle
from revenge.infra.jobs.testing.workbench import Outcome, Worked

__all__ = [
    "ROUNDS",
    "Drained",
    "MemoryClient",
    "NotInMemory",
    "Outcome",
    "StoppedClock",
    "Worked",
    "assert_enqueued",
    "drain",
    "enqueued",
    "refute_enqueued",
    "settle",
    "work_one",
]
