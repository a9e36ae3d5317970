"""How many files a second a scan finds, compares and reads."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from revenge.app.bench.ground import report, rss_mb
from revenge.app.container import Container
from revenge.content.library.demo import make_demo
from revenge.content.library.models import LibraryFields, LibraryType
from revenge.content.library.probe import ProbeFailed, Prober
from revenge.content.library.scans import ScanRequest, ScanService
from revenge.content.library.walk import walk as walk_tree

A_FOLDER = 4
"""Files of one film: two versions of two parts."""
NAMES = (" - 1080p - cd1", " - 1080p - cd2", " - 2160p - cd1", " - 2160p - cd2")


def plant(root: Path, files: int) -> None:
    """Make a tree of sparse films: sizes as films have them, no blocks."""
    for number in range(files):
        film = number // A_FOLDER
        folder = root / f"{film % 40:02d}" / f"The Film {film} ({1950 + film % 70})"
        if number % A_FOLDER == 0:
            folder.mkdir(parents=True)
        with (folder / f"{folder.name}{NAMES[number % A_FOLDER]}.mkv").open("wb") as file:
            file.truncate(1_000_000_000 + number)


async def scan(container: Container, *, files: int) -> dict[str, Any]:
    """Scan a tree of sparse files for the first time and again, probing off; the library is deleted afterwards."""
    libraries = container.library_service()
    scans = ScanService(container.database().pool, jobs=container.scan_queue(), config=container.scan_config())
    root = Path(tempfile.mkdtemp(prefix="revenge-bench-"))
    try:
        plant(root, files)
        library = await libraries.create(
            LibraryFields(name=root.name, type=LibraryType.MOVIE, paths=[str(root).encode()])
        )
        try:
            took = []
            for _ in range(2):
                began = time.perf_counter()
                await scans.run(ScanRequest(library_id=library.id))
                took.append(time.perf_counter() - began)
        finally:
            await libraries.delete(library.id)
            async with container.library_repository().forgetting(library.id):
                pass
    finally:
        shutil.rmtree(root)
    first_s, again_s = took
    return report(
        "scan",
        files,
        1,
        files=files,
        first_files_per_s=round(files / first_s),
        again_files_per_s=round(files / again_s),
        rss_mb=rss_mb(),
    )


def walk(*, files: int, rounds: int = 7) -> dict[str, Any]:
    """Walk a tree of sparse files and let ``find`` print the sizes and times of the same, in turn; medians."""
    find = shutil.which("find")
    root = Path(tempfile.mkdtemp(prefix="revenge-bench-"))
    try:
        plant(root, files)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(rounds):
            began = time.perf_counter()
            events = sum(len(batch) for batch in walk_tree(bytes(root)).batches())
            ours.append(time.perf_counter() - began)
            if find is not None:
                began = time.perf_counter()
                subprocess.run([find, root, "-printf", "%s %T@\n"], stdout=subprocess.DEVNULL, check=True)  # noqa: S603 - our own tree
                theirs.append(time.perf_counter() - began)
    finally:
        shutil.rmtree(root)
    if events < files:
        message = f"the walk told of {events} files and folders, of {files} files alone"
        raise RuntimeError(message)
    figures: dict[str, Any] = {"walk_files_per_s": round(files / median(ours))}
    if theirs:
        figures |= {
            "find_files_per_s": round(files / median(theirs)),
            "walk_to_find": round(median(theirs) / median(ours), 2),
        }
    return report("walk", files, 1, files=files, **figures)


def _videos(root: Path) -> list[bytes]:
    return [bytes(path) for path in sorted(root.rglob("*")) if path.suffix in {".mkv", ".mp4", ".avi", ".webm"}]


async def probe(*, files: int, processes: int) -> dict[str, Any]:
    """Read ``files`` small real videos of every kind, ``processes`` at a time."""
    import asyncio

    root = Path(tempfile.mkdtemp(prefix="revenge-bench-"))
    prober = Prober(processes=processes)
    try:
        await asyncio.to_thread(make_demo, root, count=files)
        paths = await asyncio.to_thread(_videos, root)
        await prober.start()
        began = time.perf_counter()
        results = await asyncio.gather(*(prober.probe(path) for path in paths), return_exceptions=True)
        took = time.perf_counter() - began
    finally:
        await prober.stop()
        shutil.rmtree(root)
    unforeseen = [
        result for result in results if isinstance(result, BaseException) and not isinstance(result, ProbeFailed)
    ]
    if unforeseen:
        raise unforeseen[0]
    return report("probe", len(paths), processes, files=len(paths), probed_files_per_s=round(len(paths) / took))
