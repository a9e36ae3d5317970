"""Turns rows of the tables into the package's values."""

from dataclasses import fields

import asyncpg

from revenge.service.auth.models import Account, ApiKey, Grant, Permission, Session

_ACCOUNT = tuple(field.name for field in fields(Account))
_SESSION = tuple(field.name for field in fields(Session))
_KEY = tuple(field.name for field in fields(ApiKey))


def account_from(row: asyncpg.Record) -> Account:
    """Return the account of a row of ``account_get`` or ``account_list``."""
    return Account(**{name: row[name] for name in _ACCOUNT})


def session_from(row: asyncpg.Record) -> Session:
    """Return the session of a row of ``session_list``."""
    return Session(**{name: row[name] for name in _SESSION})


def key_from(row: asyncpg.Record) -> ApiKey:
    """Return the key of a row of ``api_key_list``."""
    return ApiKey(**{name: row[name] for name in _KEY})


def grant_from(row: asyncpg.Record) -> Grant:
    """Return the grant of a row of ``permission_list``."""
    return Grant(
        library_id=row["library_id"],
        account_id=row["account_id"],
        username=row["username"],
        permission=Permission(row["permission"]),
        created_at=row["created_at"],
    )
