"""The demo's Radarr and Sonarr have the demo library's titles, where they lie."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from revenge.app.demo.servers import KEY, DemoServers
from revenge.app.settings import Settings
from revenge.app.settings.integrations import Integrations, Radarr
from revenge.infra.http.caller import Caller
from revenge.infra.http.config import ServiceConfig
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs.clock import SystemClock
from revenge.integration.radarr.client import RadarrClient
from revenge.integration.sonarr.client import SonarrClient


@pytest.fixture
async def servers() -> AsyncIterator[DemoServers]:
    servers = DemoServers(clock=SystemClock())
    await servers.bind()
    await servers.start()
    yield servers
    await servers.stop()


def caller(name: str, url: str) -> Caller:
    clock = SystemClock()
    config = ServiceConfig(name=name, base_url=url, headers={"x-api-key": KEY})
    return Caller(config, traffic=LocalTraffic(clock), clock=clock)


async def test_they_answer_with_the_demo_library_s_titles(servers: DemoServers, tmp_path: Path) -> None:
    settings = servers.applied(Settings(data_dir=tmp_path))
    used = settings.integrations
    assert (used.radarr.enabled, used.sonarr.enabled, used.radarr.auto_sync) == (True, True, False)
    async with caller("radarr", used.radarr.base_url) as radarr, caller("sonarr", used.sonarr.base_url) as sonarr:
        (folder,) = await RadarrClient(radarr).root_folders()
        first = await RadarrClient(radarr).movie(1)
        episodes = await SonarrClient(sonarr).episodes(1)
    assert folder.path == str(settings.demo_dir.absolute())
    assert first.title in {movie.title for movie in servers.titles.movies.values()}
    assert episodes
    with_files = [movie for movie in servers.radarr.movies.values() if movie["hasFile"]]
    assert len(with_files) > 20
    assert all(movie["movieFile"]["path"].startswith(f"{folder.path}/") for movie in with_files)


async def test_programs_of_one_s_own_are_left_alone(servers: DemoServers, tmp_path: Path) -> None:
    own = Radarr(enabled=True, api_key=SecretStr("mine"), base_url="http://radarr:7878")
    settings = servers.applied(Settings(data_dir=tmp_path, integrations=Integrations(radarr=own)))
    assert settings.integrations.radarr == own
