"""What the HTTP side needs of pictures, as a port."""

from typing import Protocol
from uuid import UUID

from revenge.content.image.service import ImageFile
from revenge.content.metadata.models import ImageType


class Images(Protocol):
    """The part of ``ImageService`` that is used here; errors as documented there."""

    async def open(self, image_id: UUID, *, size: str = "") -> ImageFile: ...

    async def open_shown(self, entity_id: UUID, type: ImageType, *, size: str = "") -> ImageFile: ...
