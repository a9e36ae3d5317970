"""The plan of the demo library, without making it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

import pytest

from revenge.content.library.demo.catalogue import CLASSICS, INVENTED, Film
from revenge.content.library.demo.movies import movie_files
from revenge.content.library.demo.plan import DemoFile, FileKind
from revenge.content.library.demo.shows import show_files


@pytest.mark.parametrize("files", [movie_files, show_files])
def test_the_plan_goes_on_for_ever_and_names_no_path_twice(files: Callable[[], Iterator[DemoFile]]) -> None:
    plan = list(islice(files(), 2000))

    paths = [file.path for file in plan]
    assert len(plan) == 2000
    assert len(set(paths)) == len(paths)
    assert not [path for path in paths if path.startswith("/") or ".." in path.split("/")]


def test_paths_can_be_written_on_windows_shares_too() -> None:
    assert not [file.path for file in islice(movie_files(), 500) if re.search(r'[<>:"\\|?*]|[ .](/|$)', file.path)]


def test_the_first_two_hundred_show_every_habit() -> None:
    plan = list(islice(movie_files(), 220))
    paths = "\n".join(file.path for file in plan)

    for habit in (
        r"\{tmdb-\d+\}", r"\[imdbid-tt\d+\]", r"\[tmdbid=\d+\]", r"\{edition-", r" - 1080p\.mkv", r" - 4K\.mkv", r" cd2\.avi",
        r"part2\.mkv", r"BDMV/STREAM/", r"VIDEO_TS/", r"\.nomedia", r"(?m)^\.", r"\.part$", r"-trailer\.", r"/extras/",
        r"/Sample/", r"/movie\.nfo", r"\.de\.forced\.srt", r"2160p.*x265", r"DVDRip_XviD", r"[^\x00-\x7f]",
    ):  # fmt: skip
        assert re.search(habit, paths, re.MULTILINE), habit
    assert sum(file.kind is FileKind.BROKEN for file in plan) >= 6
    assert len({file.path.rpartition(".")[2].lower() for file in plan if file.kind is FileKind.VIDEO}) >= 9


def test_no_film_is_named_twice() -> None:
    films = [*CLASSICS, *INVENTED]

    assert len({(film.title, film.year) for film in films}) == len(films)


@pytest.mark.parametrize(
    ("film", "named", "dotted"),
    [
        (Film("Berlin: Symphony of a Great City", 1927), "Berlin - Symphony of a Great City (1927)", "Berlin.Symphony.of.a.Great.City.1927"),
        (Film("The Beekeeper's Arithmetic", 2020), "The Beekeeper's Arithmetic (2020)", "The.Beekeepers.Arithmetic.2020"),
        (Film("Salt & Cinder", 2020), "Salt & Cinder (2020)", "Salt.and.Cinder.2020"),
        (Film("D.O.A.", 1949), "D.O.A. (1949)", "D.O.A.1949"),
    ],
)  # fmt: skip
def test_titles_become_names_as_people_and_releases_write_them(film: Film, named: str, dotted: str) -> None:
    assert (film.named, film.dotted) == (named, dotted)
