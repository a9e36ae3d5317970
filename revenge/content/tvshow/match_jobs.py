"""The job that finds out which series and episodes files are: one file's series, or all that wait in a library."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from revenge.content.library.errors import LibraryNotFound, WrongLibraryType
from revenge.content.library.ports import Pool
from revenge.content.metadata.errors import EntityGone, MetadataError, SourceDown
from revenge.content.tvshow.errors import ShowError
from revenge.content.tvshow.matching import MatchCounts, Matching
from revenge.infra.failures import verdict_of
from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    InsertOpts,
    Job,
    JobArgs,
    OptionalUuid,
    Snooze,
    UniqueOpts,
    Worker,
    omitempty,
)

Result = dict[str, Any] | Snooze | Cancel


class TvShowFileMatchArgs(JobArgs, kind="tvshow_file_match"):
    """The Go server's arguments, and a library of which all is matched that waits."""

    file_path: str = ""
    """A file that a library has; bytes that are not UTF-8 as surrogates. Empty: ``library_id`` is given."""
    episode_id: OptionalUuid = omitempty()
    """The file is this episode, whatever its name says, from now on."""
    force_rematch: bool = False
    """Find out again what was found, for all files of the series; what a person chose stays."""
    auto_create: bool = True
    """False: files are joined to series that are known, and make none."""
    library_id: OptionalUuid = omitempty()

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        max_attempts=3,
        unique=UniqueOpts(
            by_args=["file_path", "episode_id", "force_rematch", "auto_create", "library_id"], by_state=UNFINISHED
        ),
    )


class _MoreWaits(Exception):
    """Something came while the job was about to complete."""


class TvShowFileMatchWorker(Worker[TvShowFileMatchArgs]):
    """Matches; what is matched stays so, and a new attempt goes on with what still waits."""

    timeout = timedelta(minutes=5)
    run_for = timedelta(minutes=4)
    """Less than ``timeout`` by what the longest series may take."""
    phases: Mapping[str, float] = {"matching": 1.0}

    def __init__(self, matching: Matching, pool: Pool) -> None:
        self._matching = matching
        self._pool = pool

    async def work(self, job: Job[TvShowFileMatchArgs]) -> Result:
        """Match, and return how many of what."""
        try:
            return await self._match(job)
        except (LibraryNotFound, WrongLibraryType, EntityGone) as reason:
            return Cancel(str(reason))
        except (MetadataError, ShowError) as error:
            return verdict_of(error)

    async def _match(self, job: Job[TvShowFileMatchArgs]) -> Result:
        args = job.args
        if args.file_path:
            path = os.fsencode(args.file_path)
            counts = await self._matching.match_file(
                path, force=args.force_rematch, auto_create=args.auto_create, episode_id=args.episode_id
            )
            return counts.to_dict()
        if args.library_id is None:
            return Cancel("neither file_path nor library_id says what is to be matched")
        return await self._match_library(job, args.library_id)

    async def _match_library(self, job: Job[TvShowFileMatchArgs], library_id: UUID) -> Result:
        """Match until nothing waits, and complete by the transaction that looks last.

        Who adds files inserts this job, too, which is a duplicate while this one is unfinished. Completing locks the row:
        the other either committed before, so that the look finds its files, or waits and inserts a job of its own.
        """

        def report(done: int, total: int | None, title: str) -> None:
            job.report_progress(phase="matching", current=done, total=total, message=title)

        counts = MatchCounts()
        while True:
            counts, ended = await self._matching.match_library(
                library_id,
                auto_create=job.args.auto_create,
                counts=counts,
                report=report,
                run_for_s=self.run_for.total_seconds(),
            )
            if not ended:
                return Snooze(timedelta(0))
            if counts.failed:
                # The rest is done: what failed is tried again with the next attempt.
                raise SourceDown(f"{len(counts.failed)} series: {counts.failed[0]['error']}")
            try:
                async with self._pool.acquire() as conn, conn.transaction():
                    await job.complete(conn=conn, output=counts.to_dict())
                    if await self._matching.waits(conn, library_id):
                        raise _MoreWaits
            except _MoreWaits:
                continue
            return counts.to_dict()
