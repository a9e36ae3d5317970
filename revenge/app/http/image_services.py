"""What the HTTP side needs of pictures, as a port."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from revenge.content.image.service import ImageFile
from revenge.content.metadata.models import ImageType


class Images(Protocol):
    """The part of ``ImageService`` that is used here; errors as documented there."""

    async def open(self, image_id: UUID, *, size: str = "", visible: Collection[UUID] | None = None) -> ImageFile: ...

    async def open_shown(
        self, entity_id: UUID, type: ImageType, *, size: str = "", visible: Collection[UUID] | None = None
    ) -> ImageFile: ...
