"""What names of pictures say that they show."""

import pytest

from revenge.content.library.artwork import Artwork, is_artwork, read_artwork

ROOT = b"/media"
FILM, SHOW = b"/media/Nosferatu (1922)/", b"/media/Dark/"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (FILM + b"poster.jpg", Artwork("poster", 1, FILM)),
        (FILM + b"Folder.JPG", Artwork("poster", 3, FILM)),
        (FILM + b"cover.png", Artwork("poster", 4, FILM)),
        (FILM + b"fanart.webp", Artwork("backdrop", 1, FILM)),
        (FILM + b"backdrop.jpeg", Artwork("backdrop", 2, FILM)),
        (FILM + b"clearlogo.png", Artwork("logo", 1, FILM)),
        (FILM + b"Nosferatu (1922)-poster.jpg", Artwork("poster", 0, FILM + b"Nosferatu (1922).")),
        (FILM + b"Nosferatu (1922)-Fanart.jpg", Artwork("backdrop", 0, FILM + b"Nosferatu (1922).")),
        (FILM + b"Nosferatu (1922).jpg", Artwork("poster", 9, FILM + b"Nosferatu (1922).")),
        (FILM + b"Nosferatu (1922)-thumb.jpg", None),
        (b"/media/Season 01/poster.jpg", Artwork("poster", 1, b"/media/Season 01/")),
        (FILM + b"season01-poster.jpg", None),
    ],
)
def test_pictures_of_films(path: bytes, expected: Artwork | None) -> None:
    assert read_artwork(path, ROOT, is_show=False) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (SHOW + b"poster.jpg", Artwork("poster", 1, SHOW)),
        (SHOW + b"show.jpg", Artwork("poster", 2, SHOW)),
        (SHOW + b"season02-poster.jpg", Artwork("poster", 0, SHOW, season=2)),
        (SHOW + b"season-specials-poster.jpg", Artwork("poster", 0, SHOW, season=0)),
        (SHOW + b"Season03-fanart.jpg", Artwork("backdrop", 0, SHOW, season=3)),
        (SHOW + b"Season 02/folder.jpg", Artwork("poster", 3, SHOW + b"Season 02/", season=2)),
        (SHOW + b"Specials/poster.jpg", Artwork("poster", 1, SHOW + b"Specials/", season=0)),
        (SHOW + b"Season 01/Dark S01E01-thumb.jpg", Artwork("still", 0, SHOW + b"Season 01/Dark S01E01.")),
        (SHOW + b"Season 01/Dark S01E01.jpg", Artwork("still", 9, SHOW + b"Season 01/Dark S01E01.")),
        (SHOW + b"Season 01/Dark S01E01-poster.jpg", None),
        (b"/media/poster.jpg", Artwork("poster", 1, b"/media/")),
    ],
)
def test_pictures_of_series(path: bytes, expected: Artwork | None) -> None:
    assert read_artwork(path, ROOT, is_show=True) == expected


def test_a_root_that_is_named_like_a_season_is_none() -> None:
    assert read_artwork(b"/tv/Season 1/poster.jpg", b"/tv/Season 1", is_show=True) == Artwork(
        "poster", 1, b"/tv/Season 1/"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"poster.jpg", True),
        (b"film-poster.png", True),
        (b"season-specials-poster.webp", True),
        (b"season1-banner.jpg", False),
        (b"banner.jpg", False),
        (b"film.jpg", False),
        (b"poster.txt", False),
        (b"poster", False),
        (b".jpg", False),
        (b"poster.svg", False),
    ],
)
def test_which_names_are_pictures_by_themselves(name: bytes, expected: bool) -> None:
    assert is_artwork(name) is expected
