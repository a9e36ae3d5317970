"""Every package's SQL says what its placeholders are, and names its columns."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from revenge.infra.jobs.sql import load

ROOT = Path(__file__).resolve().parents[2]


def _statements() -> Iterator[tuple[str, str]]:
    # The engine's own have suites of their own.
    for folder in sorted((ROOT / "revenge").rglob("sql")):
        package = ".".join(folder.relative_to(ROOT).parts)
        if folder.is_dir() and not package.startswith("revenge.infra.jobs"):
            yield from ((f"{package}.{name}", text) for name, text in load(package, schema="revenge").items())


STATEMENTS = dict(_statements())


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_every_placeholder_is_described(name: str) -> None:
    lines = STATEMENTS[name].splitlines()
    comment = " ".join(line for line in lines if line.lstrip().startswith("--"))
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    assert set(re.findall(r"\$\d+", code)) == set(re.findall(r"\$\d+", comment))


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_columns_are_named_and_the_schema_is_put_in(name: str) -> None:
    text = STATEMENTS[name]
    assert "TEMPLATE" not in text
    assert not re.search(r"(SELECT|RETURNING)\s+(\w+\.)?\*", text)
