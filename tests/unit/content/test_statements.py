"""Every feature's SQL says what its placeholders are, and names its columns."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import revenge

_PACKAGE = Path(revenge.__file__).parent


def _statements() -> Iterator[tuple[str, str]]:
    for module in sorted(_PACKAGE.glob("*/*/statements.py")):
        name = ".".join(("revenge", *module.relative_to(_PACKAGE).with_suffix("").parts))
        for statement, text in import_module(name).statements().items():
            yield f"{name.removesuffix('.statements')}:{statement}", text


_ALL = dict(_statements())


@pytest.mark.parametrize("name", sorted(_ALL))
def test_every_placeholder_is_described(name: str) -> None:
    lines = _ALL[name].splitlines()
    comment = " ".join(line for line in lines if line.lstrip().startswith("--"))
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    assert set(re.findall(r"\$\d+", code)) == set(re.findall(r"\$\d+", comment))


@pytest.mark.parametrize("name", sorted(_ALL))
def test_columns_are_named_and_the_schema_is_put_in(name: str) -> None:
    assert "TEMPLATE" not in _ALL[name]
    assert not re.search(r"(SELECT|RETURNING)\s+(\w+\.)?\*", _ALL[name])
