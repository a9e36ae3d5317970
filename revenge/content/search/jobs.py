"""The jobs that keep search up to date: films' and people's, series' and people's, and whether all of it is true."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Protocol
from uuid import UUID

from pydantic import Field

from revenge.content.search.errors import DocumentsRefused
from revenge.content.search.indexing import BATCH
from revenge.content.search.models import Difference, Ending, Group
from revenge.content.search.service import IndexService, Task
from revenge.infra.failures import verdict_of
from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Queue, Snooze, UniqueOpts, Worker
from revenge.infra.search.errors import SearchRefused, SearchUnavailable

NONE = UUID(int=0)
"""Go's empty id."""
OFF = {"search": "off", "indexed": 0, "removed": 0, "refused": 0}
"""The output where search is switched off: nothing is lost, a rebuild follows when it is switched on."""
_BUSY_AGAIN = timedelta(seconds=2)


def _is_none(value: object) -> bool:
    return value is None


class MovieSearchIndexArgs(JobArgs, kind="movie_search_index"):
    """The Go server's arguments. ``index`` without a film tells what has changed, people included."""

    operation: str
    """``index``, ``remove`` or ``reindex``."""
    movie_id: UUID = NONE
    change: UUID | None = Field(None, exclude_if=_is_none)
    """Ours: the change that it was made for, which makes each such job another; left out in jobs of other origin."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.DEFAULT,
        max_attempts=5,
        unique=UniqueOpts(by_args=["operation", "movie_id", "change"], by_state=UNFINISHED),
    )


class TVShowSearchIndexArgs(JobArgs, kind="tvshow_search_index"):
    """The Go server's arguments, and ``change``: with it what has changed is told, people included."""

    series_id: UUID | None = Field(None, exclude_if=_is_none)
    full_reindex: bool = False
    batch_size: int | None = Field(None, exclude_if=_is_none)
    """Documents at once; None, or 0: as many as is best."""
    change: UUID | None = Field(None, exclude_if=_is_none)
    """Ours: the change that it was made for; left out in jobs of other origin."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.BULK,
        max_attempts=5,
        unique=UniqueOpts(by_args=["series_id", "full_reindex", "change"], by_state=UNFINISHED),
    )


class SearchCheckArgs(JobArgs, kind="search_check"):
    """No arguments: compares all of the index with the tables."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )


class MovieSearchIndexWorker(Worker[MovieSearchIndexArgs]):
    """Indexes films and people."""

    timeout = timedelta(minutes=15)
    run_for = timedelta(minutes=13)
    """Less than ``timeout`` by what the longest batch may take."""
    phases: Mapping[str, float] = {"movies": 3, "people": 2, "changes": 0}

    def __init__(self, index: IndexService | None) -> None:
        """``index`` is None where search is switched off."""
        self._index = index

    async def work(self, job: Job[MovieSearchIndexArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Do what the operation says, and return how much that was."""
        args, movie = job.args, None if job.args.movie_id == NONE else job.args.movie_id
        groups = (Group.MOVIES, Group.PEOPLE)
        match args.operation:
            case "index":
                task = Task(groups=groups, change=movie, job_id=job.id, run_for=self.run_for)
            case "remove" if movie is None:
                return Cancel("to remove a film its movie_id is needed")
            case "remove":
                task = Task(groups=groups, remove=movie, job_id=job.id, run_for=self.run_for)
            case "reindex":
                task = Task(groups=groups, rebuild=True, job_id=job.id, run_for=self.run_for)
            case unknown:
                return Cancel(f"there is no operation {unknown[:50]!r}: index, remove and reindex are known")
        return await _worked(self._index, task, job)


class TVShowSearchIndexWorker(Worker[TVShowSearchIndexArgs]):
    """Indexes series with their seasons and episodes, and people."""

    timeout = timedelta(minutes=10)
    run_for = timedelta(minutes=8)
    """Less than ``timeout`` by what the longest batch may take."""
    phases: Mapping[str, float] = {"tvshows": 2, "seasons": 2, "episodes": 10, "people": 2, "changes": 0}

    def __init__(self, index: IndexService | None) -> None:
        """``index`` is None where search is switched off."""
        self._index = index

    async def work(self, job: Job[TVShowSearchIndexArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Index what the arguments name, and return how much that was."""
        args = job.args
        series = None if args.series_id == NONE else args.series_id
        if not args.full_reindex and series is None and args.change is None:
            return Cancel("there is nothing to do: neither a series_id nor full_reindex is given")
        task = Task(
            groups=(Group.TVSHOWS, Group.PEOPLE),
            rebuild=args.full_reindex,
            change=series,
            job_id=job.id,
            batch_size=args.batch_size if args.batch_size and args.batch_size > 0 else BATCH,
            run_for=self.run_for,
        )
        return await _worked(self._index, task, job)


class Menders(Protocol):
    """Sets going what makes the index true again."""

    async def tell(self, group: Group) -> int:
        """Return a job that tells a group's changes."""
        ...

    async def rebuild(self, groups: Sequence[Group]) -> Mapping[Group, int]:
        """Return the job of each group; one that waits or runs already is as good."""
        ...


class SearchCheckWorker(Worker[SearchCheckArgs]):
    """Compares the index with the tables, and has built anew what differs."""

    timeout = timedelta(minutes=2)

    def __init__(self, index: IndexService | None, menders: Menders) -> None:
        """``index`` is None where search is switched off."""
        self._index = index
        self._menders = menders

    async def work(self, job: Job[SearchCheckArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Return what differs, and the jobs that will mend it."""
        if self._index is None:
            return {"search": "off"}
        try:
            found = await self._index.differences()
        except (SearchUnavailable, SearchRefused) as error:
            return verdict_of(error)
        wrong = [difference for difference in found if difference.reason]
        groups = [group for group in Group if any(one.collection in group.collections for one in wrong)]
        jobs = await self._menders.rebuild(groups) if groups else {}
        waiting = [group for group in Group if any(one.waits and one.collection in group.collections for one in found)]
        for group in waiting:
            # Its job may have been cancelled or discarded; one that has nothing to do any more does nothing.
            await self._menders.tell(group)
        return {
            "differences": {one.collection.value: _difference(one) for one in wrong},
            "rebuilds": {group.value: job_id for group, job_id in jobs.items()},
            "waiting": [group.value for group in waiting],
        }


def _difference(found: Difference) -> dict[str, Any]:
    return {"reason": found.reason, **found.details}


async def _worked(index: IndexService | None, task: Task, job: Job[Any]) -> dict[str, Any] | Snooze | Cancel:
    if index is None:
        return OFF
    try:
        outcome = await index.run(task, holds=job.client.once_per_cluster, report=job.report_progress)
    except (SearchUnavailable, SearchRefused) as error:
        return verdict_of(error)
    except DocumentsRefused as error:
        job.record_output(error.tally.to_dict())
        raise
    match outcome.ending:
        case Ending.DONE:
            return outcome.tally.to_dict()
        case Ending.PAUSED:
            return Snooze(timedelta(0))
        case Ending.BUSY:
            return Snooze(_BUSY_AGAIN)
