"""What people are shown cannot steer their terminal."""

import pytest

from revenge.app.cli.shell import Shell, visible


def test_control_characters_are_shown_as_escapes() -> None:
    assert visible("a\x1b[2J\n\x9b\u202e\udc80b") == r"a\x1b[2J\n\x9b\u202e\udc80b"
    assert visible("Amélie – 東京 🎬 [/x]") == "Amélie – 東京 🎬 [/x]"


def test_row_of_a_table_stays_one_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    shell = Shell()
    shell.table(["title"], [["a\x1b[2J\nb\tc", ":tada:"]], empty="none")
    shell.note("d\x1b[2J")
    out, err = capfdbinary.readouterr()
    assert out == b"a\\x1b[2J\\nb\\tc\t:tada:\n"
    assert err == b"d\\x1b[2J\n"
