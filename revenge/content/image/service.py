"""Fetches pictures once, keeps them by their content, and shows them in the sizes that are asked for."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from revenge.content.image.beside import SOURCE
from revenge.content.image.errors import ImageRefused, NoPicture, UnknownImage
from revenge.content.image.hosts import ImageHosts
from revenge.content.image.pictures import inspect, mime_of, read_beside, resized
from revenge.content.image.repository import Image, ImageRepository
from revenge.content.image.sizes import DEFAULT, ORIGINAL, SIZES, fetched_size
from revenge.content.image.store import ImageStore
from revenge.content.metadata.models import ImageType
from revenge.infra.failures import Final

T = TypeVar("T")

_AT_ONCE = 2
"""Pictures that are unpacked at once in a process: one of 60 million pixels takes 240 MB."""
_SWEEP = 500
"""Files, or rows, of one step of a clean-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """Limits; see the settings."""

    max_pixels: int = 60_000_000
    max_bytes: int = 10 << 20
    """Of a file beside a video; what calls bring has the same limit."""
    kept_unused: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A picture on this node's disk."""

    path: Path
    mime: str
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """What became of a picture: a job's output."""

    image_id: UUID
    hash: str
    mime: str
    width: int
    height: int
    is_new: bool
    """False: it was here already, and nobody was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What a clean-up removed."""

    contents: int
    """Rows: of all nodes."""
    files: int
    """Of this node."""


