"""Pictures, in the sizes that are asked for."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import FileResponse, Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.image_services import Images
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.refusals import ProblemError
from revenge.content.image.errors import ImageError, ImageRefused, UnknownImage
from revenge.content.image.service import ImageFile
from revenge.content.metadata.models import ImageType
from revenge.infra.http.errors import CallFailed, NotNow, NotThere

KEPT_S = 7 * 24 * 3600
"""How long a browser keeps a picture without asking; what an id shows never changes."""

Size = Annotated[str, Query(max_length=20, description="Such as w342 or original; without it the usual one.")]


def images_router(images: Images, access: Access) -> APIRouter:
    """Return the route of pictures."""
    router = APIRouter(prefix="/images", tags=["images"], responses=documented(400, 401, 403, 404, 422, 502, 503))

    @router.get("/of/{entity_id}/{type}", response_class=FileResponse)
    @open_to_accounts
    async def get_shown_image(request: Request, entity_id: UUID, type: ImageType, size: Size = "") -> Response:
        """Return the picture that is shown of a film, a series, a season, an episode or a person; 404 where no library that may be seen has it."""
        visible = await access.visible_libraries(principal_of(request))
        opening = images.open_shown(entity_id, type, size=size, visible=visible)
        return await _answer(request, opening, "private, no-cache")

    @router.get("/{id}", response_class=FileResponse)
    @open_to_accounts
    async def get_image(request: Request, id: UUID, size: Size = "") -> Response:
        """Return a picture. One that this node does not have is fetched first."""
        visible = await access.visible_libraries(principal_of(request))
        return await _answer(request, images.open(id, size=size, visible=visible), f"private, max-age={KEPT_S}")

    return router


async def _answer(request: Request, opening: Awaitable[ImageFile], cache_control: str) -> Response:
    try:
        found = await opening
    except (ImageError, CallFailed) as error:
        raise _problem(error) from error
    headers = {"ETag": found.etag, "Cache-Control": cache_control}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if found.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return FileResponse(found.path, media_type=found.mime, headers=headers)


def _problem(error: ImageError | CallFailed) -> ProblemError:
    match error:
        case UnknownImage() | ImageRefused() | NotThere():
            return ProblemError(404, "image-not-found", str(error))
        case NotNow():
            headers = {"Retry-After": str(max(1, round(error.retry_after.total_seconds())))}
            return ProblemError(503, "image-not-now", str(error), headers=headers)
        case _:
            return ProblemError(502, "image-not-fetched", str(error))
