"""The second phase: read what is in the files that are new or changed, some at a time."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from revenge.content.library.models import Library, show_path
from revenge.content.library.ports import Prober
from revenge.content.library.probe import Probe, ProbeFailed
from revenge.content.library.scans.checkpoint import Phase
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.ledger import Ledger
from revenge.content.library.scans.pace import Pace
from revenge.content.library.scans.progress import Report, ScanProgress
from revenge.content.library.scans.rows import insert_errors
from revenge.content.library.scans.walking import MAX_ERRORS
from revenge.content.library.statements import statements
from revenge.content.library.walk import Disc, WalkError
from revenge.content.library.walk.discs import find_main
from revenge.infra.threads import in_thread

_PAGE = 500
_COMMIT_AT = 100
_COMMIT_AFTER_S = 1.0
"""Results committed at once, and how long they wait at most."""
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class _Result:
    id: UUID
    path: bytes
    probe: Probe | None
    error: str | None
    read_again: bool = False
    """The file was out of reach, which says nothing about its content."""


class Probing:
    """One run's reading of files."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        config: ScanConfig,
        library: Library,
        prober: Prober,
        report: Report,
        started_at: datetime,
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._library_id = library.id
        self._pace = Pace(library.scanner_config.get("reads_per_second"))
        self._prober = prober
        self._report = report
        self._started_at = started_at

    async def run(self) -> None:
        """Read every file that needs it; errors as those of ``Ledger.chunk`` and of the prober.

        Results are committed about once a second: after a crash only what was not committed is read again.
        """
        checkpoint = self._ledger.checkpoint
        if checkpoint.to_probe is None:
            checkpoint.to_probe = await self._ledger.pool.fetchval(
                statements()["file_count_to_probe"], self._library_id
            )
        running: set[asyncio.Task[_Result | None]] = set()
        results: list[_Result] = []
        files, has_more = self._files(), True
        committed_at = time.monotonic()
        try:
            while has_more or running:
                while has_more and len(running) < self._config.probes_at_once:
                    file = await anext(files, None)
                    if file is None:
                        has_more = False
                    else:
                        running.add(asyncio.create_task(self._probe(*file)))
                if running:
                    done, running = await asyncio.wait(
                        running, return_when=asyncio.FIRST_COMPLETED, timeout=_COMMIT_AFTER_S
                    )
                    results += filter(None, (task.result() for task in done))
                waited_s = time.monotonic() - committed_at
                if results and (len(results) >= _COMMIT_AT or waited_s > _COMMIT_AFTER_S):
                    await self._commit(results)
                    results, committed_at = [], time.monotonic()
                elif waited_s > self._config.heartbeat.total_seconds():
                    await self._ledger.beat()
                    committed_at = time.monotonic()
            if results:
                await self._commit(results)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await files.aclose()

    async def _files(self) -> AsyncGenerator[tuple[UUID, bytes, str | None], None]:
        after = _BEFORE_ALL
        while True:
            page = await self._ledger.pool.fetch(
                statements()["file_to_probe"], self._library_id, after, _PAGE, self._started_at
            )
            for row in page:
                yield row["id"], row["path"], row["disc"]
            if len(page) < _PAGE:
                return
            after = page[-1]["id"]

    async def _probe(self, id: UUID, path: bytes, disc: str | None) -> _Result | None:
        """Return what is in a file; None when it went since the walk, which the next scan will find."""
        await self._pace.turn()
        checkpoint, counts = self._ledger.checkpoint, self._ledger.counts
        self._report(ScanProgress(Phase.PROBING, counts.probed, checkpoint.to_probe, show_path(path)))
        target = path if disc is None else await in_thread(partial(find_main, path, Disc(disc)))
        if target is None:
            return None
        try:
            return _Result(id, path, await self._prober.probe(target), None)
        except ProbeFailed as failed:
            if not await in_thread(partial(os.path.lexists, target)):
                return None
            return _Result(id, path, failed.partial, failed.reason, read_again=failed.access)

    async def _commit(self, results: list[_Result]) -> None:
        counts = self._ledger.counts
        broken = [WalkError(each.path, each.error) for each in results if each.error is not None]
        counts.probed += len(results)
        columns = zip(*map(_values, results), strict=True)
        async with self._ledger.chunk() as conn:
            await conn.execute(statements()["file_set_probed"], *map(list, columns))
            if broken and counts.failed < MAX_ERRORS:
                counts.failed += await insert_errors(conn, self._ledger.scan_id, broken)


def _values(result: _Result) -> tuple[Any, ...]:
    probe, error = result.probe, result.error
    reason = None if error is None else error.replace("\0", "")[:2000] or "unreadable"
    if probe is None:
        return (result.id, None, reason, None, None, None, None, None, None, result.read_again)
    text = orjson.dumps(probe.to_dict()).decode()
    values = (probe.duration_s, probe.container, probe.video_codec, probe.width, probe.height, probe.hdr)
    return (result.id, text, reason, *values, result.read_again)
