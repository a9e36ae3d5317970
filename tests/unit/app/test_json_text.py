"""JSON as people get it: integers of any size, and whatever jsonb may hold."""

import json
from datetime import UTC, datetime
from typing import Any

import orjson

from revenge.app.json_text import json_text


def test_integers_of_any_size_are_exact() -> None:
    assert json.loads(json_text({"args": [10**400, -(2**64), 7, True]})) == {"args": [10**400, -(2**64), 7, True]}


def test_what_is_nested_deeper_than_the_fast_encoder_goes_is_written_all_the_same() -> None:
    deep: Any = {"at": datetime(2026, 1, 2, tzinfo=UTC), "n": 2**70}
    for _ in range(400):
        deep = [deep]
    text = json_text(deep, option=orjson.OPT_UTC_Z)
    assert text == b"[" * 400 + b'{"at":"2026-01-02T00:00:00Z","n":1180591620717411303424}' + b"]" * 400
