"""Settings of other programs that we work with: Radarr and Sonarr."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

from revenge.app.settings.section import Section
from revenge.app.settings.types import ApiKey, Number, Secret, ServiceUrl, Span, Switch, Whole, refuse

_MAPPING = "folders such as /movies=/srv/films: what the program calls it, and where it is here"
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)


def _path_mappings(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
        refuse(_MAPPING)
    found = tuple(item.strip() for item in items if item.strip())
    for item in found:
        theirs, _, ours = item.rpartition("=")
        if not theirs.strip() or not ours.strip().startswith("/") or "\0" in item:
            refuse(_MAPPING)
    return found


class Arr(Section):
    """A program that looks after films or series."""

    enabled: Switch = False
    """true: its titles are synced and its webhooks are taken, which needs api_key"""
    base_url: ServiceUrl = "http://localhost:7878"
    """where it is; nothing but this address is ever called"""
    api_key: ApiKey = None
    """from its settings, under General"""
    webhook_secret: Secret = None
    """sent by its webhook as the header X-Webhook-Secret or as the password; without it no webhook is taken"""
    auto_sync: Switch = True
    """sync all of it again and again; what changes between comes by webhooks"""
    sync_interval: Annotated[timedelta, BeforeValidator(Span(_MINUTE))] = timedelta(hours=6)
    """so long from one automatic sync to the next"""
    path_mappings: Annotated[tuple[str, ...], BeforeValidator(_path_mappings)] = ()
    """where its folders are here, as theirs=ours: /movies=/srv/films; a folder that is named nowhere is the same here"""
    timeout: Annotated[timedelta, BeforeValidator(Span(_SECOND, 10 * _MINUTE))] = timedelta(seconds=30)
    """how long an answer may take; four times as long for the list of all titles to begin"""
    requests_per_second: Annotated[float, BeforeValidator(Number(0.01, 1000))] = 10.0
    """of all nodes together"""
    burst: Annotated[int, BeforeValidator(Whole(1, 10_000))] = 20
    """so many at once after a pause"""

    @property
    def folders(self) -> Mapping[str, str]:
        """Return where its folders are here, by what it calls them."""
        pairs = (item.rpartition("=") for item in self.path_mappings)
        return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


class Radarr(Arr):
    """Radarr, which looks after films."""


class Sonarr(Arr):
    """Sonarr, which looks after series."""

    base_url: ServiceUrl = "http://localhost:8989"
    """where it is; nothing but this address is ever called"""


class Integrations(Section):
    """Other programs: what they have, and what they tell."""

    radarr: Radarr = Radarr()
    sonarr: Sonarr = Sonarr()
