"""Pictures that are shown of what is known anew, as jobs that fetch them."""

from collections.abc import Sequence
from uuid import UUID

from revenge.content.image.jobs import MetadataDownloadImageArgs
from revenge.content.image.repository import ImageRepository
from revenge.content.image.sizes import DEFAULT
from revenge.content.library.ports import Connection
from revenge.content.metadata.models import EntityKind
from revenge.infra.jobs.client import Client

_CONTENT_TYPES = {EntityKind.SERIES: "tvshow"}
"""Where the Go server has another word than we."""


class PictureQueue:
    """Has pictures fetched, in the transaction that makes them known: two statements, however many there are."""

    def __init__(self, client: Client, *, images: ImageRepository) -> None:
        self._client = client
        self._images = images

    async def fetch(self, conn: Connection, entity_ids: Sequence[UUID]) -> None:
        """Insert the downloads of what is shown of entities: of each type the first picture, if nobody fetched it yet."""
        wanted = await self._images.wanted(conn, entity_ids)
        if wanted:
            await self._client.insert_many(
                [
                    MetadataDownloadImageArgs(
                        content_type=_CONTENT_TYPES.get(one.kind, one.kind.value),
                        content_id=str(one.entity_id),
                        image_type=one.type,
                        path=one.source,
                        size=DEFAULT[one.type],
                    )
                    for one in wanted
                ],
                conn=conn,
            )
