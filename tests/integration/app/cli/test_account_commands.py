"""``revenge account`` on a real database: the first account is made here."""

import io
import json
from pathlib import Path

import pytest

from revenge.app.cli.main import main


@pytest.fixture
def place(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("DATABASE_URL", database)
    monkeypatch.setenv("REVENGE_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("place")
def test_first_administrator_is_made_with_a_password_from_stdin(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert main(["account", "add", "root", "--admin", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["username"], made["is_admin"], made["has_password"]) == ("root", True, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    assert main(["account", "add", "ROOT"]) == 1
    assert "another account has the name" in capsys.readouterr().err
    assert main(["account", "list", "--json"]) == 0
    assert [user["username"] for user in json.loads(capsys.readouterr().out)["users"]] == ["root"]
    assert main(["account", "remove", "root"]) == 1
    assert "last administrator" in capsys.readouterr().err


def test_password_is_read_from_a_file_and_is_never_empty(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = place / "secret"
    secret.write_text("correct horse\n")
    assert main(["account", "add", "ada", "--password-file", str(secret)]) == 0
    secret.write_text("another horse")
    assert main(["account", "password", "ada", "--password-file", str(secret)]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["account", "password", "ada"]) == 1
    assert main(["account", "remove", "ada"]) == 0
    assert "--password-file" in capsys.readouterr().err
