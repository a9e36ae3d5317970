"""Every feature's SQL says what its placeholders are, and names its columns."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import revenge
from revenge.infra.jobs.sql import parse

_PACKAGE = Path(revenge.__file__).parent


def _statements() -> Iterator[tuple[str, str]]:
    for module in sorted(_PACKAGE.glob("*/*/statements.py")):
        name = ".".join(("revenge", *module.relative_to(_PACKAGE).with_suffix("").parts))
        for statement, text in import_module(name).statements().items():
            yield f"{name.removesuffix('.statements')}:{statement}", text


def _texts() -> Iterator[tuple[str, str]]:
    """Yield the statements as they are written, with their comments."""
    for module in sorted(_PACKAGE.glob("*/*/statements.py")):
        for file in sorted(module.parent.glob("sql/*.sql")):
            for statement, text in parse(file.read_text(encoding="utf-8")).items():
                yield f"{file.relative_to(_PACKAGE)}:{statement}", text


_ALL = dict(_statements())
_TEXTS = dict(_texts())


def test_all_statements_are_looked_at() -> None:
    assert len(_TEXTS) == len(_ALL)


@pytest.mark.parametrize("name", sorted(_TEXTS))
def test_every_placeholder_is_described(name: str) -> None:
    lines = _TEXTS[name].splitlines()
    comment = " ".join(line for line in lines if line.lstrip().startswith("--"))
    code = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    assert set(re.findall(r"\$\d+", code)) == set(re.findall(r"\$\d+", comment))


@pytest.mark.parametrize("name", sorted(_ALL))
def test_columns_are_named_and_the_schema_is_put_in(name: str) -> None:
    assert "TEMPLATE" not in _ALL[name]
    assert not re.search(r"(SELECT|RETURNING)\s+(\w+\.)?\*", _ALL[name])
