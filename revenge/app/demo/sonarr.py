"""A Sonarr that has whatever series it is given."""

import re
from typing import Any

from revenge.app.demo.arr import DemoArr, first, media_info, quality


class DemoSonarr(DemoArr):
    """Answers with the shapes of Sonarr's own description of its API; files and pictures come only when asked for."""

    name = "Sonarr"

    def __init__(self, *, api_key: str, root: str = "/tv") -> None:
        super().__init__(api_key=api_key, root=root)
        self.all_series: dict[int, dict[str, Any]] = {}
        self.episodes: dict[int, list[dict[str, Any]]] = {}
        self.knows_flag = True
        """False: as versions that answer without files although they are asked for."""
        self.routes += [
            (re.compile(r"/api/v3/series"), lambda _query: list(self.all_series.values())),
            (re.compile(r"/api/v3/series/(\d+)"), lambda _query, series_id: self.all_series.get(series_id)),
            (re.compile(r"/api/v3/episode"), self._episodes),
            (re.compile(r"/api/v3/episodefile"), lambda query: self._files(int(first(query, "seriesId") or 0))),
        ]

    def add(
        self,
        series_id: int,
        title: str,
        *,
        seasons: int = 1,
        episodes: int = 3,
        year: int = 2020,
        with_files: bool = True,
        type: str = "standard",
        **changes: Any,
    ) -> dict[str, Any]:
        """Put a series there; each episode has a file, unless ``with_files`` says otherwise."""
        folder = f"{self.root}/{title}"
        made: list[dict[str, Any]] = []
        for season in range(1, seasons + 1):
            made += [
                self._episode(series_id, folder, title, season, number, with_files) for number in range(1, episodes + 1)
            ]
        self.episodes[series_id] = made
        count = len(made) if with_files else 0
        self.all_series[series_id] = {
            "id": series_id,
            "title": title,
            "alternateTitles": [],
            "sortTitle": title.lower(),
            "status": "continuing",
            "ended": False,
            "overview": f"{title} is a series that Sonarr knows.",
            "network": "A Network",
            "airTime": "20:00",
            "images": [
                {
                    "coverType": "poster",
                    "url": f"/MediaCover/{series_id}/poster.jpg",
                    "remoteUrl": f"https://artworks.thetvdb.com/banners/posters/{series_id}.jpg",
                }
            ],
            "originalLanguage": {"id": 1, "name": "English"},
            "seasons": [{"seasonNumber": number, "monitored": True} for number in range(seasons + 1)],
            "year": year,
            "path": folder,
            "qualityProfileId": 1,
            "seasonFolder": True,
            "monitored": True,
            "monitorNewItems": "all",
            "useSceneNumbering": False,
            "runtime": 45,
            "tvdbId": 300_000 + series_id,
            "tvRageId": 0,
            "tvMazeId": 20_000 + series_id,
            "tmdbId": 60_000 + series_id,
            "firstAired": f"{year}-01-05T00:00:00Z",
            "lastAired": f"{year + seasons - 1}-03-05T00:00:00Z",
            "seriesType": type,
            "cleanTitle": title.lower().replace(" ", ""),
            "imdbId": f"tt{8_000_000 + series_id}",
            "titleSlug": title.lower().replace(" ", "-"),
            "rootFolderPath": self.root,
            "certification": "TV-14",
            "genres": ["Drama", "Comedy"],
            "tags": [],
            "added": "2026-01-02T03:04:05Z",
            "ratings": {"votes": 500, "value": 8.2},
            "statistics": {
                "seasonCount": seasons,
                "episodeFileCount": count,
                "episodeCount": len(made),
                "totalEpisodeCount": len(made),
                "sizeOnDisk": count * 10**9,
                "releaseGroups": ["GRP"],
                "percentOfEpisodes": 100.0 if with_files else 0.0,
            },
        } | changes
        return self.all_series[series_id]

    def _episode(
        self, series_id: int, folder: str, title: str, season: int, number: int, with_file: bool
    ) -> dict[str, Any]:
        episode_id = series_id * 100_000 + season * 1000 + number
        name = f"Season {season:02}/{title} - S{season:02}E{number:02} - HDTV-1080p.mkv"
        file = {
            "id": episode_id + 1_000_000_000,
            "seriesId": series_id,
            "seasonNumber": season,
            "relativePath": name,
            "path": f"{folder}/{name}",
            "size": 10**9,
            "dateAdded": "2026-01-03T03:04:05Z",
            "sceneName": name.rpartition(".")[0],
            "releaseGroup": "GRP",
            "languages": [{"id": 1, "name": "English"}],
            "quality": quality(),
            "customFormats": [],
            "customFormatScore": 0,
            "indexerFlags": 0,
            "releaseType": "singleEpisode",
            "mediaInfo": media_info(),
            "qualityCutoffNotMet": False,
        }
        return {
            "id": episode_id,
            "seriesId": series_id,
            "tvdbId": 4_000_000 + episode_id,
            "episodeFileId": file["id"] if with_file else 0,
            "seasonNumber": season,
            "episodeNumber": number,
            "title": f"Episode {number}",
            "airDate": f"2020-0{season % 9 + 1}-{number % 28 + 1:02}",
            "airDateUtc": f"2020-0{season % 9 + 1}-{number % 28 + 1:02}T20:00:00Z",
            "runtime": 45,
            "overview": f"What happens in episode {number}.",
            "hasFile": with_file,
            "monitored": True,
            "absoluteEpisodeNumber": number,
            "unverifiedSceneNumbering": False,
            "images": [
                {
                    "coverType": "screenshot",
                    "url": f"/MediaCover/{series_id}/{episode_id}.jpg",
                    "remoteUrl": f"https://artworks.thetvdb.com/banners/episodes/{episode_id}.jpg",
                }
            ],
            **({"episodeFile": file} if with_file else {}),
        }

    def _episodes(self, query: Any) -> list[dict[str, Any]]:
        series_id = int(first(query, "seriesId") or 0)
        hidden = set()
        if first(query, "includeEpisodeFile") != "true" or not self.knows_flag:
            hidden.add("episodeFile")
        if first(query, "includeImages") != "true":
            hidden.add("images")
        return [
            {key: value for key, value in episode.items() if key not in hidden}
            for episode in self.episodes.get(series_id, [])
        ]

    def _files(self, series_id: int) -> list[dict[str, Any]]:
        return [episode["episodeFile"] for episode in self.episodes.get(series_id, []) if "episodeFile" in episode]
