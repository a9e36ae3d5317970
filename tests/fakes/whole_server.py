"""A whole server with everything around it, and a job of each kind that the Go server has.

Its processes are real ones on a real database; TMDb, TVmaze, Radarr, Sonarr and a receiver of notifications answer on real
sockets.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import asyncpg
import httpx2
import yaml

from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.servers import KEY as DEMO_KEY
from revenge.app.demo.servers import DemoServers
from revenge.app.demo.sonarr import DemoSonarr
from revenge.content.library.demo.catalogue import SHOWS
from tests.acceptance.house import LIMIT_S, House, Running, free_port
from tests.fakes.arr import KEY as ARR_KEY
from tests.fakes.arr import serving
from tests.fakes.providers import demo_servers
from tests.fakes.wire import WireServer, wire_server

NOBODY = "00000000-0000-0000-0000-000000000000"
DAY_NS = 86_400_000_000_000


IDS = {
    "movie": "SELECT id FROM revenge.movie WHERE title = 'Nosferatu'",
    "series": "SELECT id FROM revenge.series",
    "season": "SELECT id FROM revenge.season WHERE number = 1",
    "episode": "SELECT id FROM revenge.episode WHERE season_number = 1 AND number = 1",
    "person": "SELECT person.id FROM revenge.person JOIN revenge.credit ON person_id = person.id ORDER BY name LIMIT 1",
    "poster": "SELECT source FROM revenge.image JOIN revenge.movie ON movie.id = entity_id"
    " WHERE type = 'poster' AND provider = 'tmdb' AND title = 'Nosferatu' ORDER BY position LIMIT 1",
}
"""What jobs are about, once both libraries are scanned and matched."""


class Planted(Protocol):
    """Folders with films and series, and the ids of what was found in them."""

    @property
    def films(self) -> Path: ...

    @property
    def shows(self) -> Path: ...

    @property
    def ids(self) -> Mapping[str, str]: ...


@dataclass
class World:
    """A server with everything around it, and what is in its database."""

    http: httpx2.AsyncClient
    house: House
    pool: "asyncpg.Pool[asyncpg.Record]"
    receiver: WireServer
    films: Path
    shows: Path
    config: Path
    ids: dict[str, str] = field(default_factory=dict)
    nodes: dict[int, Running] = field(default_factory=dict)
    """What works the jobs where the server does not, by process id."""

    async def start_node(self) -> None:
        """Start a process that works jobs."""
        node = await asyncio.to_thread(self.house.start, "worker", "--config", self.config)
        self.nodes[node.process.pid] = node
        await asyncio.to_thread(node.wait_for, "Working")

    async def kill_node_of(self, job_id: int) -> None:
        """End the process that works this job as kill -9 does, with all that it started."""
        node = self.nodes.pop(
            await self.value(
                "SELECT pid FROM revenge_job_node WHERE id ="
                " (SELECT attempted_by[cardinality(attempted_by)] FROM river_job WHERE id = $1)",
                job_id,
            )
        )
        os.killpg(node.process.pid, signal.SIGKILL)
        await asyncio.to_thread(node.process.wait, timeout=LIMIT_S)

    async def enqueue(self, kind: str, args: dict[str, Any]) -> int:
        """Enqueue over HTTP."""
        answer = await self.http.post("/api/v1/jobs", json={"kind": kind, "args": args})
        assert answer.status_code in (200, 201), f"{kind}: {answer.text}"
        job_id: int = answer.json()["id"]
        return job_id

    async def end(self, job_id: int) -> dict[str, Any]:
        """Return the job once it has ended."""
        async with self.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as events:
            async for _ in events.aiter_lines():
                pass
        job: dict[str, Any] = (await self.http.get(f"/api/v1/jobs/{job_id}")).json()
        return job

    async def quiet(self) -> None:
        """Wait until nothing waits or runs any more, but for what is put off on purpose."""
        open_jobs = "SELECT id FROM river_job WHERE state IN ('available', 'running', 'retryable') LIMIT 1"
        async with asyncio.timeout(LIMIT_S):
            while (job_id := await self.pool.fetchval(open_jobs)) is not None:
                await self.end(job_id)

    async def value(self, query: str, *args: object) -> Any:
        return await self.pool.fetchval(query, *args)


def configuration(servers: DemoServers, radarr: str, sonarr: str, receiver: str, films: Path, shows: Path) -> str:
    url = servers.url
    arr = {"enabled": True, "api_key": ARR_KEY, "webhook_secret": "s" * 20, "auto_sync": False}
    return yaml.safe_dump(
        {
            "library": {"probe": {"enabled": False}, "scan_interval": None},
            "metadata": {
                "tmdb": {"api_key": DEMO_KEY, "url": f"{url}/tmdb/3", "image_url": f"{url}/tmdb/t/p"},
                "tvmaze": {"enabled": True, "url": f"{url}/tvmaze", "image_url": f"{url}/tvmaze/uploads"},
            },
            "notifications": {
                "gather": "0s",
                "agents": {"receiver": {"url": receiver.replace("http://", "json://"), "categories": ["system"]}},
            },
            "integrations": {
                "radarr": {**arr, "base_url": radarr, "path_mappings": [f"/movies={films}"]},
                "sonarr": {**arr, "base_url": sonarr, "path_mappings": [f"/tv={shows}"]},
            },
        }
    )


@asynccontextmanager
async def whole_server(
    house: House, pool: "asyncpg.Pool[asyncpg.Record]", root: Path, *, nodes: int = 0
) -> AsyncIterator[World]:
    """Start one that has scanned two films and two episodes below ``root``, and let it end in order.

    With ``nodes`` so many processes of their own work the jobs.
    """
    films, shows = root / "films", root / "shows"
    plant(films, "Nosferatu (1922)/Nosferatu (1922).mkv", "Metropolis (1927)/Metropolis (1927).mkv")
    show = SHOWS[0]
    folder = f"{show.title} ({show.year})/Season 01"
    plant(shows, *(f"{folder}/{show.title} - S01E0{number}.mkv" for number in (1, 2)))
    radarr, sonarr = DemoRadarr(api_key=ARR_KEY), DemoSonarr(api_key=ARR_KEY, root="/tv")
    radarr.add(5, "Sunrise", year=1927, tmdb_id=631)
    sonarr.add(5, "Night Ferry")
    async with (
        demo_servers() as servers,
        serving(radarr) as radarr_server,
        serving(sonarr) as sonarr_server,
        wire_server() as receiver,
    ):
        config = root / "revenge.yaml"
        config.write_text(
            configuration(servers, radarr_server.url, sonarr_server.url, receiver.url, films, shows), encoding="utf-8"
        )
        port = free_port()
        words = ("--no-worker",) if nodes else ()
        server = await asyncio.to_thread(house.start, "serve", "--port", port, "--config", config, *words)
        await asyncio.to_thread(server.wait_for, "Listening on")
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=LIMIT_S) as http:
            world = World(http, house, pool, receiver, films, shows, config)
            await asyncio.gather(*(world.start_node() for _ in range(nodes)))
            await settle(world)
            yield world
        for node in world.nodes.values():
            assert await asyncio.to_thread(node.end) == 0
        assert await asyncio.to_thread(server.end) == 0


def plant(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode() * 100)


async def settle(world: World) -> None:
    """Scan both libraries and let all that this sets going end: then there are films, series and people."""
    for name, kind, root in (("Films", "movie", world.films), ("Shows", "tvshow", world.shows)):
        body = {"name": name, "type": kind, "paths": [str(root)], "realtime_monitoring": False}
        library = await world.http.post("/api/v1/libraries", json=body)
        assert library.status_code == 201, library.text
        world.ids[name] = library.json()["id"]
        scan = await world.http.post(f"/api/v1/libraries/{library.json()['id']}/scan")
        await world.end(scan.json()["job_id"])
    await world.quiet()
    for name, query in IDS.items():
        world.ids[name] = str(await world.value(query))


Outcome = Callable[[Mapping[str, Any]], bool]


def shows(**expected: object) -> Outcome:
    """Its output has these members."""
    return lambda output: all(output.get(name) == value for name, value in expected.items())


def has(*names: str) -> Outcome:
    """Its output says how many, or what, for each of these."""
    return lambda output: all(name in output for name in names)


def appendix_a(world: Planted, number: int) -> dict[str, tuple[dict[str, Any], Outcome]]:
    """Return the arguments of each kind as the Go server writes them, and what the output must show."""
    ids, film = world.ids, f"{world.films}/Nosferatu (1922)/Nosferatu (1922).mkv"
    episode = next(iter(sorted(world.shows.rglob("*S01E01*"))))
    event = {"event_id": str(uuid4()), "event_type": "system.startup", "timestamp": "2026-11-30T12:00:00.123456789Z"}
    refresh = {"series_id": ids["series"], "force": True}
    return {
        "cleanup": ({"target_type": "all", "older_than": DAY_NS}, lambda output: bool(output)),
        "notification": ({**event, "data": {"n": number}, "agent_names": ["receiver"]}, lambda output: bool(output)),
        "activity_log": (
            {
                "log_request": {
                    "username": f"u{number}",
                    "action": "user.login",
                    "ip_address": "192.0.2.4",
                    "success": True,
                }
            },
            lambda output: bool(output),
        ),
        "activity_cleanup": ({"retention_days": 90}, lambda output: bool(output)),
        "library_scan_cleanup": ({"retention_days": 30}, lambda output: bool(output)),
        "periodic_library_scan": ({}, lambda output: output is not None),
        "session_maintenance": ({}, lambda output: bool(output)),
        "stats_aggregation": ({}, lambda output: output["values"]["total_movies"] >= 2),
        "playback_cleanup": ({}, lambda output: bool(output)),
        "movie_library_scan": (
            {"scan_id": "", "library_id": ids["Films"], "paths": [str(world.films)], "force": False},
            shows(status="completed", files_seen=2, unchanged=2),
        ),
        "movie_file_match": ({"file_path": film, "force_rematch": True}, lambda output: bool(output)),
        "movie_search_index": ({"operation": "reindex", "movie_id": NOBODY}, lambda output: bool(output)),
        "metadata_refresh_movie": ({"movie_id": ids["movie"], "force": True}, lambda output: bool(output)),
        "metadata_refresh_tvshow": (
            {**refresh, "languages": ["en", "de"], "include_seasons": True, "include_episodes": False},
            lambda output: bool(output),
        ),
        "metadata_refresh_season": (
            {**refresh, "season_id": ids["season"], "season_number": 1, "include_episodes": True},
            lambda output: bool(output),
        ),
        "metadata_refresh_episode": (
            {
                **refresh,
                "season_id": ids["season"],
                "episode_id": ids["episode"],
                "season_number": 1,
                "episode_number": 1,
            },
            lambda output: bool(output),
        ),
        "metadata_refresh_person": (
            {"person_id": ids["person"], "provider_id": "", "force": True},
            lambda output: bool(output),
        ),
        "metadata_enrich_content": (
            {"content_type": "movie", "content_id": ids["movie"], "providers": ["tmdb"], "languages": ["en"]},
            lambda output: bool(output),
        ),
        "metadata_download_image": (
            {
                "content_type": "movie",
                "content_id": ids["movie"],
                "image_type": "poster",
                "path": ids["poster"],
                "size": "w500",
            },
            has("hash"),
        ),
        "tvshow_library_scan": (
            {"paths": [str(world.shows)], "force": False, "library_id": ids["Shows"], "auto_create": True},
            shows(status="completed", files_seen=2, unchanged=2),
        ),
        "tvshow_metadata_refresh": (
            {"series_id": ids["series"], "force": True, "refresh_images": False},
            lambda output: bool(output),
        ),
        "tvshow_file_match": (
            {"file_path": str(episode), "force_rematch": True, "auto_create": True},
            lambda output: bool(output),
        ),
        "tvshow_search_index": ({"full_reindex": True}, lambda output: bool(output)),
        "tvshow_series_refresh": (
            {"series_id": ids["series"], "refresh_seasons": True, "refresh_episodes": False, "languages": ["en"]},
            lambda output: bool(output),
        ),
        "radarr_sync": ({"operation": "full"}, lambda output: bool(output)),
        "sonarr_sync": ({"operation": "full"}, lambda output: bool(output)),
        "radarr_webhook": (
            {"payload": {"eventType": "Download", "movie": {"id": 5, "title": "Sunrise", "year": 1927, "tmdbId": 631}}},
            lambda output: bool(output),
        ),
        "sonarr_webhook": (
            {"payload": {"eventType": "SeriesAdd", "series": {"id": 5, "title": "Night Ferry", "tvdbId": 5}}},
            lambda output: bool(output),
        ),
    }
