"""Radarr and Sonarr as the HTTP side sees them, in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from revenge.infra.http.errors import CallFailed
from revenge.infra.jobs.models import InsertResult, JobState
from revenge.integration.arr.errors import InvalidPayload
from revenge.integration.arr.facts import Source
from revenge.integration.arr.models import SyncCounts, SyncState, WebhookEvent, WebhookPage
from revenge.integration.arr.webhooks import Taken
from revenge.integration.arr.wire import QualityProfile, RootFolder, SystemStatus
from tests.fakes.jobs import FakeJobs

SECRET = "a-secret-that-nobody-guesses"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
EVENT = UUID(int=7)


class FakeProgram:
    """Answers, or fails."""

    error: CallFailed | None = None

    async def status(self) -> SystemStatus:
        self._fail()
        return SystemStatus(version="6.0.4", instance_name="Films", start_time=NOW)

    async def quality_profiles(self) -> list[QualityProfile]:
        self._fail()
        return [QualityProfile(id=1, name="HD", upgrade_allowed=True, cutoff=7)]

    async def root_folders(self) -> list[RootFolder]:
        self._fail()
        return [RootFolder(id=1, path="/movies", accessible=True, free_space=5)]

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


class FakeSyncs:
    """One sync that is over."""

    source = Source.RADARR

    async def state(self) -> SyncState:
        counts = SyncCounts(added=1, updated=2, removed=3, unchanged=4, failed=5, total=6)
        return SyncState(source=self.source, started_at=NOW, ended_at=NOW, succeeded_at=NOW, job_id=9, counts=counts)


class FakeInbox:
    """Takes what is not bad."""

    def __init__(self) -> None:
        self.taken: list[Mapping[str, Any]] = []

    async def take(self, raw: Mapping[str, Any]) -> Taken:
        if "eventType" not in raw:
            raise InvalidPayload("eventType: Field required")
        self.taken.append(raw)
        return Taken(EVENT, 5, duplicate=False)

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> WebhookPage:
        if cursor is not None:
            raise ValueError(cursor)
        event = WebhookEvent(
            id=EVENT,
            event_type="Test",
            subject="event:7",
            received_at=NOW,
            seen=2,
            job_id=5,
            handled_at=None,
            outcome=None,
        )
        return WebhookPage([event], None)


class FakeQueue:
    """Remembers what was asked for."""

    def __init__(self, jobs: FakeJobs) -> None:
        self._jobs = jobs
        self.asked: list[tuple[Source, int | None]] = []
        self.state = JobState.AVAILABLE

    async def sync(self, source: Source, arr_id: int | None = None) -> InsertResult:
        self.asked.append((source, arr_id))
        return InsertResult(job=self._jobs.add(state=self.state), duplicate=self.state is JobState.RUNNING)


@dataclass
class FakeIntegration:
    """A program in use."""

    client: FakeProgram = field(default_factory=FakeProgram)
    syncs: FakeSyncs = field(default_factory=FakeSyncs)
    inbox: FakeInbox = field(default_factory=FakeInbox)
    webhook_secret: str | None = SECRET
