"""Draw where the time of a drain goes: ``python -m bench.profile`` writes docs/images/where-the-time-goes.svg.

The client's time is sampled by the interpreter's own timer signal, a stack each few milliseconds of its CPU time, and
summed by the part of the engine that the innermost of our frames belongs to. The server's CPU time and the client's
come from the kernel's accounts of the processes. Nothing is traced, so that the drain runs as fast as ever.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any
from xml.sax.saxutils import escape

import orjson

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "where-the-time-goes.svg"
PERIOD_S = 0.001
PARTS = {
    "asyncpg": "driver: statements out",
    "store": "store: arrays out, claims in",
    "models": "store: arrays out, claims in",
    "fetcher": "fetcher",
    "executor": "executor, decoding included",
    "stepping": "executor, decoding included",
    "attempt": "executor, decoding included",
    "worker": "executor, decoding included",
    "runtime": "executor, decoding included",
    "completer": "completer",
    "throughput": "the jobs themselves",
}
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#9d755d", "#bab0ac")
WIDTH, BAR, GAP, LEFT = 860, 26, 10, 260


class Sampler:
    """Counts in which part of the engine the process is, each tick of its CPU time."""

    def __init__(self) -> None:
        self.parts: Counter[str] = Counter()

    def __enter__(self) -> "Sampler":
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, PERIOD_S, PERIOD_S)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            for name in (path.stem, *path.parts):
                if name in PARTS:
                    self.parts[PARTS[name]] += 1
                    return
                if name.endswith("_store"):
                    self.parts[PARTS["store"]] += 1
                    return
            frame = frame.f_back
        self.parts["event loop, driver's rows in"] += 1


def main() -> None:
    """Measure in a process of its own on the server that ``DATABASE_URL`` names, and draw."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile")
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2000)
    parser.add_argument("--sample", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sample:
        asyncio.run(_sample(options.n, options.workers))
        return
    command = [
        sys.executable,
        "-m",
        "bench.profile",
        "--sample",
        "--n",
        str(options.n),
        "--workers",
        str(options.workers),
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, check=True)
    figures = orjson.loads(done.stdout.splitlines()[-1])
    PICTURE.write_text(_draw(figures))
    sys.stderr.write(f"{PICTURE.relative_to(ROOT)}: {figures}\n")


async def _sample(n: int, workers: int) -> None:
    """Drain as ``revenge bench drain`` does, and print where the client's time went."""
    from revenge.app.bench import throughput
    from revenge.app.bench.ground import ground
    from revenge.app.container import build_container
    from revenge.app.lifecycle import Lifecycle
    from revenge.app.process import command_steps, settle_heap
    from revenge.app.settings import load_settings

    container = build_container(load_settings(None, os.environ))
    sampler = Sampler()
    async with Lifecycle(command_steps(container)), ground(container.database()) as place:
        await settle_heap()
        with sampler:
            figures = await throughput.drain(place, n=n, workers=workers, on_begin=sampler.parts.clear)
    rate = figures["settled_per_s"]
    found: dict[str, Any] = {
        "n": n,
        "workers": workers,
        "client_us": round(figures["client_cpus"] / rate * 1e6, 1),
        "server_us": round(figures["pg_cpus"] / rate * 1e6, 1) if "pg_cpus" in figures else None,
        "parts": dict(sampler.parts),
    }
    sys.stdout.buffer.write(orjson.dumps(found))


def _draw(figures: dict[str, Any]) -> str:
    samples = sum(figures["parts"].values())
    rows = [("PostgreSQL, all its processes", figures["server_us"])] if figures["server_us"] else []
    rows += [
        (part, round(count / samples * figures["client_us"], 2))
        for part, count in sorted(figures["parts"].items(), key=lambda item: -item[1])
    ]
    longest = max(value for _, value in rows)
    scale = (WIDTH - LEFT - 90) / longest
    title = (
        f"CPU time of one job that does nothing, microseconds ({figures['n']:,} jobs, {figures['workers']:,} at once)"
    )
    height = 50 + len(rows) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="12" y="26" font-size="16" fill="#222">{escape(title)}</text>',
    ]
    for index, (name, value) in enumerate(rows):
        top = 44 + index * (BAR + GAP)
        middle = top + BAR * 0.7
        parts += [
            f'<text x="{LEFT - 10}" y="{middle}" text-anchor="end" fill="#222">{escape(name)}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{max(value * scale, 1):.1f}" height="{BAR}" '
            f'fill="{COLOURS[index % len(COLOURS)]}"/>',
            f'<text x="{LEFT + value * scale + 8:.1f}" y="{middle}" fill="#222">{value:g}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    main()
