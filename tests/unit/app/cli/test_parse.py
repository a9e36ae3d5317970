"""``revenge parse``: its lines, its input, what is no UTF-8."""

import base64
import io
import json
import sys
from collections.abc import Callable

import pytest

from revenge.app.cli.main import main
from revenge.app.cli.parse import split

FIELDS = [
    "path",
    "media",
    "title",
    "year",
    "season",
    "episodes",
    "absolute",
    "air_date",
    "edition",
    "part",
    "tmdb_id",
    "imdb_id",
    "tvdb_id",
    "resolution",
    "source",
    "video_codec",
    "release_group",
    "episode_title",
]

Run = Callable[..., list[dict[str, object]]]


class _Stdin(io.TextIOWrapper):
    """Standard input that holds bytes."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run the command on some input and return its objects."""

    def run(*words: str, stdin: bytes = b"") -> list[dict[str, object]]:
        monkeypatch.setattr(sys, "stdin", _Stdin(io.BytesIO(stdin)))
        assert main(["parse", *words]) == 0
        return [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]

    return run


def test_each_path_is_a_line_with_all_fields(run: Run) -> None:
    movie, episode = run("Heat (1995) {tmdb-949}/Heat (1995).mkv", "Lost/Season 2/Lost S02E03.mkv")
    assert list(movie) == FIELDS
    assert (movie["media"], movie["title"], movie["year"], movie["tmdb_id"]) == ("movie", "Heat", 1995, 949)
    assert (episode["media"], episode["season"], episode["episodes"]) == ("episode", 2, [3])


def test_what_a_name_does_not_say_is_null(run: Run) -> None:
    (movie,) = run("Heat (1995).mkv")
    assert movie["episodes"] is None
    assert movie["absolute"] is None
    assert movie["imdb_id"] is None


def test_dash_reads_a_path_a_line(run: Run) -> None:
    assert [each["path"] for each in run("-", stdin=b"Heat (1995).mkv\n\nAlien (1979).mkv")] == [
        "Heat (1995).mkv",
        "Alien (1979).mkv",
    ]


def test_no_paths_at_all_are_wrong_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(io.BytesIO(b"")))
    assert main(["parse", "--json"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "give paths, or - to read them from stdin" in said.err


@pytest.mark.parametrize("words", [["-"], ["-0"], ["-", "-0"]])
def test_list_that_was_asked_for_may_be_empty(run: Run, words: list[str]) -> None:
    assert run(*words) == []


def test_paths_that_are_piped_in_need_no_dash(run: Run) -> None:
    assert [each["title"] for each in run(stdin=b"Heat (1995).mkv\n")] == ["Heat"]


def test_nul_ended_paths_may_hold_line_feeds(run: Run) -> None:
    (found,) = run("-", "-0", stdin=b"He\nat (1995).mkv\0")
    assert found["path"] == "He\nat (1995).mkv"


def test_path_that_is_no_utf8_is_shown_and_given_as_bytes(run: Run) -> None:
    path = b"Caf\xe9 (1995).mkv"
    (found,) = run("-", stdin=path)
    assert found["path"] == "Caf\ufffd (1995).mkv"
    assert base64.b64decode(str(found["path_b64"])) == path
    assert found["year"] == 1995


def test_type_settles_what_a_file_is(run: Run) -> None:
    (found,) = run("--type", "movie", "Heat.mkv")
    assert found["media"] == "movie"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_lines_are_whole_however_they_arrive(size: int) -> None:
    class Trickle(io.BytesIO):
        def read1(self, _wanted: int | None = -1, /) -> bytes:
            return self.read(size)

    batches = list(split(Trickle(b"one\ntwo\n\nthree"), b"\n"))
    assert [path for batch in batches for path in batch] == [b"one", b"two", b"three"]
