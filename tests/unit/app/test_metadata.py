"""What the settings say about metadata is what is done."""

from datetime import timedelta
from pathlib import Path

import pytest

from revenge.app.metadata import MetadataCallers, make_image_hosts, make_keep, service_configs
from revenge.app.settings import SettingsError, load_settings
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs.clock import SystemClock


def test_rates_keys_and_addresses_are_the_configured_ones(tmp_path: Path) -> None:
    """W49: the Go server read its rate and its cache's age, and used neither."""
    secret = tmp_path / "key"
    secret.write_text("from-a-file\n")
    settings = load_settings(
        None,
        {
            "REVENGE_METADATA__TMDB__API_KEY": "tmdb-key",
            "REVENGE_METADATA__TMDB__REQUESTS_PER_SECOND": "7.5",
            "REVENGE_METADATA__TMDB__BURST": "3",
            "REVENGE_METADATA__TMDB__URL": "http://127.0.0.1:9/3/",
            "REVENGE_METADATA__OMDB__API_KEY_FILE": str(secret),
            "REVENGE_METADATA__ANSWERS_KEPT": "2h",
            "REVENGE_METADATA__UNKNOWN_KEPT": "5m",
        },
    )
    configs = service_configs(settings)
    assert set(configs) == {"tmdb", "omdb"}
    tmdb, omdb = configs["tmdb"], configs["omdb"]
    assert tmdb.rate is not None
    assert (tmdb.rate.per_second, tmdb.rate.burst, tmdb.base_url) == (7.5, 3, "http://127.0.0.1:9/3")
    assert (tmdb.params, omdb.params) == ({"api_key": "tmdb-key"}, {"apikey": "from-a-file"})
    keep = make_keep(settings)
    assert (keep.titles, keep.unknown) == (timedelta(hours=2), timedelta(minutes=5))
    assert "tmdb-key" not in repr(settings) + repr(configs)


def test_without_keys_nobody_is_called() -> None:
    clock = SystemClock()
    callers = MetadataCallers(load_settings(None, {}), traffic=LocalTraffic(clock), clock=clock)
    assert [callers.get(name) for name in ("tmdb", "tvmaze", "omdb", "fanarttv")] == [None] * 4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METADATA__PROVIDERS", "tmdb,letterboxd"),
        ("METADATA__PROVIDERS", "tmdb,tmdb"),
        ("METADATA__TMDB__URL", "themoviedb.org"),
        ("METADATA__TMDB__URL", "https://x/3?api_key=1"),
        ("METADATA__TMDB__REQUESTS_PER_SECOND", "0"),
        ("METADATA__IMAGES__HOSTS", "https://ok.example,file:///etc"),
        ("CACHE__URL", "http://redis:6379"),
    ],
)
def test_a_wrong_value_stops_the_start_with_its_key(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"REVENGE_{name}"):
        load_settings(None, {f"REVENGE_{name}": value})


def test_pictures_come_from_each_configured_address_once() -> None:
    clock = SystemClock()
    settings = load_settings(None, {"REVENGE_METADATA__IMAGES__HOSTS": "https://a.example/x,https://b.example"})
    hosts = make_image_hosts(settings, traffic=LocalTraffic(clock), clock=clock)
    assert hosts.place("https://a.example/x/1.jpg", "w342")[1] == "/1.jpg"
    assert hosts.place("https://b.example/1.jpg", "w342")[0].provider == "b.example"
