"""The reader against tables of names, with and without being told what the library holds."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from revenge.content.library.names import MediaType, ParsedName, read_name

OWN_CASES = Path(__file__).with_name("cases.jsonl")
SHARED_CASES = Path(__file__).parents[6] / "shared" / "data" / "media_names.jsonl"
NEEDED = 0.96


def _load(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _fold(title: str | None) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", title or "") if not unicodedata.combining(c)).lower()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())


def _agrees(got: ParsedName, field: str, wanted: Any) -> bool:
    match field:
        case "title":
            return _fold(wanted) in {_fold(got.title), _fold(f"{got.title} {got.year}")}
        case "first_episode":
            return bool(got.episodes[:1] == (wanted,))
        case "last_episode":
            return bool(got.episodes[-1:] == (wanted,))
        case "episodes" | "absolute":
            return bool(getattr(got, field) == tuple(wanted))
        case "air_date":
            return bool(str(got.air_date) == wanted)
        case "year":
            return bool((got.year or 0) == wanted)
        case _:
            return bool(getattr(got, field) == wanted)


def _hint(case: dict[str, Any]) -> MediaType | None:
    media = MediaType(case["media"])
    return media if media in {MediaType.MOVIE, MediaType.EPISODE} else None


def _differences(case: dict[str, Any], *, hinted: bool) -> dict[str, Any]:
    got = read_name(case["path"], media=_hint(case) if hinted else None)
    wrong = {
        field: getattr(got, field, got.episodes)
        for field, wanted in case["expect"].items()
        if not _agrees(got, field, wanted)
    }
    if got.media != case["media"]:
        wrong["media"] = got.media
    return wrong


@pytest.mark.parametrize("case", _load(OWN_CASES), ids=lambda case: case["path"])
def test_name_says_what_a_person_would_read_in_it(case: dict[str, Any]) -> None:
    assert _differences(case, hinted=True) == {}


# The others could be films as well: only a person who knows the library can tell.
@pytest.mark.parametrize(
    "case", [case for case in _load(OWN_CASES) if not case.get("only_hinted")], ids=lambda case: case["path"]
)
def test_name_says_by_itself_whether_it_is_a_film_or_an_episode(case: dict[str, Any]) -> None:
    assert _differences(case, hinted=False) == {}


@pytest.mark.skipif(
    not SHARED_CASES.exists(), reason="the cases of other media servers lie beside the repository, not in it"
)
@pytest.mark.parametrize("hinted", [True, False], ids=["hinted", "unhinted"])
def test_names_of_other_servers_suites_are_read(hinted: bool) -> None:
    cases = _load(SHARED_CASES)
    wrong = {case["path"]: found for case in cases if (found := _differences(case, hinted=hinted))}
    assert 1 - len(wrong) / len(cases) >= NEEDED, wrong
