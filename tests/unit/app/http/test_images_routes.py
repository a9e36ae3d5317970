"""Pictures over HTTP: kept by browsers, and each failure with the answer that tells it."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest

from revenge.app.http.app import create_app
from revenge.app.http.services import ApiServices
from revenge.content.image.errors import ImageRefused, NoPicture, UnknownImage
from revenge.content.image.service import ImageFile
from revenge.content.metadata.models import ImageType
from revenge.infra.http.errors import NotThere, TooMany, Unavailable

ID = uuid4()


class FakeImages:
    """One picture, or what a test says."""

    def __init__(self, folder: Path) -> None:
        self.error: Exception | None = None
        self.sizes: list[str] = []
        self.shown: list[tuple[UUID, ImageType]] = []
        self.file = ImageFile(path=folder / "x", mime="image/jpeg", etag='"abc-w342"')
        self.file.path.write_bytes(b"\xff\xd8picture")

    async def open(self, image_id: UUID, *, size: str = "", visible: Collection[UUID] | None = None) -> ImageFile:
        self.sizes.append(size)
        if self.error is not None:
            raise self.error
        return self.file

    async def open_shown(
        self, entity_id: UUID, type: ImageType, *, size: str = "", visible: Collection[UUID] | None = None
    ) -> ImageFile:
        self.shown.append((entity_id, type))
        return await self.open(entity_id, size=size, visible=visible)


@pytest.fixture
def images(tmp_path: Path) -> FakeImages:
    return FakeImages(tmp_path)


async def get(
    services: ApiServices, images: FakeImages, query: str = "", place: str = f"{ID}", **headers: str
) -> httpx2.Response:
    app = create_app(replace(services, images=images))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
        return await client.get(f"/api/v1/images/{place}{query}", headers=headers)


async def test_a_picture_comes_with_its_kind_and_may_be_kept(services: ApiServices, images: FakeImages) -> None:
    answer = await get(services, images, "?size=w342")
    assert (answer.status_code, answer.content) == (200, b"\xff\xd8picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["etag"] == '"abc-w342"'
    assert answer.headers["cache-control"] == "private, max-age=604800"
    assert images.sizes == ["w342"]


@pytest.mark.parametrize("known", ['"abc-w342"', 'W/"abc-w342"', '"x", "abc-w342"', "*"])
async def test_what_a_browser_has_is_not_sent_again(services: ApiServices, images: FakeImages, known: str) -> None:
    answer = await get(services, images, **{"if-none-match": known})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == '"abc-w342"'


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownImage("no"), 404),
        (ImageRefused("no"), 404),
        (NotThere("tmdb-images", "no"), 404),
        (NoPicture("no"), 502),
        (Unavailable("tmdb-images", "no"), 502),
        (TooMany("tmdb-images", "no", retry_after=timedelta(seconds=7)), 503),
    ],
)
async def test_each_failure_is_a_problem(
    services: ApiServices, images: FakeImages, error: Exception, status: int
) -> None:
    images.error = error
    answer = await get(services, images)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


async def test_what_is_shown_of_a_film_may_change_and_is_asked_for_again(
    services: ApiServices, images: FakeImages
) -> None:
    answer = await get(services, images, "?size=w342", place=f"of/{ID}/poster")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "private, no-cache")
    assert images.shown == [(ID, ImageType.POSTER)]
    assert (await get(services, images, place=f"of/{ID}/nonsense")).status_code == 422
