"""How many file names a second are read on one core."""

import itertools
import time
from typing import Any

from revenge.app.bench.ground import report, rss_mb
from revenge.content.library.names import MediaType, read_name

TITLES = (
    *("The Silent Harbour", "Blue Meridian", "1917", "It", "2001 A Space Odyssey", "Charlotte's Web", "Real Steel"),
    *("Le Fabuleux Destin", "(500) Days of Rain", "Blade Runner 2049", "Über den Dächern", "The Last Cartographer"),
)
MOVIES = (
    "/films/{title} ({year})/{title} ({year}).mkv",
    "/films/{title} ({year}) [imdbid-tt0133093]/{title} ({year}) - 2160p.mkv",
    "{title}.{year}.1080p.BluRay.x264.DTS-HD.MA.5.1-GROUP.mkv",
    "/films/{title} ({year}) {{tmdb-603}}/{title} ({year}) {{edition-Director's Cut}} - cd1.avi",
    "[group] {title} ({year}) [BDRip 1920x1080 HEVC FLAC].mkv",
    "{title} {year} German DL 720p WEB-DL h264-GRP.mkv",
)
EPISODES = (
    "/shows/{title} ({year})/Season 02/{title} S02E05 - The Name of It.mkv",
    "{title}.S01E01E02.720p.HDTV.x264-GRP.mkv",
    "/shows/{title}/Staffel 1/1x03.avi",
    "{title}.{year}.04.20.1080p.WEB.h264-GRP.mkv",
    "[Subs] {title} - 117v2 [1080p][ABCD1234].mkv",
)


def parse(*, n: int) -> dict[str, Any]:
    """Read ``n`` different names as people and release groups write them, more films than episodes."""
    names = [
        (template.format(title=title if "/" in template else title.replace(" ", "."), year=1950 + number % 75), media)
        for number, ((template, media), title) in zip(
            range(n),
            itertools.cycle(
                itertools.product(
                    [(movie, MediaType.MOVIE) for movie in MOVIES]
                    + [(episode, MediaType.EPISODE) for episode in EPISODES],
                    TITLES,
                )
            ),
            strict=False,
        )
    ]
    began = time.perf_counter()
    for name, media in names:
        read_name(name, media=media)
    elapsed = time.perf_counter() - began
    return report("parse", n, 1, names_per_s=round(n / elapsed), rss_mb=rss_mb())
