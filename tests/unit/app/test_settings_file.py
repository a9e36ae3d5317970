"""``config/revenge.yaml`` says everything, truly, and why."""

import re
from itertools import pairwise
from pathlib import Path

import yaml

from revenge.app.settings import Settings, load_settings
from revenge.app.settings.document import render

FILE = Path(__file__).parents[3] / "config" / "revenge.yaml"


def keys(values: dict[str, object], above: str = "") -> set[str]:
    found = set()
    for name, value in values.items():
        found |= keys(value, f"{above}{name}.") if isinstance(value, dict) and value else {f"{above}{name}"}
    return found


def test_file_holds_the_defaults() -> None:
    assert load_settings(FILE, {}) == Settings()


def test_file_is_what_the_model_makes_of_it() -> None:
    assert FILE.read_text() == render(), "run: python -m revenge.app.settings > config/revenge.yaml"


def test_file_names_every_setting() -> None:
    written = keys(yaml.safe_load(FILE.read_text()))
    assert written == keys(Settings().model_dump(mode="json", by_alias=True))


def test_every_key_has_its_line_of_why() -> None:
    lines = FILE.read_text().splitlines()
    for above, line in pairwise(lines):
        if re.match(r" *\w+: *(#|$|[^{])", line) and not re.search("workers:|schedule:", line):
            assert "# " in line or above.strip().startswith("# "), f"no reason beside: {line}"
