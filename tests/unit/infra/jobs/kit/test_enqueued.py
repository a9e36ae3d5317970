"""Asking what is enqueued: what matches, and what a failure says."""

from datetime import timedelta
from unittest.mock import ANY
from uuid import UUID

import pytest
from pydantic import Field

from revenge.infra.jobs import InsertOpts, Job, JobArgs, JobState, UnknownKind, Worker
from revenge.infra.jobs.testing import MemoryClient, StoppedClock, assert_enqueued, drain, enqueued, refute_enqueued

ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


class ScanArgs(JobArgs, kind="scan"):
    library_id: UUID = Field(alias="libraryId")
    force: bool = False
    options: dict[str, int] = Field(default_factory=dict)


class OtherArgs(JobArgs, kind="other"):
    pass


class ScanWorker(Worker[ScanArgs]):
    async def work(self, job: Job[ScanArgs]) -> None:
        pass


@pytest.fixture
async def client(stopped_clock: StoppedClock) -> MemoryClient:
    """A client with one scan and one job of another kind."""
    client = MemoryClient(clock=stopped_clock)
    opts = InsertOpts(queue="bulk", priority=2, tags=["one", "two"], metadata={"by": {"user": 7, "how": "http"}})
    await client.insert(ScanArgs(library_id=ID, options={"depth": 3, "width": 1}), opts)
    await client.insert(OtherArgs())
    return client


async def test_the_very_arguments_their_class_and_the_kind_name_a_job(client: MemoryClient) -> None:
    for what in (ScanArgs(library_id=ID, options={"depth": 3, "width": 1}), ScanArgs, "scan"):
        assert (await assert_enqueued(client, what, count=1)).id == 1
    await refute_enqueued(client, ScanArgs(library_id=ID))
    assert [job.id for job in await enqueued(client)] == [1, 2]


@pytest.mark.parametrize(
    "args",
    [
        {"library_id": ID},
        {"libraryId": str(ID)},
        {"libraryId": ANY},
        {"options": {"depth": 3}},
        {"force": False, "options": {"depth": 3, "width": 1}},
    ],
    ids=["field", "json-name", "any", "part-of-an-object", "several"],
)
async def test_parts_of_the_arguments_match(client: MemoryClient, args: dict[str, object]) -> None:
    await assert_enqueued(client, ScanArgs, args=args)


@pytest.mark.parametrize(
    "args",
    [{"library_id": UUID(int=1)}, {"options": {"height": 1}}, {"options": {"depth": 4}}, {"force": 0}],
    ids=["value", "missing-inside", "value-inside", "zero-is-not-false"],
)
async def test_other_arguments_do_not_match(client: MemoryClient, args: dict[str, object]) -> None:
    await refute_enqueued(client, ScanArgs, args=args)


async def test_queue_priority_tags_and_metadata_count(client: MemoryClient) -> None:
    await assert_enqueued(client, queue="bulk", priority=2, tags=["two"], metadata={"by": {"user": 7}})
    await refute_enqueued(client, ScanArgs, queue="default")
    await refute_enqueued(client, ScanArgs, priority=1)
    await refute_enqueued(client, ScanArgs, tags=["two", "three"])
    await refute_enqueued(client, ScanArgs, metadata={"by": {"user": 8}})


async def test_a_time_is_met_within_a_second_or_as_told(client: MemoryClient, stopped_clock: StoppedClock) -> None:
    now = stopped_clock.now()
    await assert_enqueued(client, ScanArgs, scheduled_at=now + timedelta(milliseconds=900))
    await refute_enqueued(client, ScanArgs, scheduled_at=now + timedelta(seconds=2))
    await assert_enqueued(client, ScanArgs, scheduled_at=now + timedelta(seconds=2), within=timedelta(seconds=3))


async def test_what_has_ended_is_not_enqueued_unless_asked_for(client: MemoryClient) -> None:
    await client.cancel(1)
    await refute_enqueued(client, ScanArgs)
    await assert_enqueued(client, ScanArgs, states=[JobState.CANCELLED])
    with pytest.raises(AssertionError, match="state: wanted unfinished, is cancelled"):
        await assert_enqueued(client, ScanArgs)


async def test_names_that_nothing_has_are_errors_and_no_silent_refutation(client: MemoryClient) -> None:
    with pytest.raises(TypeError, match="ScanArgs has no field 'libary_id'; it has library_id, force, options"):
        await refute_enqueued(client, ScanArgs, args={"libary_id": ID})
    with pytest.raises(UnknownKind):
        await refute_enqueued(MemoryClient([ScanWorker()]), "scam")
    with pytest.raises(ValueError, match="refute_enqueued"):
        await assert_enqueued(client, count=0)


async def test_a_failure_shows_the_nearest_jobs_and_what_is_different(client: MemoryClient) -> None:
    with pytest.raises(AssertionError) as caught:
        await assert_enqueued(client, ScanArgs, args={"library_id": UUID(int=1)}, queue="bulk")
    text = str(caught.value)
    assert text.startswith("no job is enqueued like scan ")
    assert text.index("job 1: scan") < text.index("job 2: other")
    assert f"args.libraryId: wanted UUID('{UUID(int=1)}'), is '{ID}'" in text
    assert "kind: wanted 'scan', is 'other'" in text
    assert text.count("queue: wanted") == 1


async def test_a_failure_says_how_many_there_are(client: MemoryClient) -> None:
    with pytest.raises(AssertionError, match="1 of the wanted 2 jobs are enqueued like scan"):
        await assert_enqueued(client, ScanArgs, count=2)
    with pytest.raises(AssertionError, match=r"a job is enqueued like scan\n  job 1: scan .* in 'bulk', available"):
        await refute_enqueued(client, ScanArgs)
    with pytest.raises(AssertionError, match="nothing has been inserted"):
        await assert_enqueued(MemoryClient(), ScanArgs)


async def test_a_failure_among_many_shows_a_few() -> None:
    client = MemoryClient([ScanWorker()])
    await client.insert_many([ScanArgs(library_id=UUID(int=number)) for number in range(30)])
    with pytest.raises(AssertionError, match="of 30 that there are, the nearest 5:") as caught:
        await assert_enqueued(client, ScanArgs, args={"library_id": UUID(int=99)})
    assert str(caught.value).count("job ") < 10
    assert len((await drain(client)).completed) == 30
