"""Who can be asked what films, series and people are, as the settings say."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

from revenge.app.settings import Settings
from revenge.app.settings import metadata as sections_of
from revenge.content.image.hosts import ImageHost, ImageHosts
from revenge.content.image.service import ImageConfig
from revenge.content.image.store import ImageStore
from revenge.content.metadata.answers import Keep, KeptAnswers
from revenge.content.metadata.providers.fanarttv import FanartTv
from revenge.content.metadata.providers.omdb import Omdb
from revenge.content.metadata.providers.provider import Provider
from revenge.content.metadata.providers.tmdb import Tmdb
from revenge.content.metadata.providers.tvmaze import TvMaze
from revenge.content.metadata.source import Sources
from revenge.infra.http.caller import Caller, OnCall
from revenge.infra.http.config import Bounds, Breaker, Rate, ServiceConfig
from revenge.infra.http.traffic import Traffic
from revenge.infra.jobs.clock import Clock

LONGEST_WAIT = timedelta(seconds=5)
"""For a turn; who would wait longer snoozes instead of holding a worker's slot."""


def make_keep(settings: Settings) -> Keep:
    """Return how long answers are kept."""
    metadata = settings.metadata
    return Keep(titles=metadata.answers_kept, searches=metadata.searches_kept, unknown=metadata.unknown_kept)


def service_configs(settings: Settings) -> dict[str, ServiceConfig]:
    """Return how each provider that can be asked is called, by its name."""
    metadata = settings.metadata
    tmdb, tvmaze, omdb, fanarttv = metadata.tmdb, metadata.tvmaze, metadata.omdb, metadata.fanarttv
    params: dict[str, dict[str, str]] = {}
    if tmdb.api_key:
        params["tmdb"] = {"api_key": tmdb.api_key.get_secret_value()}
    if tvmaze.enabled:
        params["tvmaze"] = {}
    if omdb.api_key:
        params["omdb"] = {"apikey": omdb.api_key.get_secret_value()}
    if fanarttv.api_key:
        params["fanarttv"] = {"api_key": fanarttv.api_key.get_secret_value()}
        if fanarttv.client_key:
            params["fanarttv"]["client_key"] = fanarttv.client_key.get_secret_value()
    sections: dict[str, sections_of.Tmdb | sections_of.TvMaze | sections_of.Omdb | sections_of.FanartTv] = {
        "tmdb": tmdb,
        "tvmaze": tvmaze,
        "omdb": omdb,
        "fanarttv": fanarttv,
    }
    return {
        name: ServiceConfig(
            name=name,
            base_url=sections[name].url,
            params=keys,
            rate=Rate(
                per_second=sections[name].requests_per_second, burst=sections[name].burst, longest_wait=LONGEST_WAIT
            ),
            bounds=Bounds(read=metadata.timeout / 2, total=metadata.timeout),
            proxy=metadata.proxy,
        )
        for name, keys in params.items()
    }


class MetadataCallers:
    """The callers of all providers that can be asked; closed together."""

    def __init__(self, settings: Settings, *, traffic: Traffic, clock: Clock, on_call: OnCall | None = None) -> None:
        self._callers = {
            name: Caller(config, traffic=traffic, clock=clock, on_call=on_call)
            for name, config in service_configs(settings).items()
        }

    def get(self, name: str) -> Caller | None:
        """Return who calls a provider; None where it cannot be asked."""
        return self._callers.get(name)

    async def close(self) -> None:
        """Close all connections."""
        for caller in self._callers.values():
            await caller.close()


def make_image_hosts(
    settings: Settings, *, traffic: Traffic, clock: Clock, on_call: OnCall | None = None
) -> ImageHosts:
    """Return the addresses that pictures may come from.

    Raises:
        ValueError: one of ``metadata.images.hosts`` is no address.
    """
    metadata = settings.metadata
    found = {
        "tmdb": metadata.tmdb.image_url,
        "tvmaze": metadata.tvmaze.image_url,
        "fanarttv": metadata.fanarttv.image_url,
        **{urlsplit(url).hostname or url: url for url in metadata.images.hosts},
    }
    return ImageHosts(
        [
            ImageHost(
                provider=name,
                base_url=url,
                caller=Caller(
                    ServiceConfig(
                        name=f"{name}-images",
                        base_url=url,
                        headers={"accept": "image/*"},
                        rate=Rate(
                            per_second=metadata.images.requests_per_second,
                            burst=metadata.images.burst,
                            longest_wait=LONGEST_WAIT,
                        ),
                        breaker=Breaker(failures=10, open_for=timedelta(seconds=60)),
                        bounds=Bounds(
                            read=metadata.timeout / 2, total=2 * metadata.timeout, max_bytes=metadata.images.max_bytes
                        ),
                        proxy=metadata.proxy,
                    ),
                    traffic=traffic,
                    clock=clock,
                    on_call=on_call,
                ),
            )
            for name, url in found.items()
        ]
    )


def make_image_config(settings: Settings) -> ImageConfig:
    """Return the limits of pictures."""
    images = settings.metadata.images
    return ImageConfig(max_pixels=images.max_pixels, max_bytes=images.max_bytes, kept_unused=images.kept_unused)


def make_image_store(settings: Settings) -> ImageStore:
    """Return where pictures are kept."""
    return ImageStore(settings.data_dir / "images")


def make_sources(settings: Settings, callers: MetadataCallers, answers: KeptAnswers) -> Sources:
    """Return all providers that can be asked, in their configured order."""
    makers: dict[str, Callable[[Caller, KeptAnswers], Provider]] = {
        "tmdb": Tmdb,
        "tvmaze": TvMaze,
        "omdb": Omdb,
        "fanarttv": FanartTv,
    }
    asked = [(makers[name], callers.get(name)) for name in settings.metadata.providers]
    return Sources([maker(caller, answers) for maker, caller in asked if caller is not None])
