"""The committed bundle is compared byte for byte with what the source builds to, and its lock names no host."""

import json
from pathlib import Path

import pytest

from scripts.build_dashboard import DIST, SOURCE, compare, files


def bundle(root: Path, **contents: str) -> Path:
    for name, text in contents.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_equal_bundles_are_equal(tmp_path: Path) -> None:
    ours = bundle(tmp_path / "a", index_html="x", assets__a_js="y")
    theirs = bundle(tmp_path / "b", index_html="x", assets__a_js="y")
    assert compare(ours, theirs) == 0


def test_every_difference_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = bundle(tmp_path / "a", index_html="x", new_js="")
    committed = bundle(tmp_path / "b", index_html="y", old_js="")
    assert compare(built, committed) == 1
    said = capsys.readouterr().err
    assert "missing from the commit: new.js" in said
    assert "not built from the source: old.js" in said
    assert "differs: index.html" in said


def test_the_lock_names_no_host_and_hashes_every_package() -> None:
    text = (SOURCE / "package-lock.json").read_text()
    assert "://" not in text
    packages = {name: package for name, package in json.loads(text)["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())


def test_the_committed_bundle_is_small() -> None:
    # 60 kB before compression is a second on a slow phone; what grows beyond it should be a decision.
    assert sum(path.stat().st_size for path in files(DIST).values()) < 80_000
