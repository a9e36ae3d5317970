"""The limit is one of branches alone, and what is not taken is named."""

import io
import json
import sys

import pytest

from scripts.branch_coverage import main


def summary(*, covered: int, of: int) -> dict[str, int]:
    return {"covered_branches": covered, "num_branches": of}


REPORT = {
    "files": {
        "good.py": {"summary": summary(covered=8, of=8), "missing_branches": []},
        "plain.py": {"summary": summary(covered=0, of=0), "missing_branches": []},
        "weak.py": {"summary": summary(covered=1, of=2), "missing_branches": [[7, -3]]},
    },
    "totals": summary(covered=9, of=10),
}


@pytest.mark.parametrize(("limit", "code"), [("90", 0), ("90.5", 1)])
def test_too_few_branches_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], limit: str, code: int
) -> None:
    monkeypatch.setattr(sys, "argv", ["branch_coverage", limit])
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(REPORT)))
    assert main() == code
    said = capsys.readouterr().out
    assert "50.0 %  weak.py  7->out" in said
    assert "good.py" not in said
    assert "plain.py" not in said
    assert "90.0 % of 10 branches" in said
