"""Measure everything in turn, round after round, on a server of its own; print tables, write JSON lines and the docs.

``python -m bench [--rounds N] [--quick] [--only REGEX] [--write-docs]``. Each run is a process of its own on a database
of its own, and the rounds are interleaved: a slow minute of the machine meets everybody. A peer that can't be had here is
left out, with its reason. ``BENCH_DATABASE_URL`` names another server (a superuser's; its database ``revenge_bench`` is
dropped again and again).
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import orjson

from bench import page
from bench.runs import Run, Section, once, sections
from bench.tools import CACHE, Tools, Unavailable
from revenge.infra.database.embedded import EmbeddedPostgres

DATABASE = "revenge_bench"
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "max_connections": "200"}
LIMIT_S = 900


def main() -> int:
    """Return 0 when every run that could be made was."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--n", type=int, default=100_000, help="jobs, where many are drained")
    parser.add_argument("--quick", action="store_true", help="one round of a tenth of the jobs")
    parser.add_argument("--only", default="", metavar="REGEX", help="only these: matched with 'section: label'")
    parser.add_argument("--write-docs", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.n = 1, options.n // 10
    return asyncio.run(_measure(options))


async def _measure(options: argparse.Namespace) -> int:
    tools = Tools()
    wanted = re.compile(options.only)
    results: dict[tuple[str, str], list[dict[str, Any] | str]] = {}
    compared, alone = sections(options.n), once(options.n)
    async with _server() as dsn:
        for number in range(options.rounds):
            for section in compared if number else [*alone, *compared]:
                for run in section.runs:
                    if wanted.search(f"{section.key}: {run.label}"):
                        found = await _once(run, tools, dsn)
                        results.setdefault((section.key, run.label), []).append(found)
                        _tell(number, section, run, found)
        version = await _version(dsn)
    shown = [*compared, *alone]
    text = page.tables(shown, results, version=version, rounds=options.rounds)
    sys.stderr.write(text)
    if options.write_docs:
        page.write(text)
    return (
        1
        if any(isinstance(item, str) and item.startswith("failed") for found in results.values() for item in found)
        else 0
    )


async def _once(run: Run, tools: Tools, dsn: str) -> dict[str, Any] | str:
    """Return the run's figures, or why there are none."""
    try:
        command = run.command(tools)
    except Unavailable as error:
        return f"not here: {error}"
    await _fresh(dsn)
    url = _with_database(dsn, DATABASE)
    environment = os.environ | {"DATABASE_URL": url}
    try:
        if run.needs_river:
            await asyncio.to_thread(_run, [str(tools.revenge), "migrate", "up", "--line", "main"], environment)
        if run.is_lean:
            await asyncio.to_thread(_run, [str(tools.revenge), "migrate", "lean", "on"], environment)
        done = await asyncio.to_thread(_run, command, environment)
    except subprocess.TimeoutExpired:
        return f"failed: it took more than {LIMIT_S} s"
    if done.returncode:
        return f"failed with exit code {done.returncode}: {done.stderr.strip()[-300:]}"
    figures: dict[str, Any] = orjson.loads(done.stdout.strip().splitlines()[-1])
    return figures


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=LIMIT_S)


def _tell(number: int, section: Section, run: Run, found: dict[str, Any] | str) -> None:
    line = {"round": number + 1, "section": section.key, "label": run.label}
    line |= {"missing": found} if isinstance(found, str) else found
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.flush()


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    """Give the DSN of a server that has nothing else to do."""
    given = os.environ.get("BENCH_DATABASE_URL")
    if given:
        yield given
        return
    server = EmbeddedPostgres(CACHE / "postgres", settings=SETTINGS, stop_timeout=timedelta(minutes=1))
    try:
        yield await server.start()
    finally:
        await server.stop()


async def _fresh(dsn: str) -> None:
    """Make the database anew: no run inherits another's dead rows, statistics or vacuum."""
    conn = await asyncpg.connect(_with_database(dsn, "postgres"))
    try:
        await conn.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await conn.execute(f"CREATE DATABASE {DATABASE}")
        await conn.execute("CHECKPOINT")
    finally:
        await conn.close()


async def _version(dsn: str) -> str:
    conn = await asyncpg.connect(_with_database(dsn, "postgres"))
    try:
        return str(await conn.fetchval("SHOW server_version"))
    finally:
        await conn.close()


def _with_database(dsn: str, name: str) -> str:
    before, mark, query = dsn.partition("?")
    return f"{before.rpartition('/')[0]}/{name}{mark}{query}"


if __name__ == "__main__":
    sys.exit(main())
