"""What the stand-ins of Radarr and Sonarr have in common: the API key, the pages that both have, and JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

STARTED = "2026-01-01T00:00:00Z"
_PROFILE = {
    "id": 1,
    "name": "HD-1080p",
    "upgradeAllowed": True,
    "cutoff": 7,
    "items": [],
    "minFormatScore": 0,
    "cutoffFormatScore": 0,
    "minUpgradeFormatScore": 1,
    "formatItems": [],
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json; charset=utf-8"})


class DemoArr:
    """Answers as the program does: 401 without its key, 404 for what is not there."""

    name = "Arr"

    def __init__(self, *, api_key: str, root: str) -> None:
        self.api_key = api_key
        self.root = root
        self.version = "6.0.4.10291"
        self.routes: list[tuple[re.Pattern[str], Callable[..., Any]]] = [
            (re.compile(r"/api/v3/system/status"), lambda _query: self.status()),
            (re.compile(r"/api/v3/qualityprofile"), lambda _query: self.profiles()),
            (re.compile(r"/api/v3/rootfolder"), lambda _query: self.folders()),
        ]

    def answer(self, method: str, path: str, query: Mapping[str, Sequence[str]], headers: Mapping[str, str]) -> Reply:
        """Return what the program would."""
        if headers.get("x-api-key") != self.api_key:
            return _json(401, {"error": "Unauthorized"})
        if method != "GET":
            return _json(405, {"message": "MethodNotAllowed"})
        for pattern, serve in self.routes:
            if (found := pattern.fullmatch(path)) is not None:
                body = serve(query, *map(int, found.groups()))
                return _json(404, {"message": "NotFound"}) if body is None else _json(200, body)
        return _json(404, {"message": "NotFound"})

    def status(self) -> dict[str, Any]:
        """Return what it says of itself."""
        return {
            "appName": self.name,
            "instanceName": self.name,
            "version": self.version,
            "isProduction": True,
            "isDocker": True,
            "mode": "console",
            "branch": "master",
            "databaseType": "sqLite",
            "authentication": "forms",
            "urlBase": "",
            "startTime": STARTED,
        }

    def profiles(self) -> list[dict[str, Any]]:
        """Return its quality profiles."""
        return [_PROFILE]

    def folders(self) -> list[dict[str, Any]]:
        """Return where it puts titles."""
        return [{"id": 1, "path": self.root, "accessible": True, "freeSpace": 500 * 10**9, "unmappedFolders": []}]


def first(query: Mapping[str, Sequence[str]], name: str) -> str | None:
    """Return a parameter."""
    return next(iter(query.get(name, ())), None)


def media_info(*, audio: str = "eng", subtitles: str = "eng/ger") -> dict[str, Any]:
    """Return what the program reads in a file of an hour and three quarters."""
    return {
        "audioBitrate": 384_000,
        "audioChannels": 5.1,
        "audioCodec": "EAC3",
        "audioLanguages": audio,
        "audioStreamCount": 1,
        "videoBitDepth": 10,
        "videoBitrate": 8_000_000,
        "videoCodec": "x265",
        "videoFps": 23.976,
        "videoDynamicRange": "HDR",
        "videoDynamicRangeType": "HDR10",
        "resolution": "1920x1080",
        "runTime": "1:45:12",
        "scanType": "Progressive",
        "subtitles": subtitles,
    }


def quality() -> dict[str, Any]:
    """Return how good files are."""
    return {
        "quality": {"id": 7, "name": "Bluray-1080p", "source": "bluray", "resolution": 1080},
        "revision": {"version": 1, "real": 0, "isRepack": False},
    }


def _json(status: int, body: object) -> Reply:
    return Reply(status, orjson.dumps(body))
