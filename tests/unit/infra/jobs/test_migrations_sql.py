"""The SQL text for a database administrator, and what a migrator refuses before it connects."""

import re

import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Direction, Line, Migrator, UnknownLine, Version

LINES = [MAIN, REVENGE_JOBS]


def test_versions_before_lines_write_rows_without_one() -> None:
    text = Migrator(LINES).sql("main")

    written = re.findall(r"INTO river_migration \((.*)\)\nVALUES \((.*)\);", text)
    assert written == [("version", str(number)) for number in range(1, 5)] + [
        ("line, version", f"'main', {number}") for number in range(5, 9)
    ]


def test_each_version_has_a_transaction_of_its_own() -> None:
    text = Migrator(LINES).sql("main")

    assert text.count("BEGIN;") == text.count("COMMIT;") == 8


def test_indexes_come_after_the_transaction() -> None:
    text = Migrator(LINES).sql("revenge_jobs")

    assert text.index("COMMIT;") < text.index("CREATE INDEX CONCURRENTLY")


def test_indexes_go_before_the_transaction() -> None:
    text = Migrator(LINES).sql("revenge_jobs", direction=Direction.DOWN)

    assert text.index("DROP INDEX CONCURRENTLY") < text.index("BEGIN;")


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("schema", [None, "jobs", "MixedCase"])
def test_no_mark_is_left_over(schema: str | None, direction: Direction) -> None:
    migrator = Migrator(LINES, schema=schema)
    for line in LINES:
        text = migrator.sql(line.name, direction=direction)
        assert "TEMPLATE" not in text
        assert ("$1" in text) is False


def test_schema_is_created_and_quoted() -> None:
    text = Migrator(LINES, schema="MixedCase").sql("main", target=1)

    assert text.startswith('CREATE SCHEMA IF NOT EXISTS "MixedCase";')
    assert 'CREATE TABLE "MixedCase".river_migration (' in text


def test_line_with_a_schema_of_its_own_keeps_its_rows_beside_rivers() -> None:
    version = Version(number=1, name="one", up="CREATE TABLE /* TEMPLATE: schema */t ();", down="")
    text = Migrator([MAIN, Line(name="app", versions=(version,), schema="app")], schema="jobs").sql("app")

    assert 'CREATE SCHEMA IF NOT EXISTS "app";' in text
    assert 'CREATE TABLE "app".t ();' in text
    assert """INSERT INTO "jobs".river_migration (line, version)\nVALUES ('app', 1);""" in text


def test_sql_starts_where_the_database_is() -> None:
    text = Migrator(LINES).sql("main", applied=6)
    assert re.findall(r"^-- main (\d) up", text, re.MULTILINE) == ["7", "8"]

    text = Migrator(LINES).sql("main", direction=Direction.DOWN, applied=7, target=5)
    assert re.findall(r"^-- main (\d) down", text, re.MULTILINE) == ["7", "6"]


def test_unknown_line_is_told_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownLine, match="did you mean 'revenge_jobs'"):
        Migrator(LINES).sql("revenge_job")
    with pytest.raises(UnknownLine, match="there are: main, revenge_jobs"):
        Migrator(LINES).sql("zzz")


@pytest.mark.parametrize("schema", ["a" * 46, "_x", "River", "r1"])
def test_schema_names_that_river_allows(schema: str) -> None:
    assert f'"{schema}".river_job ' in Migrator(LINES, schema=schema).sql("main")


@pytest.mark.parametrize("schema", ["a" * 47, "1a", "a-b", 'a"b', "ä", "a b", "a.b", "a\n"])
def test_schema_names_that_river_refuses(schema: str) -> None:
    with pytest.raises(ValueError, match="schema must"):
        Migrator(LINES, schema=schema)
