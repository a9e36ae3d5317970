"""The job that refreshes a film."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from revenge.content.metadata.errors import EntityGone, MetadataError
from revenge.content.metadata.verdicts import verdict
from revenge.content.movie.errors import MovieNotFound
from revenge.content.movie.refreshing import MovieRefresher
from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Snooze, UniqueOpts, Worker, omitempty


class MetadataRefreshMovieArgs(JobArgs, kind="metadata_refresh_movie"):
    """The Go server's arguments."""

    movie_id: UUID
    force: bool = False
    """Ask although somebody was asked lately; kept answers about other films stay."""
    languages: tuple[str, ...] = omitempty(())
    """ISO 639-1, before those of the libraries that have the film."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        max_attempts=5, unique=UniqueOpts(by_args=["movie_id", "force", "languages"], by_state=UNFINISHED)
    )


class MetadataRefreshMovieWorker(Worker[MetadataRefreshMovieArgs]):
    """Refreshes a film: one question, one transaction."""

    timeout = timedelta(minutes=5)
    phases: Mapping[str, float] = {"refreshing": 1.0}

    def __init__(self, refresher: MovieRefresher) -> None:
        self._refresher = refresher

    async def work(self, job: Job[MetadataRefreshMovieArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Refresh, and return what became of it."""
        job.report_progress(phase="refreshing", current=0, total=1)
        args = job.args
        try:
            outcome = await self._refresher.refresh(args.movie_id, force=args.force, languages=args.languages)
        except MovieNotFound as reason:
            return Cancel(str(reason))
        except (MetadataError, EntityGone) as error:
            return verdict(error)
        job.report_progress(phase="refreshing", current=1, total=1)
        return outcome.to_dict()
