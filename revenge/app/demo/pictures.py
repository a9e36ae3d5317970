"""Posters, backdrops and faces, painted when they are asked for: colours and shapes from a number, and a title."""

import io
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

_SIZES = {"poster": (500, 750), "backdrop": (1280, 720), "profile": (300, 450), "still": (640, 360), "logo": (500, 200)}
KINDS = tuple(_SIZES)


@lru_cache(maxsize=64)
def paint(kind: str, number: int, title: str, *, width: int | None = None) -> bytes:
    """Return a picture: a JPEG, for logos a PNG that one sees through."""
    size = _SIZES[kind]
    if width is not None:
        size = (width, max(1, round(size[1] * width / size[0])))
    dice = random.Random(f"{kind}{number}")  # noqa: S311 - the same picture every time is what is wanted
    if kind == "logo":
        return _logo(size, title)
    top, bottom = ([dice.randrange(20, 200) for _ in range(3)] for _ in range(2))
    ramp = Image.linear_gradient("L").resize(size)
    picture = Image.composite(Image.new("RGB", size, tuple(bottom)), Image.new("RGB", size, tuple(top)), ramp)
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(7):
        radius = dice.randrange(max(2, size[0] // 16), max(3, size[0] // 3))
        x, y = dice.randrange(size[0]), dice.randrange(size[1])
        colour = (*(dice.randrange(60, 256) for _ in range(3)), 70)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    _write(draw, size, title)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _logo(size: tuple[int, int], title: str) -> bytes:
    picture = Image.new("RGBA", size, (0, 0, 0, 0))
    _write(ImageDraw.Draw(picture), size, title)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _write(draw: ImageDraw.ImageDraw, size: tuple[int, int], title: str) -> None:
    """Write the title into the lower third, a few words a line."""
    font = ImageFont.load_default(size=max(8, size[0] // 12))
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font=font) > size[0] * 0.9 and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    draw.multiline_text(
        (size[0] / 2, size[1] * 0.8), "\n".join(lines), font=font, fill="white", anchor="mm", align="center"
    )
