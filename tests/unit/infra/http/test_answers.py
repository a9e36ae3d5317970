"""A status says whether a call is final, early, or worth another attempt."""

from datetime import UTC, datetime, timedelta

import pytest

from revenge.infra.failures import verdict_of
from revenge.infra.http.answers import UNSAID, failure_of, retry_after
from revenge.infra.http.errors import CallFailed, LedAway, Nonsense, NotThere, Refused, TooMany, Unavailable
from revenge.infra.jobs import Cancel, Snooze

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, None) for status in (200, 201, 204, 206)),
        *((status, NotThere) for status in (404, 410)),
        *((status, Refused) for status in (400, 401, 403, 405, 422)),
        (429, TooMany),
        *((status, Unavailable) for status in (304, 408, 425, 500, 502, 503, 504)),
    ],
)
def test_a_status_says_what_to_conclude(status: int, kind: type[CallFailed] | None) -> None:
    error = failure_of("tmdb", "GET /x", status, {}, now=NOW)
    assert type(error) is (type(None) if kind is None else kind)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("0", timedelta(seconds=1)),
        ("Mon, 30 Nov 2026 12:00:40 GMT", timedelta(seconds=40)),
        ("Mon, 30 Nov 2026 11:00:00 GMT", timedelta(seconds=1)),
        ("99999999999999", timedelta(days=1)),
    ],
)
def test_retry_after_is_obeyed_in_seconds_and_as_a_date(status: int, header: str, wait: timedelta) -> None:
    """W06: what asks for patience is an error of its own, with how long."""
    error = failure_of("tmdb", "GET /x", status, {"retry-after": header}, now=NOW)
    assert isinstance(error, TooMany)
    assert error.retry_after == wait


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "Mon, 99 Nov 2026 12:00:40 GMT", "٣"])
def test_an_unreadable_retry_after_is_as_none(header: str) -> None:
    assert retry_after({"retry-after": header}, now=NOW) is None
    error = failure_of("tmdb", "GET /x", 429, {"retry-after": header}, now=NOW)
    assert isinstance(error, TooMany)
    assert error.retry_after == UNSAID


@pytest.mark.parametrize("error", [NotThere("x", "y"), Refused("x", "y", status=401), LedAway("x", "y")])
def test_what_is_final_ends_the_job_with_its_reason(error: CallFailed) -> None:
    assert verdict_of(error) == Cancel("x: y")


def test_what_is_early_comes_back_without_losing_an_attempt() -> None:
    """W06."""
    assert verdict_of(TooMany("x", "y", retry_after=timedelta(seconds=9))) == Snooze(timedelta(seconds=9))


@pytest.mark.parametrize("error", [Unavailable("x", "y"), Nonsense("x", "y"), OSError("disk")])
def test_everything_else_fails_the_attempt(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        verdict_of(error)
    assert raised.value is error
