"""The workers decide what arguments mean, and what becomes of failures."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from revenge.content.search.jobs import (
    MovieSearchIndexArgs,
    MovieSearchIndexWorker,
    SearchCheckArgs,
    SearchCheckWorker,
    TVShowSearchIndexArgs,
    TVShowSearchIndexWorker,
)
from revenge.content.search.models import Ending, Group, Outcome, Tally
from revenge.content.search.service import Task
from revenge.infra.jobs.testing import work_one
from revenge.infra.search.errors import SearchRefused, SearchUnavailable

HEAT = UUID(int=7)


class Index:
    """Does as it is told, and remembers what it was asked for."""

    def __init__(self, answer: Exception | Ending = Ending.DONE) -> None:
        self.answer = answer
        self.tasks: list[Task] = []

    async def run(self, task: Task, **_: Any) -> Outcome:
        self.tasks.append(task)
        if isinstance(self.answer, Exception):
            raise self.answer
        return Outcome(ending=self.answer, tally=Tally(indexed=1))

    async def differences(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return []


def movies(index: Index | None) -> MovieSearchIndexWorker:
    return MovieSearchIndexWorker(index)  # type: ignore[arg-type]  # as much of it as is used


def tvshows(index: Index | None) -> TVShowSearchIndexWorker:
    return TVShowSearchIndexWorker(index)  # type: ignore[arg-type]  # as much of it as is used


def test_arguments_are_those_of_the_go_server() -> None:
    assert json.loads(MovieSearchIndexArgs(operation="reindex").wire_text()) == {
        "operation": "reindex",
        "movie_id": "00000000-0000-0000-0000-000000000000",
    }
    assert json.loads(TVShowSearchIndexArgs(full_reindex=True).wire_text()) == {"full_reindex": True}
    read = TVShowSearchIndexArgs.model_validate({"full_reindex": False, "series_id": str(HEAT), "batch_size": 50})
    assert (read.series_id, read.batch_size) == (HEAT, 50)
    assert MovieSearchIndexArgs.model_validate({"operation": "index", "unknown": 1}).movie_id == UUID(int=0)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({"operation": "index"}, {}),
        ({"operation": "index", "movie_id": HEAT}, {"change": HEAT}),
        ({"operation": "remove", "movie_id": HEAT}, {"remove": HEAT}),
        ({"operation": "reindex", "movie_id": HEAT}, {"rebuild": True}),
    ],
)
async def test_operation_says_what_is_done(args: dict[str, Any], expected: dict[str, Any]) -> None:
    index = Index()
    worked = await work_one(movies(index), MovieSearchIndexArgs(**args))
    assert worked.output == {"indexed": 1, "removed": 0, "refused": 0}
    (task,) = index.tasks
    assert task.groups == (Group.MOVIES, Group.PEOPLE)
    assert (task.change, task.remove, task.rebuild) == (
        expected.get("change"),
        expected.get("remove"),
        expected.get("rebuild", False),
    )


@pytest.mark.parametrize("args", [{"operation": "drop"}, {"operation": ""}, {"operation": "remove"}])
async def test_operation_that_means_nothing_is_cancelled_with_a_reason(args: dict[str, Any]) -> None:
    """Appendix C: an unknown operation was tried five times."""
    index = Index()
    worked = await work_one(movies(index), MovieSearchIndexArgs(**args))
    assert worked.outcome == "cancelled"
    assert index.tasks == []


async def test_series_job_without_anything_to_do_is_cancelled_with_a_reason() -> None:
    """The Go server called it a success."""
    worked = await work_one(tvshows(Index()), TVShowSearchIndexArgs(series_id=UUID(int=0)))
    assert worked.outcome == "cancelled"


async def test_series_job_tells_changes_one_series_or_all() -> None:
    index = Index()
    for args in (
        TVShowSearchIndexArgs(change=uuid7()),
        TVShowSearchIndexArgs(series_id=HEAT, batch_size=0),
        TVShowSearchIndexArgs(full_reindex=True, batch_size=50),
    ):
        await work_one(tvshows(index), args)
    assert [(task.change, task.rebuild, task.batch_size) for task in index.tasks] == [
        (None, False, 500),
        (HEAT, False, 500),
        (None, True, 50),
    ]


async def test_search_that_is_off_completes_and_says_so() -> None:
    worked = await work_one(movies(None), MovieSearchIndexArgs(operation="reindex"))
    assert (worked.outcome, worked.output and worked.output["search"]) == ("completed", "off")
    worked = await work_one(tvshows(None), TVShowSearchIndexArgs(full_reindex=True))
    assert (worked.outcome, worked.output and worked.output["search"]) == ("completed", "off")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (SearchUnavailable("it is away", retry_after=timedelta(minutes=1)), "snoozed"),
        (SearchRefused("a wrong key"), "cancelled"),
        (Ending.PAUSED, "snoozed"),
        (Ending.BUSY, "snoozed"),
    ],
)
async def test_what_is_not_the_job_s_fault_loses_no_attempt(answer: Exception | Ending, outcome: str) -> None:
    worked = await work_one(movies(Index(answer)), MovieSearchIndexArgs(operation="reindex"))
    assert worked.outcome == outcome
    worked = await work_one(tvshows(Index(answer)), TVShowSearchIndexArgs(full_reindex=True))
    assert worked.outcome == outcome


async def test_check_waits_for_a_server_that_is_away_and_gives_up_one_that_refuses() -> None:
    async def check(answer: Exception) -> str:
        worker = SearchCheckWorker(Index(answer), None)  # type: ignore[arg-type]  # as much of it as is used
        return (await work_one(worker, SearchCheckArgs())).outcome

    assert await check(SearchUnavailable("away")) == "snoozed"
    assert await check(SearchRefused("no")) == "cancelled"
