"""Settings of whoever tells what films, series and people are, and of their pictures."""

from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from revenge.app.settings.section import Section
from revenge.app.settings.types import (
    ApiKey,
    Names,
    Number,
    OptionalServiceUrl,
    ServiceUrl,
    ServiceUrls,
    Span,
    Switch,
    Whole,
    refuse,
)

_SECOND = timedelta(seconds=1)
_Kept = Annotated[timedelta, BeforeValidator(Span(_SECOND))]
_PerSecond = Annotated[float, BeforeValidator(Number(0.01, 1000))]
_Burst = Annotated[int, BeforeValidator(Whole(1, 10_000))]


PROVIDERS = ("tmdb", "tvmaze", "omdb", "fanarttv")


def _providers(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    names = tuple(str(item).strip() for item in items) if isinstance(items, list | tuple) else ("",)
    if not set(names) <= set(PROVIDERS) or len(set(names)) < len(names):
        refuse(f"a list of some of {', '.join(PROVIDERS)}, each once")
    return names


class Tmdb(Section):
    """The Movie Database: films, series and people in every language."""

    api_key: ApiKey = None
    """of themoviedb.org, v3; without it TMDb is not asked"""
    url: ServiceUrl = "https://api.themoviedb.org/3"
    """its API"""
    image_url: ServiceUrl = "https://image.tmdb.org/t/p"
    """its pictures"""
    requests_per_second: _PerSecond = 20.0
    """of all nodes together; TMDb stops who asks some 50 times a second"""
    burst: _Burst = 40
    """so many at once after a pause"""


class TvMaze(Section):
    """TVmaze: series, in English; it needs no key."""

    enabled: Switch = False
    """true: TVmaze is asked too"""
    url: ServiceUrl = "https://api.tvmaze.com"
    """its API"""
    image_url: ServiceUrl = "https://static.tvmaze.com"
    """its pictures"""
    requests_per_second: _PerSecond = 2.0
    """of all nodes together; TVmaze allows 20 in 10 seconds"""
    burst: _Burst = 15
    """so many at once after a pause"""


class Omdb(Section):
    """OMDb: what IMDb, Metacritic and Rotten Tomatoes think of a film or a series."""

    api_key: ApiKey = None
    """of omdbapi.com; without it OMDb is not asked"""
    url: ServiceUrl = "https://www.omdbapi.com"
    """its API"""
    requests_per_second: _PerSecond = 5.0
    """of all nodes together"""
    burst: _Burst = 10
    """so many at once after a pause"""


class FanartTv(Section):
    """Fanart.tv: logos, posters and backdrops."""

    api_key: ApiKey = None
    """of fanart.tv; without it Fanart.tv is not asked"""
    client_key: ApiKey = None
    """your own beside it: new pictures come sooner"""
    url: ServiceUrl = "https://webservice.fanart.tv/v3"
    """its API"""
    image_url: ServiceUrl = "https://assets.fanart.tv"
    """its pictures"""
    requests_per_second: _PerSecond = 5.0
    """of all nodes together"""
    burst: _Burst = 10
    """so many at once after a pause"""


class Images(Section):
    """Pictures: posters, backdrops, faces."""

    hosts: ServiceUrls = ("https://artworks.thetvdb.com",)
    """addresses beside the providers' own that pictures may come from, such as those that Sonarr names; nothing else is asked"""
    max_bytes: Annotated[int, BeforeValidator(Whole(1024, 1024**3))] = 10 * 1024 * 1024
    """a larger file is not taken"""
    max_pixels: Annotated[int, BeforeValidator(Whole(10_000, 1_000_000_000))] = 60_000_000
    """a picture that unpacks to more is not taken: a small file may hold a huge one"""
    requests_per_second: _PerSecond = 20.0
    """to each address, of all nodes together"""
    burst: _Burst = 40
    """so many at once after a pause"""
    kept_unused: _Kept = timedelta(days=7)
    """how long the file of a picture that nothing shows any more is kept"""


class Metadata(Section):
    """What films, series and people are: who is asked, how fast, and how long an answer is kept."""

    providers: Annotated[tuple[str, ...], BeforeValidator(_providers)] = PROVIDERS
    """in which order they are asked: the first that knows a title says what it is, the others add to it"""
    languages: Names = ("en", "de", "fr", "es", "ja")
    """ISO 639-1: what is shown is in the first, the others are kept beside it; they cost no request of their own"""
    answers_kept: _Kept = timedelta(hours=24)
    """how long an answer serves before it is asked for again; a forced refresh asks at once, for its own title only"""
    searches_kept: _Kept = timedelta(hours=24)
    """the same for what a search found"""
    unknown_kept: _Kept = timedelta(hours=1)
    """the same for titles that a provider does not have: it may soon"""
    timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND, timedelta(minutes=10)))] = timedelta(seconds=30)
    """how long an answer may take, half as long to its next piece; a picture may take twice as long"""
    proxy: OptionalServiceUrl = None
    """an HTTP proxy that all of them are asked through"""
    tmdb: Tmdb = Tmdb()
    tvmaze: TvMaze = TvMaze()
    omdb: Omdb = Omdb()
    fanarttv: FanartTv = FanartTv()
    images: Images = Images()
