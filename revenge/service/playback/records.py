"""Turns rows of the tables into the package's values."""

from dataclasses import fields

import asyncpg

from revenge.service.playback.models import Playback, Watched

_PLAYBACK = tuple(field.name for field in fields(Playback))
_WATCHED = tuple(field.name for field in fields(Watched))


def playback_from(row: asyncpg.Record) -> Playback:
    """Return the playback of a row of ``playback_...``."""
    return Playback(**{name: row[name] for name in _PLAYBACK})


def watched_from(row: asyncpg.Record) -> Watched:
    """Return what a row of ``watched_...`` says."""
    return Watched(**{name: row[name] for name in _WATCHED})
