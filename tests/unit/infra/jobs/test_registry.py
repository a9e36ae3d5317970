"""Kinds and what works them."""

from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs import InvalidJob, Job, JobArgs, KindAlreadyRegistered, UnknownKind, Worker, Workers
from tests.fakes.engine import ActArgs, Actor, nothing


class InThread(Worker[ActArgs]):
    def work(self, job: Job[ActArgs]) -> object:
        return None


class InProcess(Worker[ActArgs], runs_in="process"):
    @staticmethod
    def work(job: Job[ActArgs]) -> object:
        return None


@pytest.mark.parametrize(
    ("worker", "where"), [(Actor(nothing), "loop"), (InThread(), "thread"), (InProcess(), "process")]
)
def test_where_a_worker_runs_follows_from_how_it_is_written(worker: Worker[Any], where: str) -> None:
    registration = Workers([worker]).get("act")
    assert registration is not None
    assert registration.runs_in == where


def test_what_is_declared_must_fit_what_is_written() -> None:
    class AsyncInThread(Worker[ActArgs], runs_in="thread"):
        async def work(self, job: Job[ActArgs]) -> object:
            return None

    class SyncInLoop(Worker[ActArgs], runs_in="loop"):
        def work(self, job: Job[ActArgs]) -> object:
            return None

    with pytest.raises(InvalidJob, match='runs_in="thread" needs def work'):
        Workers([AsyncInThread()])
    with pytest.raises(InvalidJob, match='runs_in="loop" needs async def work'):
        Workers([SyncInLoop()])


def test_two_workers_for_one_kind_are_a_mistake() -> None:
    with pytest.raises(KindAlreadyRegistered, match="'act'"):
        Workers([Actor(nothing), InThread()])


def test_a_worker_without_arguments_says_how_to_name_them() -> None:
    class Bare(Worker):  # type: ignore[type-arg]  # that is the point
        pass

    with pytest.raises(InvalidJob, match=r"class Bare\(Worker\[SomeArgs\]\)"):
        Workers([Bare()])


@pytest.mark.parametrize("kind", ["x", "", "with space", "-dash", "x" * 128, "né_", None])
def test_a_kind_that_river_would_refuse_is_refused(kind: str | None) -> None:
    class Args(JobArgs, kind=kind):
        pass

    with pytest.raises(InvalidJob, match="needs a kind of 2 to 127"):
        Workers().declare(Args)


@pytest.mark.parametrize("kind", ["ab", "a.b/c:d+e<f>[g]-h_i", "7x", "x" * 127, "a\u00b7b"])
def test_a_kind_that_river_takes_is_taken(kind: str) -> None:
    class Args(JobArgs, kind=kind):
        pass

    workers = Workers()
    workers.declare(Args)
    assert workers.args_type(kind) is Args
    assert (workers.get(kind), workers.kinds, len(workers)) == (None, [], 0)


def test_an_unknown_kind_has_rivers_words() -> None:
    with pytest.raises(UnknownKind, match="job kind is not registered in the client's Workers bundle: nobody"):
        Workers().args_type("nobody")


def test_what_a_worker_says_about_itself_is_kept() -> None:
    worker = Actor(nothing, timeout=timedelta(hours=1), phases={"walk": 1.0, "probe": 3.0})
    workers = Workers([worker])
    registration = workers.get("act")
    assert registration is not None
    assert registration.timeout == timedelta(hours=1)
    assert list(workers.phases("act").items()) == [("walk", 1.0), ("probe", 3.0)]
    assert workers.phases("nobody") == {}
    assert workers.kinds == ["act"]


def test_unknown_keys_of_a_row_are_ignored_and_aliases_are_read() -> None:
    registration = Workers([Actor(nothing)]).get("act")
    assert registration is not None
    assert registration.decode('{"what": "x", "added_by_a_newer_version": 1}') == ActArgs(what="x")
