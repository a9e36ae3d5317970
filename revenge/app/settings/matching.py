"""Settings of what is matched and refreshed."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from revenge.app.settings.section import Section
from revenge.app.settings.types import Number, Span, Whole

_MINUTE = timedelta(minutes=1)


class Matching(Section):
    """Finding out which films and series files are."""

    min_confidence: Annotated[float, BeforeValidator(Number(0, 1))] = 0.85
    """less is no match: the file waits for a person, with its candidates"""
    min_lead: Annotated[float, BeforeValidator(Number(0, 1))] = 0.05
    """by how much the best must lead over the second; otherwise either may be meant"""


class Refresh(Section):
    """How old may be what is known of films, series and people."""

    fresh_for: Annotated[timedelta, BeforeValidator(Span(_MINUTE))] = timedelta(hours=24)
    """a refresh that nobody forces asks nothing about what is younger"""
    stale_after: Annotated[timedelta, BeforeValidator(Span(_MINUTE))] = timedelta(days=30)
    """what is older is refreshed by itself"""
    new_stale_after: Annotated[timedelta, BeforeValidator(Span(_MINUTE))] = timedelta(days=7)
    """the same for films of this year and the last: their ratings, pictures and casts still change"""
    batch: Annotated[int, BeforeValidator(Whole(1, 10_000))] = 500
    """how many are enqueued at a time; the next run enqueues more"""
