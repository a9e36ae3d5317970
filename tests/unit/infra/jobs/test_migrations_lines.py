"""Reading a line's folder, and what the engine's own lines hold."""

from pathlib import Path

import pytest

from revenge.infra.jobs.migrations import MAIN, REVENGE_JOBS, Line
from revenge.infra.jobs.migrations.lines import SCHEMA_MARK, parse_indexes

INDEX = f"CREATE INDEX CONCURRENTLY IF NOT EXISTS some_idx ON {SCHEMA_MARK}some_table (id)"


def write(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).write_text(f"SELECT '{name}';")
    return folder


def test_main_ends_at_rivers_latest_version() -> None:
    assert [version.number for version in MAIN.versions] == list(range(1, 9))


def test_versions_are_named_by_their_files_as_river_names_them() -> None:
    assert MAIN.versions[3].name == "pending and more"


@pytest.mark.parametrize("line", [MAIN, REVENGE_JOBS], ids=lambda line: line.name)
def test_every_object_is_named_with_its_schema(line: Line) -> None:
    for version in line.versions:
        for text in (version.up, version.down, *(index.sql for index in version.indexes)):
            for word in ("TABLE ", "INTO ", "FROM ", "UPDATE ", "ON ", "TYPE ", "FUNCTION "):
                for prefix in ("river_", "revenge_"):
                    assert f"{word}{prefix}" not in text, f"{line.name} {version.number}"


def test_engine_names_nothing_but_its_own() -> None:
    (version,) = REVENGE_JOBS.versions
    created = [word for word in version.up.replace(SCHEMA_MARK, "").split() if word.startswith(("river", "revenge"))]
    assert created
    assert all(name.startswith("revenge_job_") for name in created)
    assert all(index.name.startswith("revenge_job_") for index in version.indexes)


def test_line_reads_both_directions_and_names(tmp_path: Path) -> None:
    line = Line.from_folder("x", write(tmp_path, "001_one.up.sql", "001_one.down.sql"), schema="s")

    assert (line.name, line.schema, line.latest) == ("x", "s", 1)
    assert line.versions[0].up == "SELECT '001_one.up.sql';"
    assert line.versions[0].down == "SELECT '001_one.down.sql';"


def test_other_files_in_the_folder_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, "001_one.up.sql", "001_one.down.sql", "__init__.py")

    assert Line.from_folder("x", tmp_path).latest == 1


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no versions"),
        (["001_one.up.sql"], "version 1 lacks its up or down file"),
        (["002_two.up.sql", "002_two.down.sql"], "version 1 lacks"),
        (["001_one.up.sql", "001_uno.down.sql"], "two names"),
        (["1_one.up.sql"], "not named like 001_some_name.up.sql"),
        (["001_one.upp.sql"], "not named like"),
    ],
)
def test_folder_that_is_no_line_is_refused(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Line.from_folder("x", write(tmp_path, *names))


def test_indexes_are_read_with_their_table() -> None:
    (index,) = parse_indexes(f"-- why\n{INDEX};\n")

    assert (index.name, index.table, index.sql) == ("some_idx", "some_table", INDEX)


@pytest.mark.parametrize(
    "statement",
    [
        INDEX.replace("CONCURRENTLY ", ""),
        INDEX.replace("IF NOT EXISTS ", ""),
        INDEX.replace(SCHEMA_MARK, ""),
        "DROP TABLE some_table",
    ],
)
def test_concurrent_file_takes_nothing_but_repeatable_concurrent_builds(statement: str) -> None:
    with pytest.raises(ValueError, match="not a CREATE INDEX CONCURRENTLY IF NOT EXISTS statement"):
        parse_indexes(f"{INDEX}; {statement};")
