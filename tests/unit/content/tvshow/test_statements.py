"""The package's SQL says what its placeholders are, and names its columns."""

import re

import pytest

from revenge.content.tvshow.statements import statements


@pytest.mark.parametrize("name", sorted(statements()))
def test_every_placeholder_is_described(name: str) -> None:
    lines = statements()[name].splitlines()
    comment = " ".join(line for line in lines if line.lstrip().startswith("--"))
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    used = set(re.findall(r"\$\d+", code))
    assert used == set(re.findall(r"\$\d+", comment))


@pytest.mark.parametrize("name", sorted(statements()))
def test_columns_are_named_and_the_schema_is_put_in(name: str) -> None:
    text = statements()[name]
    assert "TEMPLATE" not in text
    assert not re.search(r"(SELECT|RETURNING)\s+(\w+\.)?\*", text)
