"""Secrets do not reach what is written down."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.telemetry.secrets import MASK, mask, mask_text


@pytest.mark.parametrize(
    "key",
    ["password", "DB_PASS", "api_key", "apiKey", "X-Api-Key", "access_token", "token", "client_secret", "Authorization", "cookie", "Set-Cookie", "passwords"],
)  # fmt: skip
def test_value_under_a_secret_key_is_masked_wherever_it_is_nested(key: str) -> None:
    assert mask({"outer": [{key: "hunter2"}]}) == {"outer": [{key: MASK}]}


@pytest.mark.parametrize(
    ("key", "value"), [("tokens", 12), ("expired_tokens", 0), ("secret", None), ("password", False)]
)
def test_counts_and_nothing_are_no_secrets(key: str, value: object) -> None:
    assert mask({key: value}) == {key: value}


@pytest.mark.parametrize(
    "key", ["kind", "queue", "job_id", "passed", "compass", "keyboard", "tokenizer_name", "author"]
)
def test_other_keys_keep_their_value(key: str) -> None:
    assert mask({key: "value"}) == {key: "value"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("no connection to postgresql://me:hunter2@db:5432/x", f"no connection to postgresql://me:{MASK}@db:5432/x"),
        ("redis://:hunter2@cache/0", f"redis://:{MASK}@cache/0"),
        ("postgres://me:hun@ter2@db/x and more", f"postgres://me:{MASK}@db/x and more"),
        ("GET https://api.example/3/movie/1?api_key=hunter2&language=de", f"GET https://api.example/3/movie/1?api_key={MASK}&language=de"),
        ("host=db password='hun ter2' dbname=x", f"host=db password={MASK} dbname=x"),
        ('{"token": "hunter2", "a": 1}', f'{{"token": {MASK}, "a": 1}}'),
        ("Authorization: Basic aHVudGVyMjpodW50ZXIy", f"Authorization: {MASK}"),
        ("sent Bearer abcdef.hunter2-abcdef", f"sent Bearer {MASK}"),
    ],
)  # fmt: skip
def test_secret_within_a_text_is_masked(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "http://127.0.0.1:8420/api/v1/jobs?state=running",
        "/films/The Bearer of News (2019)/The Secret Life of Walter Mitty.mkv",
        "user@example.org wrote at 10:30",
        "postgresql://db:5432/x",
        "file:///films/me@home.mkv",
    ],
)
def test_other_text_stays(text: str) -> None:
    assert mask_text(text) == text


def test_odd_values_are_shown_as_text() -> None:
    circle: dict[str, object] = {}
    circle["me"] = circle
    assert mask({"path": b"/films/\xff.mkv", 1: {"a"}, "circle": circle}, key="x")
    assert mask(b"\xff") == "\\xff"


@given(st.text(max_size=200))
def test_any_text_is_masked_to_text(text: str) -> None:
    assert isinstance(mask_text(text), str)


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "a:" * 50_000, "http://" * 20_000, "token" * 30_000, "-" * 100_000, "bearer " * 20_000]
)
def test_long_text_takes_linear_time(text: str) -> None:
    begin = time.perf_counter()
    mask_text(text)
    assert time.perf_counter() - begin < 2
