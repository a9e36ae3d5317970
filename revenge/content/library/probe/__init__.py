"""Reading media files: what is in a file, found out in processes that can be killed."""

from revenge.content.library.probe.errors import ProbeFailed, ProberUnavailable
from revenge.content.library.probe.models import (
    AudioTrack,
    Chapter,
    Hdr,
    Picture,
    Probe,
    SubtitleTrack,
    VideoTrack,
)
from revenge.content.library.probe.pool import Prober

__all__ = [
    "AudioTrack",
    "Chapter",
    "Hdr",
    "Picture",
    "Probe",
    "ProbeFailed",
    "Prober",
    "ProberUnavailable",
    "SubtitleTrack",
    "VideoTrack",
]
