"""Jobs about what is known, whatever it is of: people, enrichment, and what has grown old."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Protocol
from uuid import UUID

from revenge.content.metadata.enriching import Enrichment, UnknownContentType
from revenge.content.metadata.errors import EntityGone, MetadataError
from revenge.content.metadata.people import People, PersonNotFound
from revenge.content.metadata.verdicts import verdict
from revenge.infra.jobs import (
    UNFINISHED,
    Cancel,
    InsertOpts,
    Job,
    JobArgs,
    Queue,
    Snooze,
    UniqueOpts,
    Worker,
    omitempty,
)


class MetadataRefreshPersonArgs(JobArgs, kind="metadata_refresh_person"):
    """The Go server's arguments."""

    person_id: UUID
    provider_id: str = ""
    """TMDb's id, for one who has no ids yet."""
    force: bool = False
    languages: tuple[str, ...] = omitempty(())

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        max_attempts=3, unique=UniqueOpts(by_args=["person_id", "force", "languages"], by_state=UNFINISHED)
    )


class MetadataRefreshPersonWorker(Worker[MetadataRefreshPersonArgs]):
    """Refreshes a person: one question, one transaction."""

    timeout = timedelta(minutes=2)
    phases: Mapping[str, float] = {"refreshing": 1.0}

    def __init__(self, people: People) -> None:
        self._people = people

    async def work(self, job: Job[MetadataRefreshPersonArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Refresh, and return what became of it."""
        job.report_progress(phase="refreshing", current=0, total=1)
        args = job.args
        try:
            outcome = await self._people.refresh(
                args.person_id, provider_id=args.provider_id, force=args.force, languages=args.languages
            )
        except PersonNotFound as reason:
            return Cancel(str(reason))
        except (MetadataError, EntityGone) as error:
            return verdict(error)
        job.report_progress(phase="refreshing", current=1, total=1)
        return outcome


class MetadataEnrichContentArgs(JobArgs, kind="metadata_enrich_content"):
    """The Go server's arguments."""

    content_type: str
    """``movie`` or ``tvshow``."""
    content_id: UUID
    providers: tuple[str, ...] = omitempty(())
    """Those alone are asked, and what they say is added; empty: all, as in a forced refresh."""
    languages: tuple[str, ...] = omitempty(())

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        max_attempts=5,
        unique=UniqueOpts(by_args=["content_type", "content_id", "providers", "languages"], by_state=UNFINISHED),
    )


class MetadataEnrichContentWorker(Worker[MetadataEnrichContentArgs]):
    """Has a film or a series enriched."""

    timeout = timedelta(minutes=5)
    phases: Mapping[str, float] = {"enriching": 1.0}

    def __init__(self, enrichment: Enrichment) -> None:
        self._enrichment = enrichment

    async def work(self, job: Job[MetadataEnrichContentArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Enrich, and return what became of it."""
        job.report_progress(phase="enriching", current=0, total=1)
        args = job.args
        try:
            outcome = await self._enrichment.enrich(
                args.content_type, args.content_id, providers=args.providers, languages=args.languages
            )
        except UnknownContentType as reason:
            return Cancel(str(reason))
        except (MetadataError, EntityGone) as error:
            return verdict(error)
        job.report_progress(phase="enriching", current=1, total=1)
        return dict(outcome)


class Refreshable(Protocol):
    """A feature whose entities grow old."""

    async def enqueue_stale(self) -> int:
        """Enqueue refreshes of what is old, one batch; return how many are new."""
        ...


class MetadataRefreshStaleArgs(JobArgs, kind="metadata_refresh_stale"):
    """No arguments. Ours: the Go server refreshes nothing by itself."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )


class MetadataRefreshStaleWorker(Worker[MetadataRefreshStaleArgs]):
    """Enqueues refreshes of what is old, a batch of each feature."""

    timeout = timedelta(minutes=2)
    phases: Mapping[str, float] = {"looking": 1.0}

    def __init__(self, features: Mapping[str, Refreshable]) -> None:
        self._features = features

    async def work(self, job: Job[MetadataRefreshStaleArgs]) -> dict[str, int]:
        """Return how many refreshes of each feature are new."""
        enqueued: dict[str, int] = {}
        names: Sequence[str] = sorted(self._features)
        for done, name in enumerate(names):
            job.report_progress(phase="looking", current=done, total=len(names), message=name)
            enqueued[name] = await self._features[name].enqueue_stale()
        return enqueued
