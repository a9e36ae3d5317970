"""Addresses of databases: made of parts, shown without secrets, cleaned of other drivers' settings."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.database.errors import DatabaseUnreachable
from revenge.infra.database.pool import build_dsn, describe, for_asyncpg


@pytest.mark.parametrize(
    ("parts", "dsn"),
    [
        ({}, "postgresql://revenge@127.0.0.1:5432/revenge"),
        ({"host": "db", "port": 1, "user": "u", "password": "p", "name": "n"}, "postgresql://u:p@db:1/n"),
        ({"host": "::1", "password": "p@:/ ?#"}, "postgresql://revenge:p%40%3A%2F%20%3F%23@[::1]:5432/revenge"),
        ({"host": "/run/pg", "name": "a b"}, "postgresql://revenge@/a%20b?host=%2Frun%2Fpg&port=5432"),
    ],
)
def test_parts_make_an_address(parts: dict[str, Any], dsn: str) -> None:
    assert build_dsn(**parts) == dsn


@given(st.text(min_size=1, alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_password_survives(password: str) -> None:
    dsn = build_dsn(password=password)
    assert unquote(urlsplit(dsn).password or "") == password
    assert describe(dsn) == "127.0.0.1:5432/revenge"


@pytest.mark.parametrize(
    ("dsn", "shown"),
    [
        ("postgresql://me:hunter2@db:6543/films", "db:6543/films"),
        ("postgres://db/films", "db:5432/films"),
        ("postgres://me:hunter2@[::1]/films", "[::1]:5432/films"),
        ("postgres://me:hunter2@one,two:5433/films?sslmode=disable", "one:5432,two:5433/films"),
        ("postgres:///films", "localhost:5432/films"),
        ("postgres:///films?host=/run/pg", "the socket in /run/pg, database films"),
        ("postgres://?host=db&dbname=films&password=hunter2", "db:5432/films"),
    ],
)
def test_shown_are_place_and_name_only(dsn: str, shown: str) -> None:
    assert describe(dsn) == shown


@pytest.mark.parametrize(
    "dsn",
    ["", "hunter2", "mysql://me:hunter2@db/x", "postgres://me:hunter2[@db/x", "postgres://me:hunter2#x@db/x", "postgres://me:hunter2/x@db/x"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_being_shown(dsn: str) -> None:
    for read in (describe, for_asyncpg):
        with pytest.raises(DatabaseUnreachable) as caught:
            read(dsn)
        assert "hunter2" not in str(caught.value)


def test_settings_of_other_drivers_are_left_out() -> None:
    dsn = "postgres://u:p%40@db/x?sslmode=require&pool_max_conns=5&connect_timeout=3&search_path=a%2Cb"
    assert for_asyncpg(dsn) == "postgres://u:p%40@db/x?sslmode=require&search_path=a%2Cb"


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://me:hunter2@db:99999/films",
        "postgresql://me:hunter2@db:0/films",
        "postgresql://me:hunter2@db:-1/films",
        "postgresql://me:hunter2@[::1]:65536/films",
        "postgresql://me:hunter2@one:5432,two:70000/films",
        "postgresql:///films?host=/run/pg&port=99999",
        "postgresql://me:hunter2/films",
        "postgresql://me@db:\u0665\u0664/films",
    ],
)
def test_a_port_that_is_none_is_refused_without_the_password(dsn: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="its port must be a number from 1 to 65535") as refused:
        describe(dsn)
    assert "hunter2" not in str(refused.value)


def test_no_port_is_the_usual_one() -> None:
    assert describe("postgresql://me@db:/films").startswith("db:")
    assert describe("postgresql://one,two/films") == "one:5432,two:5432/films"