class ImageService:
    """Pictures, from their addresses to what a browser shows."""

    def __init__(
        self, repository: ImageRepository, *, store: ImageStore, hosts: ImageHosts, config: ImageConfig
    ) -> None:
        self._repository = repository
        self._store = store
        self._hosts = hosts
        self._config = config
        self._unpacking = asyncio.Semaphore(_AT_ONCE)
        self._busy: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def download(self, entity_id: UUID, type: ImageType, source: str, *, size: str = "") -> Downloaded:
        """Fetch a picture of something, and make it ready in ``size`` (empty: the usual one).

        A picture that this node has is not fetched again.

        Raises:
            UnknownImage: there is nothing that it could show.
            ImageRefused: it cannot be had, now or ever; the row remembers why.
            NoPicture: what came is no picture.
            CallFailed: whoever has it could not be asked.
        """
        size = _known(type, size)
        image = await self._repository.find(entity_id, type, source)
        if image is None and source.startswith(SOURCE):
            raise UnknownImage("the picture beside the video is another by now, or gone")
        if image is None:
            place, _ = self._hosts.place(source, ORIGINAL)
            image_id = await self._repository.add(entity_id, type, place.provider, source)
            image = None if image_id is None else await self._repository.get(image_id)
        if image is None:
            raise UnknownImage(f"there is nothing with the id {entity_id} that a picture could show")
        had = image.hash
        image, is_here = await self._here(image, size)
        if image.hash is None or image.content is None:  # a clean-up in between
            raise UnknownImage(f"picture {image.id} is gone")
        await self._variant(image.hash, size)
        content = image.content
        return Downloaded(
            image_id=image.id,
            hash=image.hash,
            mime=content.mime,
            width=content.width,
            height=content.height,
            is_new=had is None or not is_here,
        )

    async def open(self, image_id: UUID, *, size: str = "", visible: Collection[UUID] | None = None) -> ImageFile:
        """Return a picture's file in ``size`` (empty: the usual one); it is fetched where this node does not have it.

        ``visible``: the libraries that whoever asks may see, None for all; a picture of what none of them has is unknown.

        Raises:
            UnknownImage, ImageRefused, NoPicture, CallFailed: as ``download``.
        """
        image = await self._repository.get(image_id)
        if image is None or not await self._is_seen(image.entity_id, visible):
            raise UnknownImage(f"there is no picture {image_id}")
        size = _known(image.type, size)
        image, _ = await self._here(image, size)
        if image.hash is None:
            raise UnknownImage(f"there is no picture {image_id}")
        path = await self._variant(image.hash, size)
        mime = await asyncio.to_thread(_mime, path)
        return ImageFile(path=path, mime=mime, etag=f'"{image.hash[:32]}-{size}"')

    async def open_shown(
        self, entity_id: UUID, type: ImageType, *, size: str = "", visible: Collection[UUID] | None = None
    ) -> ImageFile:
        """Return the picture that is shown of a film, a series or whatever it is; otherwise as ``open``.

        Raises:
            UnknownImage, ImageRefused, NoPicture, CallFailed: as ``download``.
        """
        image_id = await self._repository.shown(entity_id, type)
        if image_id is None:
            raise UnknownImage(f"there is no {type} of {entity_id}")
        return await self.open(image_id, size=size, visible=visible)

    async def clean(self) -> Cleaned:
        """Forget contents that nothing has shown for a while, and remove files of this node that none of them is in."""
        contents = 0
        while found := await self._repository.forget_unused(self._config.kept_unused, limit=_SWEEP):
            contents += len(found)
        older_than = time.time() - self._config.kept_unused.total_seconds()
        files, known_files = 0, self._store.files(older_than=older_than)
        while some := await asyncio.to_thread(lambda: list(islice(known_files, _SWEEP))):
            known = await self._repository.known({digest for digest, _ in some if digest})
            gone = [path for digest, path in some if digest not in known]
            await asyncio.to_thread(_remove, gone)
            files += len(gone)
        return Cleaned(contents=contents, files=files)

    async def _is_seen(self, entity_id: UUID, visible: Collection[UUID] | None) -> bool:
        return visible is None or await self._repository.is_seen(entity_id, visible)

    async def _here(self, image: Image, size: str) -> tuple[Image, bool]:
        """Return the picture with its content on this disk, and whether it was there before."""
        async with self._alone(str(image.id)):
            image = await self._repository.get(image.id) or image
            if image.hash is not None and await asyncio.to_thread(self._store.path(image.hash).exists):
                return image, True
            if image.error is not None and image.hash is None:
                raise ImageRefused(image.error)
            try:
                await self._fetch(image, size)
            except Final as error:
                await self._repository.refused(image.id, str(error))
                raise
            return await self._repository.get(image.id) or image, False

    async def _fetch(self, image: Image, size: str) -> None:
        wanted, max_pixels = fetched_size(image.type, size), self._config.max_pixels
        if image.beside is None:
            host, path = self._hosts.place(image.source, wanted)
            data = await host.caller.get_bytes(path)
            content = await self._unpack(lambda: inspect(data, max_pixels=max_pixels))
        else:
            whole = await asyncio.to_thread(read_beside, image.beside, max_bytes=self._config.max_bytes)
            try:
                data = await self._unpack(lambda: resized(whole, wanted, max_pixels=max_pixels))
                content = await self._unpack(lambda: inspect(data, max_pixels=max_pixels))
            except NoPicture as error:
                # What a server sent may be another time whole; the file stays what it is until a scan sees another.
                raise ImageRefused(str(error)) from error
        digest = await asyncio.to_thread(self._store.put, data)
        await self._repository.fetched(image.id, digest, content, len(data))

    async def _variant(self, hash: str, size: str) -> Path:
        """Return the file of a picture in a size, which is made when it is first asked for."""
        whole = self._store.path(hash)
        if size == ORIGINAL:
            return whole
        path = self._store.path(hash, size)
        async with self._alone(path.name):
            if not await asyncio.to_thread(path.exists):
                await self._unpack(lambda: self._make(whole, path, size))
        return path

    def _make(self, whole: Path, path: Path, size: str) -> None:
        data = self._store.read(whole)
        if data is None:
            raise UnknownImage(f"the file {whole.name} is gone")
        self._store.put_as(path, resized(data, size, max_pixels=self._config.max_pixels))

    async def _unpack(self, work: Callable[[], T]) -> T:
        async with self._unpacking:
            return await asyncio.to_thread(work)

    def _alone(self, key: str) -> asyncio.Lock:
        return self._busy.setdefault(key, asyncio.Lock())


def _known(type: ImageType, size: str) -> str:
    if not size:
        return DEFAULT[type]
    if size not in SIZES[type]:
        raise UnknownImage(f"a {type} has the sizes {', '.join(SIZES[type])}, not {size!r}")
    return size


def _mime(path: Path) -> str:
    with path.open("rb") as file:
        return mime_of(file.read(16))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
