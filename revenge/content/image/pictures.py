"""Looking into picture files and making smaller ones: blocking, for a thread; what a file is called counts for nothing."""

import io
import os
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageOps

from revenge.content.image.errors import ImageRefused, NoPicture
from revenge.content.image.sizes import scaled
from revenge.content.library.models import show_path

_MIMES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
"""What browsers show and nobody can run code with: no SVG."""
_QUALITY = 85
_QUARTER_TURNS = (5, 6, 7, 8)
"""Of EXIF's orientations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a file holds."""

    mime: str
    width: int
    height: int


def inspect(data: bytes, *, max_pixels: int) -> Picture:
    """Return what ``data`` is, having unpacked all of it.

    Raises:
        NoPicture: it is none, of a kind that is not shown, or broken.
        ImageRefused: it would unpack to more than ``max_pixels``; nothing was unpacked then.
    """
    with _opened(data, max_pixels) as image:
        try:
            image.load()
        except Exception as error:
            raise NoPicture(f"a broken picture: {error}") from error  # decoders raise whatever they like
        return Picture(mime=_MIMES[str(image.format)], width=image.width, height=image.height)


def resized(data: bytes, size: str, *, max_pixels: int) -> bytes:
    """Return the picture in ``size``: a JPEG, or a PNG where one can see through it; as it is where it is no larger.

    Raises:
        NoPicture, ImageRefused: as ``inspect``.
    """
    with _opened(data, max_pixels) as image:
        try:
            # A camera may have been held upright: then the picture's sides are each other's, until it is turned.
            is_turned = image.getexif().get(ExifTags.Base.Orientation, 1) in _QUARTER_TURNS
            sides = scaled(*(image.size[::-1] if is_turned else image.size), size)
            if sides is None:
                return data
            as_it_lies = sides[::-1] if is_turned else sides
            is_clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            mode = "RGBA" if is_clear else "RGB"
            image.draft("RGB", as_it_lies)
            plain = image if image.mode == mode else image.convert(mode)
            smaller = ImageOps.exif_transpose(plain.resize(as_it_lies, Image.Resampling.LANCZOS))
        except Exception as error:
            raise NoPicture(f"a broken picture: {error}") from error
    out = io.BytesIO()
    if is_clear:
        smaller.save(out, "PNG", optimize=True)
    else:
        smaller.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def read_beside(path: bytes, *, max_bytes: int) -> bytes:
    """Return the file of a picture that lies beside a video.

    Raises:
        NoPicture: it cannot be read on this node, where its disk may not be.
        ImageRefused: it is larger than ``max_bytes``.
    """
    name = show_path(os.path.basename(path))  # who sees a picture need not see where it lies
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            data = file.read(max_bytes + 1) or b""
    except OSError as error:
        raise NoPicture(f"{name} cannot be read on this node: {(error.strerror or str(error)).lower()}") from error
    if len(data) > max_bytes:
        raise ImageRefused(f"{name} is larger than {max_bytes} bytes")
    return data


def _without_waiting(path: str, flags: int) -> int:
    """Open a file, or a pipe that somebody put in its place and nobody may ever write to."""
    return os.open(path, flags | os.O_NONBLOCK)


def mime_of(data: bytes) -> str:
    """Return the kind of a file that was made or checked here, by its first bytes."""
    if data.startswith(b"\x89PNG"):
        return "image/png"
    if data.startswith(b"GIF8"):
        return "image/gif"
    return "image/webp" if data[8:12] == b"WEBP" else "image/jpeg"


def _opened(data: bytes, max_pixels: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is what counts
            image = Image.open(io.BytesIO(data), formats=tuple(_MIMES))
    except Image.DecompressionBombError as error:
        raise ImageRefused(f"it would unpack to more than {max_pixels} pixels") from error
    except Exception as error:
        raise NoPicture("no picture that can be shown") from error
    if image.width * image.height > max_pixels:
        image.close()
        raise ImageRefused(f"{image.width} x {image.height} is more than {max_pixels} pixels")
    return image
