"""Settings of what nodes share beside the database."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from revenge.app.settings.section import Section
from revenge.app.settings.types import RedisAddress, Span


class Cache(Section):
    """A Redis, or a Valkey, between the nodes: they see each other's progress at once. Nothing is lost without it."""

    url: RedisAddress = None
    """redis://user:password@host:6379/0; null does without: progress is seen within two seconds, rates are shared in the database"""
    deadline: Annotated[timedelta, BeforeValidator(Span(timedelta(milliseconds=10), timedelta(minutes=1)))] = timedelta(
        seconds=1
    )
    """for an answer; then the database is asked instead"""
