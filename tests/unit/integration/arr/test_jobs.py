"""What the jobs of Radarr and Sonarr do with what their services say."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.http.errors import CallFailed, LedAway, Nonsense, NotThere, Refused, TooMany, Unavailable
from revenge.infra.jobs import InsertOpts, JobState
from revenge.infra.jobs.testing import MemoryClient, Worked, work_one
from revenge.integration.arr.errors import ArrError, InvalidPayload, NotATitle, SyncLost
from revenge.integration.arr.models import SyncCounts, SyncDone, SyncElsewhere, SyncPaused
from revenge.integration.arr.service import SyncRequest
from revenge.integration.radarr.jobs import (
    RadarrSyncArgs,
    RadarrSyncWorker,
    RadarrWebhookArgs,
    RadarrWebhookWorker,
)
from revenge.integration.sonarr.jobs import (
    SonarrSyncArgs,
    SonarrSyncWorker,
    SonarrWebhookArgs,
    SonarrWebhookWorker,
)


class FakeSyncs:
    """Does what a test says."""

    def __init__(self) -> None:
        self.outcome: SyncDone | SyncPaused | SyncElsewhere = SyncDone(operation="full", counts=SyncCounts(added=3))
        self.error: Exception | None = None
        self.asked: list[object] = []
        self.said: list[str] = []
        self.failed: list[str] = []

    async def sync_all(self, request: SyncRequest) -> SyncDone | SyncPaused | SyncElsewhere:
        self.asked.append("full")
        request.report("titles", 1, 3)
        if self.error is not None:
            raise self.error
        return self.outcome

    async def sync_one(self, arr_id: int) -> SyncDone:
        self.asked.append(arr_id)
        if self.error is not None:
            raise self.error
        return SyncDone(operation="single", counts=SyncCounts(updated=1, total=1))

    async def say_error(self, job_id: int, reason: str) -> None:
        self.said.append(reason)

    async def fail(self, job_id: int, reason: str) -> None:
        self.failed.append(reason)


class FakeWebhooks:
    """Works nothing."""

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.payloads: list[Mapping[str, Any]] = []
        self.error: Exception | None = None

    async def work(self, subject: str, complete: Any) -> bool:
        self.subjects.append(subject)
        if self.error is not None:
            raise self.error
        return False

    async def handle(self, payloads: list[Mapping[str, Any]]) -> dict[str, Any]:
        self.payloads += payloads
        if self.error is not None:
            raise self.error
        return {"outcome": "synced"}


async def sync(syncs: FakeSyncs | None, operation: str = "full", **args: Any) -> Worked:
    return await work_one(RadarrSyncWorker(syncs), RadarrSyncArgs(operation=operation, **args), raise_errors=False)


@pytest.mark.parametrize(
    ("args", "wire"),
    [
        (RadarrSyncArgs(operation="full"), '{"operation":"full"}'),
        (RadarrSyncArgs(operation="single", radarr_movie_id=5), '{"operation":"single","radarr_movie_id":5}'),
        (SonarrSyncArgs(operation="single", sonarr_series_id=5), '{"operation":"single","sonarr_series_id":5}'),
        (RadarrWebhookArgs(payload={"eventType": "Test"}), '{"payload":{"eventType":"Test"}}'),
        (SonarrWebhookArgs(payload={"eventType": "Test"}), '{"payload":{"eventType":"Test"}}'),
    ],
)
def test_arguments_are_the_go_server_s(args: Any, wire: str) -> None:
    assert args.wire_text() == wire
    assert type(args).model_validate_json(wire) == args


async def test_full_syncs_go_to_bulk_and_single_ones_first(jobs_client: MemoryClient) -> None:  # W10
    full = await jobs_client.insert(RadarrSyncArgs(operation="full"))
    single = await jobs_client.insert(SonarrSyncArgs(operation="single", sonarr_series_id=3))
    assert (full.job.queue, single.job.queue) == ("bulk", "high")
    assert (full.job.max_attempts, single.job.max_attempts) == (5, 5)


async def test_one_job_of_an_operation_and_title_waits_at_a_time(jobs_client: MemoryClient) -> None:  # W41
    first = await jobs_client.insert(RadarrSyncArgs(operation="full"))
    again = await jobs_client.insert(RadarrSyncArgs(operation="full"))
    one = await jobs_client.insert(RadarrSyncArgs(operation="single", radarr_movie_id=1))
    other = await jobs_client.insert(RadarrSyncArgs(operation="single", radarr_movie_id=2))
    assert (again.duplicate, again.job.id) == (True, first.job.id)
    assert not one.duplicate
    assert not other.duplicate
    opts = InsertOpts(priority=2)
    assert not (await jobs_client.insert(SonarrSyncArgs(operation="full"), opts)).duplicate


async def test_a_sync_s_counts_are_the_job_s_output() -> None:
    worked = await sync(FakeSyncs())
    assert worked.job.state is JobState.COMPLETED
    assert worked.output["added"] == 3
    assert (worked.output["status"], worked.output["operation"]) == ("completed", "full")


async def test_one_title_is_synced_by_its_id() -> None:
    syncs = FakeSyncs()
    assert (await sync(syncs, "single", radarr_movie_id=7)).output["updated"] == 1
    worked = await work_one(SonarrSyncWorker(syncs), SonarrSyncArgs(operation="single", sonarr_series_id=8))
    assert worked.output["operation"] == "single"
    assert syncs.asked == [7, 8]


@pytest.mark.parametrize("args", [("nonsense", {}), ("", {}), ("single", {}), ("single", {"radarr_movie_id": -1})])
async def test_arguments_that_can_never_work_end_the_job(args: tuple[str, dict[str, Any]]) -> None:  # W05
    syncs = FakeSyncs()
    worked = await sync(syncs, args[0], **args[1])
    assert (worked.job.state, syncs.asked) == (JobState.CANCELLED, [])


async def test_a_program_that_is_switched_off_completes_with_that() -> None:
    worked = await sync(None)
    assert (worked.job.state, worked.output["status"]) == (JobState.COMPLETED, "disabled")
    worked = await work_one(RadarrWebhookWorker(None), RadarrWebhookArgs(payload={"eventType": "Test"}))
    assert (worked.job.state, worked.output["status"]) == (JobState.COMPLETED, "disabled")


async def test_another_job_s_sync_completes_as_a_duplicate() -> None:  # W41
    syncs = FakeSyncs()
    syncs.outcome = SyncElsewhere(5)
    worked = await sync(syncs)
    assert (worked.job.state, worked.output["status"], worked.output["job_id"]) == (JobState.COMPLETED, "duplicate", 5)


async def test_a_pause_is_a_snooze() -> None:
    syncs = FakeSyncs()
    syncs.outcome = SyncPaused(timedelta(seconds=30), "radarr: 502")
    worked = await sync(syncs)
    assert worked.job.state is JobState.SCHEDULED
    assert worked.job.scheduled_at - (worked.job.attempted_at or worked.job.created_at) == timedelta(seconds=30)
    assert syncs.said == ["radarr: 502"]


FAILED = JobState.AVAILABLE
"""A first failure is tried again so soon that River makes the job available at once."""

VERDICTS: list[tuple[Exception, JobState]] = [
    (Unavailable("radarr", "500"), FAILED),
    (Nonsense("radarr", "garbage"), FAILED),
    (TooMany("radarr", "429", retry_after=timedelta(seconds=7)), JobState.SCHEDULED),
    (Refused("radarr", "401", status=401), JobState.CANCELLED),
    (LedAway("radarr", "elsewhere"), JobState.CANCELLED),
    (NotThere("radarr", "404"), JobState.CANCELLED),
    (NotATitle("never known"), JobState.CANCELLED),
    (SyncLost("taken over"), JobState.CANCELLED),
]


@pytest.mark.parametrize(("error", "state"), VERDICTS, ids=lambda value: type(value).__name__)
async def test_each_failure_leads_to_what_it_should(error: CallFailed | ArrError, state: JobState) -> None:  # W05, W06
    syncs = FakeSyncs()
    syncs.error = error
    full, single = await sync(syncs), await sync(syncs, "single", radarr_movie_id=1)
    assert (full.job.state, single.job.state) == (state, state)
    # What stands in the way of the full one is said where everybody sees it.
    assert (syncs.failed if state is JobState.CANCELLED else syncs.said) == [str(error)]


@pytest.mark.parametrize(("error", "state"), [*VERDICTS[:5], (InvalidPayload("movie: missing"), JobState.CANCELLED)])
async def test_each_failure_of_a_webhook_leads_to_what_it_should(error: Exception, state: JobState) -> None:
    webhooks = FakeWebhooks()
    webhooks.error = error
    bare = await work_one(
        RadarrWebhookWorker(webhooks), RadarrWebhookArgs(payload={"eventType": "Download"}), raise_errors=False
    )
    ours = await work_one(
        SonarrWebhookWorker(webhooks), SonarrWebhookArgs(payload={}, subject="title:5"), raise_errors=False
    )
    assert (bare.job.state, ours.job.state) == (state, state)


async def test_go_s_webhook_jobs_are_worked_by_their_payload_and_ours_by_their_subject() -> None:
    webhooks = FakeWebhooks()
    payload = {"eventType": "Download", "movie": {"id": 5}}
    assert (await work_one(RadarrWebhookWorker(webhooks), RadarrWebhookArgs(payload=payload))).output == {
        "outcome": "synced"
    }
    await work_one(RadarrWebhookWorker(webhooks), RadarrWebhookArgs(payload=payload, subject="title:5"))
    assert (webhooks.payloads, webhooks.subjects) == ([payload], ["title:5"])
