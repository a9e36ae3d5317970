"""Settings of accounts and of playing."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from revenge.app.settings.section import Section
from revenge.app.settings.types import OptionalFolder, Retention, Span, Switch, Whole

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Auth(Section):
    """Accounts and their logins."""

    token_lifetime: Annotated[timedelta, BeforeValidator(Span(_MINUTE, 30 * _DAY))] = _HOUR
    """how long a login's token works before its refresh token must be used"""
    session_lifetime: Annotated[timedelta, BeforeValidator(Span(_HOUR, 3650 * _DAY))] = timedelta(days=30)
    """how long a login lasts that is never refreshed; each refresh gives as much again"""
    session_idle: Annotated[timedelta | None, BeforeValidator(Retention(Span(_HOUR)))] = timedelta(days=14)
    """a login that nobody uses for so long is over; never leaves it to session_lifetime"""
    session_retention: Annotated[timedelta, BeforeValidator(Span(_HOUR))] = timedelta(days=30)
    """how long logins that are over are remembered"""
    max_sessions: Annotated[int, BeforeValidator(Whole(1, 10_000))] = 20
    """logins of one account at once; one more ends the oldest"""
    failures_by_name: Annotated[int, BeforeValidator(Whole(1, 10_000))] = 10
    """wrong passwords for one name within failure_window before more are refused unread"""
    failures_by_address: Annotated[int, BeforeValidator(Whole(1, 100_000))] = 30
    """the same from one address, whatever the names; more where many people share one"""
    failure_window: Annotated[timedelta, BeforeValidator(Span(_MINUTE, _DAY))] = timedelta(minutes=15)
    """how long wrong passwords count"""


class Playback(Section):
    """Playing films."""

    enabled: Switch = True
    """false: nothing is played here, and nothing cleaned up behind it"""
    session_timeout: Annotated[timedelta, BeforeValidator(Span(_MINUTE, _DAY))] = timedelta(minutes=30)
    """a player that is not heard of for so long has gone"""
    max_sessions: Annotated[int, BeforeValidator(Whole(1, 10_000))] = 10
    """films that one account plays at once"""
    retention: Annotated[timedelta, BeforeValidator(Span(_HOUR))] = timedelta(days=90)
    """how long is remembered what was played when"""
    segment_dir: OptionalFolder = None
    """where segments are made, a folder a session; null is segments below data_dir"""
