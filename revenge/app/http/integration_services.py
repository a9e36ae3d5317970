"""What the HTTP side needs of Radarr and Sonarr, as ports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from revenge.infra.jobs.models import InsertResult
from revenge.integration.arr.facts import Source
from revenge.integration.arr.models import SyncState, WebhookPage
from revenge.integration.arr.webhooks import Taken
from revenge.integration.arr.wire import QualityProfile, RootFolder, SystemStatus


class ArrProgram(Protocol):
    """The program, asked now; errors are those of ``Caller``."""

    async def status(self) -> SystemStatus: ...

    async def quality_profiles(self) -> list[QualityProfile]: ...

    async def root_folders(self) -> list[RootFolder]: ...


class ArrSyncs(Protocol):
    """How its syncs go."""

    async def state(self) -> SyncState: ...


class ArrInbox(Protocol):
    """Its webhooks; errors as documented at ``WebhookInbox``."""

    async def take(self, raw: Mapping[str, Any]) -> Taken: ...

    async def list(self, *, limit: int = 50, cursor: str | None = None) -> WebhookPage: ...


class Integration(Protocol):
    """A program that is used."""

    @property
    def client(self) -> ArrProgram: ...

    @property
    def syncs(self) -> ArrSyncs: ...

    @property
    def inbox(self) -> ArrInbox: ...

    @property
    def webhook_secret(self) -> str | None: ...


class SyncQueue(Protocol):
    """Syncs as jobs."""

    async def sync(self, source: Source, arr_id: int | None = None) -> InsertResult: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrations:
    """Those that are used, by whose they are."""

    programs: Mapping[Source, Integration] = field(default_factory=dict)
    queue: SyncQueue | None = None
    """None: nothing is used."""
