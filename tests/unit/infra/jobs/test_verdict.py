"""What an attempt's end amounts to, whatever a worker returns or raises."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest

from revenge.infra.jobs import Cancel, JobState, Snooze
from revenge.infra.jobs.attempt import Attempt, StopCause
from revenge.infra.jobs.errors import JobCancelled, UnknownKind, WorkerRaised
from revenge.infra.jobs.job import Job
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.retry import LinearRetry
from revenge.infra.jobs.testing import StoppedClock
from revenge.infra.jobs.verdict import Verdicts
from tests.fakes.engine import Actor, attempt, nothing

DEFAULT = LinearRetry(step=timedelta(minutes=1))


@pytest.fixture
def verdicts() -> Verdicts:
    return Verdicts(clock=StoppedClock(), retry_policy=DEFAULT)


def error_of(settlement: Settlement) -> dict[str, Any]:
    assert settlement.error is not None
    found: dict[str, Any] = orjson.loads(settlement.error)
    return found


def delay_of(settlement: Settlement) -> timedelta:
    assert settlement.scheduled_at is not None
    return settlement.scheduled_at - StoppedClock().now()


@pytest.mark.parametrize(("is_final", "state"), [(True, JobState.DISCARDED), (False, JobState.RETRYABLE)])
def test_what_every_attempt_in_a_worker_process_would_raise_is_the_last(
    verdicts: Verdicts, is_final: bool, state: JobState
) -> None:
    assert verdicts.failure(attempt(), WorkerRaised("not guarded", "", is_final=is_final)).state is state


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even that")


def test_an_error_that_cannot_be_described_fails_its_attempt(verdicts: Verdicts) -> None:
    settlement = verdicts.failure(attempt(), Unspeakable())
    assert settlement.state is JobState.RETRYABLE
    assert error_of(settlement)["error"].startswith("Unspeakable")


class Hostile(Mapping[str, int]):
    """A value that says it is an object and breaks when it is read."""

    def __getitem__(self, key: str) -> int:
        raise KeyError(key)

    def __iter__(self) -> Any:
        raise ZeroDivisionError("boo")

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize(
    "result", [Hostile(), object(), float("nan"), Snooze(timedelta.max), {"deep": [set("ab"), object()]}]
)
def test_whatever_is_returned_ends_the_attempt(verdicts: Verdicts, result: object) -> None:
    settlement = verdicts.success(attempt(), result)
    assert settlement.state in (JobState.RETRYABLE, JobState.SCHEDULED)


def test_an_endlessly_nested_output_fails_the_attempt(verdicts: Verdicts) -> None:
    nested: list[Any] = []
    nested.append(nested)
    assert error_of(verdicts.success(attempt(), nested))["error"].startswith("RecursionError")


def test_metadata_of_another_shape_does_not_stop_a_snooze(verdicts: Verdicts) -> None:
    settlement = verdicts.success(attempt(metadata_json="[1, 2]"), Snooze(timedelta(minutes=1)))
    assert (settlement.state, settlement.metadata) == (JobState.SCHEDULED, '{"snoozes":1}')


@pytest.mark.parametrize("error", [SystemExit(2), KeyboardInterrupt(), ValueError("no"), asyncio.CancelledError()])
def test_a_retry_delay_that_raises_leaves_it_to_the_policy(verdicts: Verdicts, error: BaseException) -> None:
    class Rude(Actor):
        def retry_delay(self, job: Job[Any], failure: BaseException) -> timedelta | None:
            raise error

    settlement = verdicts.failure(attempt(Rude(nothing), error_count=2), ValueError("first"))
    assert delay_of(settlement) == timedelta(minutes=3)
    assert error_of(settlement)["error"] == "ValueError: first"


def test_when_every_policy_raises_rivers_decides() -> None:
    class Broken:
        def delay(self, failures: int) -> timedelta:
            raise ZeroDivisionError

    broken = Verdicts(clock=StoppedClock(), retry_policy=Broken())
    settlement = broken.failure(attempt(Actor(nothing, retry_policy=Broken()), error_count=1), ValueError())
    assert timedelta(seconds=14) < delay_of(settlement) < timedelta(seconds=18)


def test_a_worker_chooses_when_this_very_error_is_retried(verdicts: Verdicts) -> None:
    class Choosy(Actor):
        def retry_delay(self, job: Job[Any], failure: BaseException) -> timedelta | None:
            return timedelta(hours=1) if isinstance(failure, TimeoutError) else None

    assert delay_of(verdicts.failure(attempt(Choosy(nothing)), TimeoutError())) == timedelta(hours=1)
    assert delay_of(verdicts.failure(attempt(Choosy(nothing)), ValueError())) == timedelta(minutes=1)


def test_a_delay_beyond_the_calendar_is_cut(verdicts: Verdicts) -> None:
    class Patient(Actor):
        def retry_delay(self, job: Job[Any], failure: BaseException) -> timedelta | None:
            return timedelta.max

    settlement = verdicts.failure(attempt(Patient(nothing)), ValueError())
    assert settlement.scheduled_at is not None
    assert settlement.scheduled_at.year == 9999


def test_a_delay_in_the_past_means_now(verdicts: Verdicts) -> None:
    class Hasty(Actor):
        def retry_delay(self, job: Job[Any], failure: BaseException) -> timedelta | None:
            return timedelta(days=-1)

    settlement = verdicts.failure(attempt(Hasty(nothing)), ValueError())
    assert delay_of(settlement) == timedelta(0)
    assert settlement.state is JobState.AVAILABLE


def test_a_retry_within_five_seconds_needs_no_scheduler(verdicts: Verdicts) -> None:
    soon = Actor(nothing, retry_policy=LinearRetry(step=timedelta(seconds=5)))
    later = Actor(nothing, retry_policy=LinearRetry(step=timedelta(seconds=5, microseconds=1)))
    assert verdicts.failure(attempt(soon), ValueError()).state is JobState.AVAILABLE
    assert verdicts.failure(attempt(later), ValueError()).state is JobState.RETRYABLE


def test_an_error_has_rivers_four_keys_and_the_start_of_the_attempt(verdicts: Verdicts) -> None:
    failed = attempt(attempt=2)
    error = error_of(verdicts.failure(failed, ValueError("no")))
    assert list(error) == ["at", "attempt", "error", "trace"]
    assert (error["at"], error["attempt"], error["error"]) == ("2026-01-02T03:04:05Z", 2, "ValueError: no")


def test_text_that_postgresql_cannot_hold_is_replaced(verdicts: Verdicts) -> None:
    error = error_of(verdicts.failure(attempt(), ValueError("a\0b\udcff")))
    assert error["error"] == "ValueError: a\ufffdb\ufffd"
    settlement = verdicts.success(attempt(), {"name": "a\0b\udcff"})
    assert settlement.metadata == '{"output":{"name":"a\ufffdb\ufffd"}}'


@pytest.mark.parametrize(
    "text", [r"\u0000", r"a\u0000", "\\\\u0000", "\\\\\\u0000", "\\\\\\\\u0000", "\\\0u0000", "\0u0000"]
)
def test_text_that_only_looks_like_nul_stays_as_it_is(verdicts: Verdicts, text: str) -> None:
    readable = text.replace("\0", "\ufffd")
    assert error_of(verdicts.failure(attempt(), ValueError(text)))["error"] == f"ValueError: {readable}"
    settlement = verdicts.success(attempt(), {text: [text]})
    assert orjson.loads(settlement.metadata or "") == {"output": {readable: [readable]}}


def test_a_trace_keeps_its_innermost_frames(verdicts: Verdicts) -> None:
    def deep(depth: int) -> None:
        if depth:
            deep(depth - 1)
        raise ValueError("bottom")

    try:
        deep(500)
    except ValueError as error:
        trace = error_of(verdicts.failure(attempt(), error))["trace"]
    assert 'raise ValueError("bottom")' in trace
    assert len(trace) < 10_000


def test_errors_from_elsewhere_keep_their_text(verdicts: Verdicts) -> None:
    unknown = verdicts.failure(attempt(), UnknownKind("lost"))
    assert error_of(unknown)["error"] == "job kind is not registered in the client's Workers bundle: lost"
    raised = error_of(verdicts.failure(attempt(), WorkerRaised("ValueError: there", "over there")))
    assert (raised["error"], raised["trace"]) == ("ValueError: there", "over there")


def _stopped(cause: StopCause, **columns: Any) -> Attempt:
    found = attempt(**columns)
    found.cause = cause
    return found


@pytest.mark.parametrize("error", [asyncio.CancelledError(), JobCancelled("x"), ValueError("x"), SystemExit()])
def test_a_remote_cancel_wins_over_whatever_is_raised(verdicts: Verdicts, error: BaseException) -> None:
    settlement = verdicts.failure(_stopped(StopCause.CANCELLED), error)
    assert settlement.state is JobState.CANCELLED
    assert error_of(settlement)["error"] == "JobCancelError: job cancelled remotely"


@pytest.mark.parametrize("wish", [Snooze(timedelta(minutes=1)), Cancel("mine")])
def test_a_remote_cancel_wins_over_a_wish_but_not_over_success(verdicts: Verdicts, wish: Snooze | Cancel) -> None:
    settlement = verdicts.success(_stopped(StopCause.CANCELLED), wish)
    assert (settlement.state, settlement.metadata) == (JobState.CANCELLED, None)
    assert error_of(settlement)["error"] == "JobCancelError: job cancelled remotely"
    assert verdicts.success(_stopped(StopCause.CANCELLED), "done").state is JobState.COMPLETED


def test_a_snooze_is_one_though_the_client_stops_or_time_is_up(verdicts: Verdicts) -> None:
    for cause in (StopCause.STOPPED, StopCause.TIMED_OUT):
        assert verdicts.success(_stopped(cause), Snooze(timedelta(minutes=1))).state is JobState.SCHEDULED


@pytest.mark.parametrize("error", [asyncio.CancelledError(), JobCancelled("x")])
def test_an_interrupted_attempt_does_not_count_and_leaves_no_error(verdicts: Verdicts, error: BaseException) -> None:
    settlement = verdicts.failure(_stopped(StopCause.STOPPED, attempt=3), error)
    assert (settlement.state, settlement.new_attempt, settlement.error) == (JobState.AVAILABLE, 2, None)


def test_a_failure_of_its_own_during_a_stop_counts(verdicts: Verdicts) -> None:
    settlement = verdicts.failure(_stopped(StopCause.STOPPED), ValueError("mine"))
    assert settlement.state is JobState.RETRYABLE
    assert settlement.new_attempt is None


def test_what_was_staged_is_kept_whatever_the_outcome(verdicts: Verdicts) -> None:
    failed = attempt()
    assert failed.job is not None
    failed.job.set_metadata("checkpoint", 7)
    assert verdicts.failure(failed, ValueError()).metadata == '{"checkpoint":7}'
    assert verdicts.success(failed, Cancel("enough")).metadata == '{"checkpoint":7}'
    assert verdicts.success(failed, Snooze(timedelta(0))).metadata == '{"checkpoint":7,"snoozes":1}'


def test_staged_values_without_a_json_form_do_not_hide_the_failure(verdicts: Verdicts) -> None:
    failed = attempt()
    assert failed.job is not None
    failed.job.set_metadata("strange", Hostile())
    settlement = verdicts.failure(failed, ValueError("why"))
    assert error_of(settlement)["error"] == "ValueError: why"
    assert settlement.metadata is None


def test_an_abandoned_attempt_goes_back_with_its_steps_whatever_was_staged(verdicts: Verdicts) -> None:
    left = attempt(attempt=3)
    assert left.job is not None
    left.job.step("one", lambda: None)
    left.job.set_metadata("checkpoint", 7)
    settlement = verdicts.abandoned(left)
    assert (settlement.state, settlement.new_attempt, settlement.error) == (JobState.AVAILABLE, 2, None)
    assert orjson.loads(settlement.metadata or "") == {"checkpoint": 7, "river:resumable_step": "one"}
    left.job.set_metadata("strange", Hostile())
    assert verdicts.abandoned(left).metadata == '{"river:resumable_step":"one"}'


def test_steps_that_cannot_be_stored_do_not_keep_an_attempt_from_its_end(
    verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("revenge.infra.jobs.outcome.MAX_OUTPUT_BYTES", 30)
    left = attempt()
    assert left.job is not None
    left.job.step("x" * 30, lambda: None)
    assert verdicts.abandoned(left).metadata is None
    assert verdicts.failure(left, ValueError()).state is JobState.RETRYABLE


def test_too_large_an_output_fails_the_attempt(verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("revenge.infra.jobs.outcome.MAX_OUTPUT_BYTES", 30)
    settlement = verdicts.success(attempt(), "x" * 30)
    assert "30 are allowed" in error_of(settlement)["error"]


@pytest.mark.parametrize(("output", "fits"), [("x" * 17, True), ("x" * 18, False), ("ä" * 8, True), ("ä" * 9, False)])
def test_the_limit_counts_bytes_but_not_the_log(
    verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch, output: str, fits: bool
) -> None:
    monkeypatch.setattr("revenge.infra.jobs.outcome.MAX_OUTPUT_BYTES", len('{"output":""}') + 17)
    assert (verdicts.success(attempt(), output).state is JobState.COMPLETED) is fits
    logged = attempt()
    assert logged.job is not None
    logged.job.stage("river:log", [{"attempt": 1, "log": "y" * 1000}])
    # Its key and a comma count.
    assert verdicts.success(logged, output[:1]).state is JobState.COMPLETED


@pytest.mark.parametrize("key", ["river:log", "revenge:lost"])
def test_the_engines_own_metadata_keys_are_refused(key: str) -> None:
    job = attempt().job
    assert job is not None
    with pytest.raises(ValueError, match="engine's own"):
        job.set_metadata(key, 1)


def test_what_is_raised_from_a_cancellation_is_one_however_deep(verdicts: Verdicts) -> None:
    stopped = attempt()
    stopped.cause = StopCause.STOPPED
    inner, outer = ValueError("cut off"), OSError("could not go on")
    inner.__cause__, outer.__cause__ = asyncio.CancelledError(), inner
    settlement = verdicts.failure(stopped, outer)
    assert (settlement.state, settlement.is_interruption, settlement.error) == (JobState.AVAILABLE, True, None)
    inner.__cause__ = None
    assert error_of(verdicts.failure(stopped, outer))["error"] == "OSError: could not go on"
