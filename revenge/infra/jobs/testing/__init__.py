"""What tests of the engine, and of workers written for it, need."""

from revenge.infra.jobs.testing.stopped_clock import ROUNDS, StoppedClock, settle

__all__ = ["ROUNDS", "StoppedClock", "settle"]
