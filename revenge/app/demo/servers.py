"""The demo's servers on one port of the loopback, and the settings that lead to them."""

from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Mount

from revenge.app.demo import arr_titles, extras, tmdb, tvmaze
from revenge.app.demo.faults import FaultScript
from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.sonarr import DemoSonarr
from revenge.app.demo.titles import Titles
from revenge.app.server import HttpServer, PortTaken
from revenge.app.settings import Settings
from revenge.app.settings.integrations import Integrations
from revenge.infra.jobs.clock import Clock

KEY = "demo-key-of-this-machine"
"""Wanted by the demo's servers, as the real ones want theirs; it opens nothing else."""

PORT = 8421
"""Beside the server's own. Pictures are remembered by their addresses, which had better be the same the next time."""


class DemoServers:
    """TMDb, TVmaze, OMDb, Fanart.tv, Radarr and Sonarr as far as they are asked; ``faults`` is the script of what is to go wrong."""

    def __init__(self, *, clock: Clock, port: int = 0) -> None:
        titles = Titles()
        self.radarr = DemoRadarr(api_key=KEY)
        self.sonarr = DemoSonarr(api_key=KEY)
        app = Starlette(
            routes=[
                Mount("/tmdb", routes=tmdb.routes(titles, key=KEY)),
                Mount("/tvmaze", routes=tvmaze.routes(titles)),
                Mount("/omdb", routes=extras.omdb_routes(titles, key=KEY)),
                Mount("/fanarttv", routes=extras.fanart_routes(titles, key=KEY)),
                Mount("/radarr", routes=arr_titles.routes(self.radarr)),
                Mount("/sonarr", routes=arr_titles.routes(self.sonarr)),
            ]
        )
        self.titles = titles
        self.faults = FaultScript(app, clock=clock)
        self._server = self._on(port)

    @property
    def url(self) -> str:
        """Return where they are; known once ``start`` or ``bind`` has run."""
        return self._server.url

    async def bind(self) -> None:
        """Take a port, any where its own is taken: its number is needed before anything else is made."""
        try:
            await self._server.bind()
        except PortTaken:
            self._server = self._on(0)
            await self._server.bind()

    async def start(self) -> None:
        """Answer."""
        await self._server.start()

    async def stop(self) -> None:
        """Stop answering, and give the port back."""
        await self._server.cut()
        await self._server.release()

    def _on(self, port: int) -> HttpServer:
        return HttpServer(lambda: self.faults, host="127.0.0.1", port=port, before_stop=_nothing)

    def applied(self, settings: Settings) -> Settings:
        """Return settings whose metadata and pictures come from here, and whose Radarr and Sonarr wait for a click."""
        metadata = settings.metadata
        url, key = self.url, SecretStr(KEY)
        fast = {"requests_per_second": 200.0, "burst": 200}
        sections = {
            "tmdb": {"api_key": key, "url": f"{url}/tmdb/3", "image_url": f"{url}/tmdb/t/p", **fast},
            "tvmaze": {"enabled": True, "url": f"{url}/tvmaze", "image_url": f"{url}/tvmaze/uploads", **fast},
            "omdb": {"api_key": key, "url": f"{url}/omdb", **fast},
            "fanarttv": {"api_key": key, "url": f"{url}/fanarttv/v3", "image_url": f"{url}/fanarttv/fanart", **fast},
        }
        changed = {name: getattr(metadata, name).model_copy(update=values) for name, values in sections.items()}
        return settings.model_copy(
            update={
                "metadata": metadata.model_copy(update={**changed, "proxy": None}),
                "integrations": self._integrations(settings),
            }
        )

    def _integrations(self, settings: Settings) -> Integrations:
        """Return Radarr and Sonarr as they are set, or else those from here, which are synced when somebody asks for it."""
        used = settings.integrations
        common = {"enabled": True, "api_key": SecretStr(KEY), "auto_sync": False}
        if not used.radarr.enabled:
            self.radarr.root = str(settings.demo_dir.absolute())
            arr_titles.fill_radarr(self.radarr, self.titles)
            changes = {**common, "base_url": f"{self.url}/radarr"}
            used = used.model_copy(update={"radarr": used.radarr.model_copy(update=changes)})
        if not used.sonarr.enabled:
            arr_titles.fill_sonarr(self.sonarr, self.titles)
            changes = {**common, "base_url": f"{self.url}/sonarr"}
            used = used.model_copy(update={"sonarr": used.sonarr.model_copy(update=changes)})
        return used


def _nothing(_app: Any) -> None:
    """There are no streams to end."""
