"""What the documents point to is there, and so is each document that the code names."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
_NAMED = re.compile(r"\bdocs/[\w./-]+?\.(?:md|py|svg|png)\b")
_ENDS = (".md", ".py", ".sql", ".yaml", ".toml", ".ts", ".tsx", ".go")


@cache
def tracked() -> tuple[str, ...]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone: git does not know its files")
    return tuple(name for name in listed.stdout.splitlines() if name.endswith(_ENDS) and (ROOT / name).exists())


def anchors(page: Path) -> set[str]:
    """Return what a link may name in a page, as GitHub makes it of the headings."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_link_of_a_page_leads_somewhere() -> None:
    lost = []
    for name in tracked():
        if not name.endswith(".md"):
            continue
        page = ROOT / name
        for target, anchor in _LINK.findall(page.read_text()):
            if "://" in target:
                continue
            found = (page.parent / target) if target else page
            if not found.exists() or (anchor and found.suffix == ".md" and anchor[1:] not in anchors(found)):
                lost.append(f"{name}: {target}{anchor}")
    assert lost == []


def test_every_document_that_is_named_exists() -> None:
    named = {(name, found) for name in tracked() for found in _NAMED.findall((ROOT / name).read_text())}
    assert [pair for pair in sorted(named) if not (ROOT / pair[1]).exists()] == []
