"""Statements have one name each, wherever they stand."""

import re
import sys
from pathlib import Path

import pytest

from revenge.infra.jobs import sql

ONE = "-- name: one :many\nSELECT 1;\n"


def test_a_statement_that_is_defined_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="statement 'one' is defined twice"):
        sql.parse(ONE + ONE)


def test_a_statement_that_is_in_two_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "statements_of_a_test"
    package.mkdir()
    for name in ("__init__.py", "a.sql", "b.sql"):
        (package / name).write_text(ONE if name.endswith(".sql") else "")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match="statement 'one' is defined in two files of statements_of_a_test"):
        sql.load("statements_of_a_test")
    sys.modules.pop("statements_of_a_test")


def test_a_list_of_columns_is_put_in_where_its_mark_stands_with_the_alias_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = "-- columns: whole\nid, state::text,\n/* TEMPLATE: time */born_at, names::text[]\n\n"
    plain = "-- name: plain :many\nSELECT /* TEMPLATE: whole */ FROM /* TEMPLATE: schema */jobs;\n"
    aliased = "-- name: aliased :many\nUPDATE jobs AS j SET x = 1 RETURNING /* TEMPLATE: whole */j., (x = 1) AS one;\n"
    package = tmp_path / "columns_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.sql").write_text(plain)
    # A list serves the statements of every file of its package.
    (package / "b.sql").write_text(listed + aliased)
    monkeypatch.syspath_prepend(tmp_path)
    found = sql.load("columns_of_a_test", schema="own")
    sys.modules.pop("columns_of_a_test")
    readable = "CASE WHEN {0}born_at < '0001-01-01T00:00:00Z' THEN "
    assert found["plain"].startswith("SELECT id, state::text,\n" + readable.format(""))
    assert found["plain"].endswith('names::text[] FROM "own".jobs;')
    assert "RETURNING j.id, j.state::text,\n" + readable.format("j.") in found["aliased"]
    assert found["aliased"].endswith("ELSE j.born_at END AS born_at, j.names::text[], (x = 1) AS one;")


def test_a_statement_runs_without_its_comments_which_name_placeholders_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "comments_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "a.sql").write_text(
        "-- name: one :many\n-- $1 id, $2 in some.\nSELECT $1\n    -- not $3\n    , 2; -- so\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert sql.load("comments_of_a_test") == {"one": "SELECT $1\n    , 2; -- so"}
    sys.modules.pop("comments_of_a_test")


@pytest.mark.parametrize("package", ["revenge.infra.jobs.sql", "revenge.infra.jobs.testing.sql"])
def test_every_statement_uses_the_placeholders_up_to_its_last(package: str) -> None:
    """A driver with parameters of another form takes each ``$n`` in the text for one."""
    for name, text in sql.load(package).items():
        used = {int(number) for number in re.findall(r"\$(\d+)", text)}
        assert (name, used) == (name, set(range(1, len(used) + 1)))
        assert "--" not in text


def test_no_mark_is_left_over_but_those_that_are_filled_from_fixed_words() -> None:
    """A mark is a comment to PostgreSQL: a mistyped one would make an empty list of columns."""
    left = {name: re.findall(r"TEMPLATE: (\w+)", text) for name, text in sql.load("revenge.infra.jobs.sql").items()}
    assert {name: marks for name, marks in left.items() if marks} == {
        "job_search": ["state", "after", "order"],
        "index_drop": ["index"],
        "index_rebuild": ["index"],
    }
