"""The jobs that fetch a picture, and that clean up after those that nothing shows any more."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from revenge.content.image.errors import ImageError
from revenge.content.image.service import ImageService
from revenge.content.metadata.models import ImageType
from revenge.infra.failures import verdict_of
from revenge.infra.http.errors import CallFailed
from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Queue, Snooze, UniqueOpts, Worker


class MetadataDownloadImageArgs(JobArgs, kind="metadata_download_image"):
    """The Go server's arguments; one job of a picture waits or runs at a time."""

    content_type: str
    """``movie``, ``person`` and so on: for people, the id says it all."""
    content_id: str
    image_type: str
    path: str
    """A path of TMDb's, or a whole address below a configured one; empty: there is nothing to do."""
    size: str = ""
    """Which size is to be ready; empty: the usual one of the type."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.DEFAULT,
        max_attempts=5,
        unique=UniqueOpts(by_args=["content_id", "image_type", "path"], by_state=UNFINISHED),
    )


class MetadataDownloadImageWorker(Worker[MetadataDownloadImageArgs]):
    """Fetches a picture."""

    timeout = timedelta(minutes=2)

    def __init__(self, images: ImageService) -> None:
        self._images = images

    async def work(self, job: Job[MetadataDownloadImageArgs]) -> dict[str, Any] | Snooze | Cancel:
        """Fetch, check, keep and resize a picture; what it was found to be is the job's output."""
        args = job.args
        if not args.path:
            return {"skipped": "no path"}
        try:
            entity_id, shown_as = UUID(args.content_id), ImageType(args.image_type)
        except ValueError as error:
            return Cancel(f"not something with a picture: {error}")
        job.report_progress(phase="fetching", current=0, total=1, message=args.image_type)
        try:
            found = await self._images.download(entity_id, shown_as, args.path, size=args.size)
        except (ImageError, CallFailed) as error:
            return verdict_of(error)
        job.report_progress(phase="fetching", current=1, total=1)
        return {**asdict(found), "image_id": str(found.image_id)}


class ImageCleanupArgs(JobArgs, kind="image_cleanup"):
    """No arguments: how long what nothing shows is kept is a setting."""

    insert_opts: ClassVar[InsertOpts] = InsertOpts(
        queue=Queue.LOW, max_attempts=3, unique=UniqueOpts(by_state=UNFINISHED)
    )


class ImageCleanupWorker(Worker[ImageCleanupArgs]):
    """Removes pictures that nothing shows any more."""

    timeout = timedelta(minutes=30)

    def __init__(self, images: ImageService) -> None:
        self._images = images

    async def work(self, job: Job[ImageCleanupArgs]) -> dict[str, Any]:
        """Remove, and return how many as the job's output."""
        job.report_progress(phase="cleaning", current=0)
        return asdict(await self._images.clean())
