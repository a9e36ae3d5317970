"""A Radarr that has whatever films it is given."""

import re
from typing import Any

from revenge.app.demo.arr import DemoArr, first, media_info, quality


class DemoRadarr(DemoArr):
    """Answers with the shapes of Radarr's own description of its API."""

    name = "Radarr"

    def __init__(self, *, api_key: str, root: str = "/movies") -> None:
        super().__init__(api_key=api_key, root=root)
        self.movies: dict[int, dict[str, Any]] = {}
        self.routes += [
            (re.compile(r"/api/v3/movie"), lambda query: self._list(first(query, "tmdbId"))),
            (re.compile(r"/api/v3/movie/(\d+)"), lambda _query, movie_id: self.movies.get(movie_id)),
            (re.compile(r"/api/v3/moviefile"), lambda query: self._files(first(query, "movieId"))),
        ]

    def add(
        self,
        movie_id: int,
        title: str,
        *,
        year: int = 2020,
        tmdb_id: int | None = None,
        file: str | None = "",
        collection: str | None = None,
        language: str = "English",
        **changes: Any,
    ) -> dict[str, Any]:
        """Put a film there; ``file`` is its file's name, None for a film that is only wished for."""
        folder = f"{self.root}/{title} ({year})"
        movie: dict[str, Any] = {
            "id": movie_id,
            "title": title,
            "originalTitle": title,
            "originalLanguage": {"id": 1, "name": language},
            "alternateTitles": [],
            "sortTitle": title.lower(),
            "sizeOnDisk": 0,
            "status": "released",
            "overview": f"{title} is a film that Radarr knows.",
            "inCinemas": f"{year}-03-01T00:00:00Z",
            "digitalRelease": f"{year}-06-01T00:00:00Z",
            "images": [
                {
                    "coverType": "poster",
                    "url": f"/MediaCover/{movie_id}/poster.jpg",
                    "remoteUrl": f"https://image.tmdb.org/t/p/original/p{movie_id}.jpg",
                },
                {
                    "coverType": "fanart",
                    "url": f"/MediaCover/{movie_id}/fanart.jpg",
                    "remoteUrl": f"https://image.tmdb.org/t/p/original/b{movie_id}.jpg",
                },
            ],
            "website": "",
            "year": year,
            "youTubeTrailerId": f"trailer-{movie_id}",
            "studio": "A Studio",
            "path": folder,
            "qualityProfileId": 1,
            "hasFile": file is not None,
            "movieFileId": 0,
            "monitored": True,
            "minimumAvailability": "released",
            "isAvailable": True,
            "folderName": folder,
            "runtime": 105,
            "cleanTitle": title.lower().replace(" ", ""),
            "imdbId": f"tt{9_000_000 + movie_id}",
            "tmdbId": movie_id + 500_000 if tmdb_id is None else tmdb_id,
            "titleSlug": str(movie_id),
            "rootFolderPath": self.root,
            "certification": "PG-13",
            "genres": ["Drama", "Science Fiction"],
            "tags": [],
            "added": "2026-01-02T03:04:05Z",
            "ratings": {
                "imdb": {"votes": 1200, "value": 7.1, "type": "user"},
                "tmdb": {"votes": 300, "value": 6.8, "type": "user"},
                "metacritic": {"votes": 0, "value": 64, "type": "user"},
                "rottenTomatoes": {"votes": 0, "value": 81, "type": "user"},
            },
            "popularity": 12.5,
            "statistics": {"movieFileCount": int(file is not None), "sizeOnDisk": 0, "releaseGroups": []},
        }
        if collection is not None:
            movie["collection"] = {"title": collection, "tmdbId": 7_000 + len(collection)}
        if file is not None:
            movie |= self._with_file(movie_id, folder, file or f"{title} ({year}) Bluray-1080p.mkv")
        self.movies[movie_id] = movie | changes
        return self.movies[movie_id]

    def _with_file(self, movie_id: int, folder: str, name: str) -> dict[str, Any]:
        size = 4_000_000_000 + movie_id
        file = {
            "id": movie_id + 10_000_000,
            "movieId": movie_id,
            "relativePath": name,
            "path": f"{folder}/{name}",
            "size": size,
            "dateAdded": "2026-01-03T03:04:05Z",
            "sceneName": name.rpartition(".")[0],
            "releaseGroup": "GRP",
            "edition": "Director's Cut",
            "languages": [{"id": 1, "name": "English"}],
            "quality": quality(),
            "customFormats": [],
            "customFormatScore": 0,
            "indexerFlags": 0,
            "mediaInfo": media_info(),
            "qualityCutoffNotMet": False,
        }
        return {"movieFileId": file["id"], "sizeOnDisk": size, "movieFile": file}

    def _list(self, tmdb_id: str | None) -> list[dict[str, Any]]:
        return [movie for movie in self.movies.values() if tmdb_id is None or str(movie["tmdbId"]) == tmdb_id]

    def _files(self, movie_id: str | None) -> list[dict[str, Any]]:
        movie = self.movies.get(int(movie_id or 0), {})
        return [movie["movieFile"]] if "movieFile" in movie else []
