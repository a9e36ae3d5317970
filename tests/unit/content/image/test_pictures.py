"""What a file holds is what counts, and what would unpack to too much is not unpacked."""

import io
import struct
import zlib

import pytest
from PIL import Image

from revenge.content.image.errors import ImageRefused, NoPicture
from revenge.content.image.pictures import inspect, mime_of, resized
from revenge.content.image.sizes import DEFAULT, FETCHED, SIZES, fetched_size, scaled
from revenge.content.metadata.models import ImageType

ROOM = 60_000_000


def made(kind: str = "JPEG", size: tuple[int, int] = (600, 900), mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "red" if mode == "RGB" else 0).save(out, kind)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("kind", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_picture_is_known_by_its_content(kind: str, mime: str) -> None:
    found = inspect(made(kind), max_pixels=ROOM)
    assert (found.mime, found.width, found.height) == (mime, 600, 900)
    assert mime_of(made(kind)) == mime


@pytest.mark.parametrize(
    "data",
    [b"", b"<html>404</html>", b"\xff\xd8\xff", made()[:400], made("PNG")[:-40], b"<svg xmlns='x'/>", made("TIFF")],
)
def test_what_is_no_whole_picture_is_not_taken(data: bytes) -> None:
    with pytest.raises(NoPicture):
        inspect(data, max_pixels=ROOM)


@pytest.mark.parametrize("sides", [(60_000, 60_000), (10_000, 6_001), (2**31 - 1, 1)])
def test_a_small_file_that_unpacks_to_a_huge_picture_is_refused_unopened(sides: tuple[int, int]) -> None:
    for work in (inspect, lambda data, max_pixels: resized(data, "w185", max_pixels=max_pixels)):
        with pytest.raises(ImageRefused, match="pixels"):
            work(bomb(*sides), max_pixels=ROOM)


@pytest.mark.parametrize(
    ("size", "sides"),
    [("w185", (185, 278)), ("h450", (300, 450)), ("w600", None), ("w780", None), ("original", None), ("../x", None)],
)
def test_a_size_is_by_width_or_height_and_never_enlarges(size: str, sides: tuple[int, int] | None) -> None:
    assert scaled(600, 900, size) == sides


def test_a_smaller_picture_is_a_jpeg_or_a_png_where_one_sees_through() -> None:
    assert inspect(resized(made(), "w185", max_pixels=ROOM), max_pixels=ROOM).mime == "image/jpeg"
    clear = resized(made("PNG", (400, 100), "RGBA"), "w185", max_pixels=ROOM)
    found = inspect(clear, max_pixels=ROOM)
    assert (found.mime, found.width) == ("image/png", 185)
    assert Image.open(io.BytesIO(clear)).mode == "RGBA"


def test_a_picture_that_is_no_larger_stays_as_it_is() -> None:
    assert resized(made(), "w780", max_pixels=ROOM) == made()


@pytest.mark.parametrize("type", list(ImageType))
def test_each_type_has_its_sizes(type: ImageType) -> None:
    assert DEFAULT[type] in SIZES[type]
    assert FETCHED[type] in SIZES[type]
    assert fetched_size(type, "original") == "original"
    assert fetched_size(type, DEFAULT[type]) == FETCHED[type]


def test_a_picture_that_was_taken_upright_stands_when_it_is_made_smaller() -> None:
    """EXIF's orientation 6: what lies left in the file is on top."""
    image, exif, out = Image.new("RGB", (600, 400), "blue"), Image.Exif(), io.BytesIO()
    image.paste("red", (0, 0, 300, 400))
    exif[0x0112] = 6
    image.save(out, "JPEG", exif=exif)
    with Image.open(io.BytesIO(resized(out.getvalue(), "w342", max_pixels=ROOM))) as smaller:
        assert smaller.size == (342, 513)
        assert "exif" not in smaller.info or smaller.getexif().get(0x0112, 1) == 1
        top, bottom = smaller.getpixel((171, 100)), smaller.getpixel((171, 400))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0]
    assert bottom[2] > 200 > top[2]
