"""Accounts and what is theirs, as JSON."""

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from revenge.app.presentation import time_to_json
from revenge.service.auth.models import Account


def account_json(account: Account) -> dict[str, Any]:
    """Return an account for its owner and for administrators."""
    return fields_json(account)


def fields_json(value: Any, *, leave_out: Collection[str] = ()) -> dict[str, Any]:
    """Return a dataclass's fields as JSON-able values."""
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value) if field.name not in leave_out}


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return time_to_json(value)
        case UUID():
            return str(value)
        case _:
            return value
