"""Pictures come from configured addresses, and from nowhere else, however an address is written."""

import pytest

from revenge.content.image.errors import ImageRefused
from revenge.content.image.hosts import ImageHost, ImageHosts
from revenge.infra.http.caller import Caller
from revenge.infra.http.config import ServiceConfig
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs.clock import SystemClock


def host(provider: str, url: str) -> ImageHost:
    clock = SystemClock()
    caller = Caller(ServiceConfig(name=provider, base_url=url), traffic=LocalTraffic(clock), clock=clock)
    return ImageHost(provider=provider, base_url=url, caller=caller)


@pytest.fixture
def hosts() -> ImageHosts:
    return ImageHosts([host("tmdb", "https://image.tmdb.org/t/p"), host("tvmaze", "https://static.tvmaze.com")])


@pytest.mark.parametrize(
    ("source", "provider", "path"),
    [
        ("/abc.jpg", "tmdb", "/w500/abc.jpg"),
        ("https://image.tmdb.org/t/p/original/abc.jpg", "tmdb", "/original/abc.jpg"),
        ("https://static.tvmaze.com/uploads/a%20b.jpg", "tvmaze", "/uploads/a b.jpg"),
    ],
)
def test_a_source_has_its_place(hosts: ImageHosts, source: str, provider: str, path: str) -> None:
    found, where = hosts.place(source, "w500")
    assert (found.provider, where) == (provider, path)


@pytest.mark.parametrize(
    "source",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:8420/api/v1/jobs",
        "https://image.tmdb.org.evil.example/t/p/x.jpg",
        "https://image.tmdb.org@evil.example/t/p/x.jpg",
        "https://user@image.tmdb.org/t/p/x.jpg",
        "https://evil.example/https://image.tmdb.org/t/p/x.jpg",
        "http://image.tmdb.org/t/p/x.jpg",
        "https://image.tmdb.org:444/t/p/x.jpg",
        "https://image.tmdb.org/t/poster.jpg",
        "https://image.tmdb.org/t/p/../../admin",
        "https://image.tmdb.org/t/p/%2e%2e/%2e%2e/admin",
        "https://image.tmdb.org/t/p/x.jpg?next=evil",
        "https://image.tmdb.org:x/t/p/x.jpg",
        "file:///etc/passwd",
        "poster.jpg",
        "/../../admin.jpg",
        "",
    ],
)
def test_an_address_that_is_not_configured_is_not_called(hosts: ImageHosts, source: str) -> None:
    with pytest.raises(ImageRefused):
        hosts.place(source, "w500")
