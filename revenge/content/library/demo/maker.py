"""Making the demo library on disk, once, however often it is asked for and interrupted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from revenge.content.library.demo.movies import movie_files
from revenge.content.library.demo.plan import DemoFile, FileKind
from revenge.content.library.demo.shows import show_files

# Raised when the plan changes: an older library is completed to the new plan then.
_VERSION: Final = 1
_MARKER: Final = ".revenge-demo.json"
_UNFINISHED: Final = ".making.part"

# A demo's files should not all be of today; the first is from 2 January 2021.
_FIRST_MTIME: Final = 1_609_588_800
_MTIME_STEP: Final = 577_000

Progress = Callable[[int, int, str], None]


class DemoRefused(Exception):
    """The folder holds something else; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSummary:
    """What is in the demo library."""

    directory: Path
    kind: Literal["movie", "tv"]
    videos: int
    """Files with a video's name, those that are broken, hidden, extras or samples among them."""
    broken: int
    """Those of them that cannot be read as a video."""
    others: int
    """NFO files, subtitles, disc indexes, unfinished downloads."""
    made: int
    """How many files this call made; 0 when the library was there."""


def make_demo(
    directory: Path,
    *,
    count: int = 200,
    kind: Literal["movie", "tv"] = "movie",
    on_progress: Progress | None = None,
) -> DemoSummary:
    """Make a library of ``count`` small real video files in ``directory``, with what people keep beside them.

    The same arguments give the same tree. A complete library is left as it is, whatever was done to it since; one whose
    making was interrupted is completed. ``on_progress`` gets the files done, all files, and the path of the last one.

    Raises:
        DemoRefused: the folder has files that are not of a demo library.
        ValueError: ``count`` is not positive.
        OSError: a file cannot be written; the files before it stay.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    plan = list(_cut(movie_files() if kind == "movie" else show_files(), count))
    state = {"version": _VERSION, "kind": kind, "count": count}
    found = _read_marker(directory)
    if found == {**state, "complete": True}:
        return _summary(directory, kind, plan, made=0)

    _write_marker(directory, {**state, "complete": False})
    made = 0
    for number, file in enumerate(plan, start=1):
        made += _make(directory / file.path, file, mtime=_FIRST_MTIME + number * _MTIME_STEP % 150_000_000)
        if on_progress:
            on_progress(number, len(plan), file.path)
    _write_marker(directory, {**state, "complete": True})
    return _summary(directory, kind, plan, made=made)


def _cut(files: Iterator[DemoFile], count: int) -> Iterator[DemoFile]:
    """Yield files until ``count`` of them have a video's name."""
    videos = 0
    for file in files:
        yield file
        videos += file.kind is not FileKind.OTHER
        if videos == count:
            return


def _make(target: Path, file: DemoFile, *, mtime: int) -> bool:
    if target.exists():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    # Hidden and under another name until it is whole: a scan may look on.
    growing = target.with_name(_UNFINISHED)
    file.write(growing)
    os.utime(growing, (mtime, mtime))
    growing.replace(target)
    return True


def _read_marker(directory: Path) -> object:
    try:
        return json.loads((directory / _MARKER).read_bytes())
    except FileNotFoundError:
        if directory.exists() and any(directory.iterdir()):
            raise DemoRefused(f"{directory} is not empty and holds no demo library; choose another folder") from None
    except ValueError:  # the power went while it was written
        return None
    return None


def _write_marker(directory: Path, state: dict[str, object]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    growing = directory / f"{_MARKER}.new"
    growing.write_text(json.dumps(state) + "\n")
    growing.replace(directory / _MARKER)


def _summary(directory: Path, kind: Literal["movie", "tv"], plan: list[DemoFile], *, made: int) -> DemoSummary:
    kinds = [file.kind for file in plan]
    return DemoSummary(
        directory=directory,
        kind=kind,
        videos=kinds.count(FileKind.VIDEO) + kinds.count(FileKind.BROKEN),
        broken=kinds.count(FileKind.BROKEN),
        others=kinds.count(FileKind.OTHER),
        made=made,
    )
