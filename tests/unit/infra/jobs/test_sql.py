"""Statements have one name each, wherever they stand."""

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
