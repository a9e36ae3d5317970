"""The demo library: small real video files in a tree as people have them. Needs PyAV (``revenge[probe]``)."""

from revenge.content.library.demo.maker import DemoRefused, DemoSummary, make_demo
from revenge.content.library.demo.video import BT709, HDR10, HLG, Colour, Mark, Sound, Words, make_video

__all__ = [
    "BT709",
    "HDR10",
    "HLG",
    "Colour",
    "DemoRefused",
    "DemoSummary",
    "Mark",
    "Sound",
    "Words",
    "make_demo",
    "make_video",
]
