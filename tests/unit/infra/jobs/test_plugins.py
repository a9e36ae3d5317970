"""What counts as a plugin is found out when it is given, not when it is first needed."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from revenge.infra.jobs import Cancel, Client, InvalidPlugin, Job, JobArgs, JobInsertParams, Worker, Workers
from revenge.infra.jobs.plugins import OF_WORKER, Metric, joined, look_up


class Both:
    """A hook and a middleware in one object."""

    async def around_work(self, job: Job[Any], proceed: Callable[[], Awaitable[object]]) -> object:
        return await proceed()

    async def work_begin(self, job: Job[Any]) -> None:
        return None


class Emits:
    def metric_emit(self, metric: Metric) -> None:
        return None


class Marks:
    async def insert_begin(self, params: JobInsertParams) -> None:
        return None


def test_an_object_is_called_for_each_method_that_it_has() -> None:
    both, emits = Both(), Emits()
    found = look_up([both, emits])
    assert found.around_work == (both.around_work,)
    assert found.work_begin == (both.work_begin,)
    assert found.metric_emit == (emits.metric_emit,)
    assert (found.work_end, found.insert_begin) == ((), ())


def test_plugins_of_one_sort_keep_their_order() -> None:
    first, second, third = Both(), Both(), Both()
    found = joined(look_up([first, second]), look_up([third]))
    assert found.work_begin == (first.work_begin, second.work_begin, third.work_begin)


def test_what_is_plugged_in_nowhere_extends_nothing() -> None:
    assert not look_up([]).extends_work
    assert not look_up([Emits()]).extends_work
    assert not look_up([Both()]).extends_insert
    assert look_up([Both()]).extends_work
    assert look_up([Marks()]).extends_insert


class PlainAroundWork:
    def around_work(self, job: object, proceed: object) -> object:
        return None


class AsyncMetric:
    async def metric_emit(self, metric: Metric) -> None:
        return None


class TooFew:
    async def work_end(self, job: object) -> None:
        return None


class TooMany:
    async def work_begin(self, job: object, more: object) -> None:
        return None


class NoMethod:
    insert_begin = "soon"


class Nothing:
    async def on_work(self, job: object) -> None:
        return None


@pytest.mark.parametrize(
    ("plugin", "says"),
    [
        (PlainAroundWork(), r"PlainAroundWork\.around_work must be async def around_work\(self, job, proceed\)"),
        (AsyncMetric(), r"AsyncMetric\.metric_emit must be def metric_emit\(self, metric\)"),
        (TooFew(), r"TooFew\.work_end must be async def work_end\(self, job, outcome\)"),
        (TooMany(), r"TooMany\.work_begin must be async def work_begin\(self, job\)"),
        (NoMethod(), r"NoMethod\.insert_begin must be async def insert_begin\(self, params\)"),
        (Nothing(), "Nothing is no plugin: it has none of the methods around_insert, insert_begin"),
        (Both, r"plugins are objects, got the class Both: write Both\(\)"),
    ],
)
def test_what_is_no_plugin_is_told_how_to_be_one(plugin: object, says: str) -> None:
    with pytest.raises(InvalidPlugin, match=says):
        look_up([plugin])


def test_a_default_for_more_arguments_does_no_harm() -> None:
    class Roomy:
        async def work_begin(self, job: object, more: object = None) -> None:
            return None

    assert len(look_up([Roomy()]).work_begin) == 1


def test_what_a_worker_s_plugin_would_never_be_asked_is_refused() -> None:
    with pytest.raises(InvalidPlugin, match="insert_begin would never be called as a plugin of the worker Mine"):
        look_up([Marks()], allowed=OF_WORKER, owner="the worker Mine")


class PluggedArgs(JobArgs, kind="plugged"):
    plugins = (Emits(),)


class HandlesErrors:
    async def handle_error(self, job: Job[Any], error: BaseException) -> Cancel | None:
        return None


class FineArgs(JobArgs, kind="fine"):
    pass


def test_a_kind_s_and_a_worker_s_plugins_are_looked_at_when_the_worker_is_registered() -> None:
    class PluggedWorker(Worker[PluggedArgs]):
        async def work(self, job: Job[PluggedArgs]) -> None:
            return None

    class FineWorker(Worker[FineArgs]):
        plugins = (HandlesErrors(),)

        async def work(self, job: Job[FineArgs]) -> None:
            return None

    with pytest.raises(
        InvalidPlugin, match="metric_emit would never be called as a plugin of the arguments PluggedArgs"
    ):
        Workers([PluggedWorker()])
    registration = Workers([FineWorker()]).get("fine")
    assert registration is not None
    assert registration.has_plugins


def test_type_checkers_know_what_a_plugin_is() -> None:
    with pytest.raises(InvalidPlugin):
        Client(None, plugins=[Nothing()])  # type: ignore[list-item]  # mypy says the same, or this comment would be unused
    with pytest.raises(InvalidPlugin):
        Client(None, plugins=[PlainAroundWork()])  # type: ignore[list-item]  # as above
    assert Client(None, plugins=[Both(), Emits(), Marks(), HandlesErrors()]).plugins.extends_work
