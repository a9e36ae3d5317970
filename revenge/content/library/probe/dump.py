"""Reading FFmpeg's own description of a file, for what PyAV does not offer: side data of streams."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

_STREAM = re.compile(r"\s+Stream #0:(\d+).*?: (?:Video|Audio|Subtitle): (\w+)")
# Side data is indented deeper than anything else, and a metadata line has blanks before its colon:
# a title that imitates one of these lines does not match.
_DOLBY_VISION = re.compile(r"\s{6,}DOVI configuration record: version: \d+\.\d+, profile: (\d+)")
_MASTERING = re.compile(r"\s{6,}Mastering Display Metadata, ")
_LIGHT = re.compile(r"\s{6,}Content Light Level Metadata, MaxCLL=(\d+), MaxFALL=(\d+)")
_ROTATION = re.compile(r"\s{6,}display ?matrix: rotation of (-?\d+(?:\.\d+)?) degrees", re.IGNORECASE)


@dataclass(slots=True)
class StreamFacts:
    """What the description adds about one stream."""

    codec: str = "unknown"
    dolby_vision_profile: int | None = None
    mastering_display: bool = False
    max_content_light: int | None = None
    max_average_light: int | None = None
    rotation: int = 0


def read_dump(text: str) -> defaultdict[int, StreamFacts]:
    """Return the facts by stream index; an index that is not described has none."""
    found: defaultdict[int, StreamFacts] = defaultdict(StreamFacts)
    facts = StreamFacts()
    for line in text.splitlines():
        if match := _STREAM.match(line):
            facts = found[int(match[1])]
            facts.codec = match[2]
        elif match := _DOLBY_VISION.match(line):
            facts.dolby_vision_profile = int(match[1])
        elif _MASTERING.match(line):
            facts.mastering_display = True
        elif match := _LIGHT.match(line):
            facts.max_content_light, facts.max_average_light = int(match[1]), int(match[2])
        elif match := _ROTATION.match(line):
            # FFmpeg counts counter-clockwise.
            facts.rotation = round(-float(match[1])) % 360
    return found
