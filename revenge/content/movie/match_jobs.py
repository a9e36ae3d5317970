"""The job that finds out which films files are: one file's, one item's, or all that wait in a library."""

import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from revenge.content.library.errors import LibraryNotFound, WrongLibraryType
from revenge.content.metadata.errors import MetadataError
from revenge.content.movie.errors import FileNamesNothing, FileNotKnown, ItemNotFound
from revenge.content.movie.matching_runs import MatchPaused, MatchRuns
from revenge.content.movie.models import ItemMatch
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

_LOOK_AGAIN = timedelta(seconds=5)
"""While a scan of the library runs, more may come: the job stays, so that nothing waits for the next one."""


class MovieFileMatchArgs(JobArgs, kind="movie_file_match"):
    """The Go server's arguments, and what else may be matched: an item, or all of a library that wait."""

    file_path: str = ""
    """A file that a library has; bytes that are not UTF-8 as surrogates. Empty: one of the others is given."""
    force_rematch: bool = False
    """Match what is matched already; what a person chose stays."""
    item_id: OptionalUuid = omitempty()
    library_id: OptionalUuid = omitempty()
    """All items that wait."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        max_attempts=3,
        unique=UniqueOpts(by_args=["file_path", "force_rematch", "item_id", "library_id"], by_state=UNFINISHED),
    )


class MovieFileMatchWorker(Worker[MovieFileMatchArgs]):
    """Matches; a library's batch commits chunk by chunk, so that a new attempt goes on where the last one ended."""

    timeout = timedelta(minutes=5)
    run_for = timedelta(minutes=4)
    """Less than ``timeout`` by what the longest chunk may take."""
    phases: Mapping[str, float] = {"matching": 1.0}

    def __init__(self, runs: MatchRuns) -> None:
        self._runs = runs

    async def work(self, job: Job[MovieFileMatchArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Match, and return what was found, or how many of what."""
        try:
            return await self._match(job)
        except (FileNotKnown, FileNamesNothing, ItemNotFound, LibraryNotFound, WrongLibraryType) as reason:
            return Cancel(str(reason))
        except MetadataError as error:
            return verdict_of(error)

    async def _match(self, job: Job[MovieFileMatchArgs]) -> dict[str, Any] | Snooze | Cancel:
        args = job.args
        if args.item_id is not None:
            return match_to_dict(await self._runs.match_item(args.item_id, force=args.force_rematch))
        if args.file_path:
            path = os.fsencode(args.file_path)
            return match_to_dict(await self._runs.match_file(path, force=args.force_rematch))
        if args.library_id is None:
            return Cancel("neither file_path nor item_id nor library_id says what is to be matched")
        return await self._match_library(job, args.library_id)

    async def _match_library(self, job: Job[MovieFileMatchArgs], library_id: UUID) -> dict[str, Any] | Snooze:
        def report(current: int, total: int) -> None:
            job.report_progress(phase="matching", current=current, total=total)

        outcome = await self._runs.match_library(library_id, report=report, run_for=self.run_for)
        if isinstance(outcome, MatchPaused):
            return Snooze(_LOOK_AGAIN if outcome.is_scanned else timedelta(0))
        return {state.value: count for state, count in outcome.items()}


def match_to_dict(match: ItemMatch) -> dict[str, Any]:
    """Return JSON-able values of what an item was found to be."""
    return {
        "item_id": str(match.item_id),
        "state": match.state.value,
        "movie_id": str(match.movie_id) if match.movie_id else None,
        "confidence": match.confidence,
        "evidence": match.evidence,
        "error": match.error,
    }
