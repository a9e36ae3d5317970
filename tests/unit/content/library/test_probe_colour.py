"""Which dynamic range follows from what a stream declares."""

from __future__ import annotations

from typing import Any

import pytest

from revenge.content.library.probe import Hdr
from revenge.content.library.probe.colour import dynamic_range

SDR: dict[str, Any] = {
    "transfer": "bt709",
    "primaries": "bt709",
    "bit_depth": 8,
    "mastering_display": False,
    "dolby_vision": False,
    "hdr10_plus": False,
}
HDR10: dict[str, Any] = {**SDR, "transfer": "smpte2084", "primaries": "bt2020", "bit_depth": 10}


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        (SDR, Hdr.SDR),
        ({**SDR, "transfer": None, "primaries": None, "bit_depth": None}, Hdr.SDR),
        ({**SDR, "primaries": "bt2020", "transfer": "bt2020-10", "bit_depth": 10}, Hdr.SDR),
        ({**SDR, "mastering_display": True, "hdr10_plus": True}, Hdr.SDR),
        (HDR10, Hdr.HDR10),
        ({**HDR10, "mastering_display": True}, Hdr.HDR10),
        ({**HDR10, "bit_depth": 8}, Hdr.PQ),
        ({**HDR10, "primaries": "smpte432"}, Hdr.PQ),
        ({**HDR10, "primaries": "smpte432", "mastering_display": True}, Hdr.HDR10),
        ({**HDR10, "hdr10_plus": True}, Hdr.HDR10_PLUS),
        ({**HDR10, "transfer": "arib-std-b67"}, Hdr.HLG),
        ({**HDR10, "hdr10_plus": True, "dolby_vision": True}, Hdr.DOLBY_VISION),
        ({**SDR, "transfer": None, "dolby_vision": True}, Hdr.DOLBY_VISION),
    ],
)
def test_the_richest_kind_a_stream_carries_names_it(declared: dict[str, Any], kind: Hdr) -> None:
    assert dynamic_range(**declared) is kind
