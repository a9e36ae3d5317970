"""Say in one line each what is wrong with settings: where, which key, what was found, what is allowed."""

from collections.abc import Iterator
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from revenge.app.settings.keys import Key, children, is_secret
from revenge.app.settings.model import Retry, Settings
from revenge.app.settings.periodic import read_schedule
from revenge.app.settings.search import Search
from revenge.app.settings.sources import Layer
from revenge.app.settings.types import NOT_ALLOWED, is_loopback
from revenge.infra.jobs import InvalidSchedule

_LONGEST = 60


def explain(error: ValidationError, layer: Layer) -> list[str]:
    """Return a line for each thing that the model refused."""
    return [_explain(detail, layer) for detail in error.errors(include_url=False, include_input=False)]


def contradictions(settings: Settings, layer: Layer) -> list[str]:
    """Return a line for each setting that is wrong only beside another."""
    return [line(layer, key, allowed) for key, allowed in _contradictions(settings)]


def line(layer: Layer, key: Key, allowed: str) -> str:
    """Return the one line about ``key``."""
    found = "(hidden)" if is_secret(Settings, key) else _shown(layer.find(key))
    return f"{layer.source(key)}: {'.'.join(key)}: found {found}, allowed: {allowed}"


def _contradictions(settings: Settings) -> Iterator[tuple[Key, str]]:
    if not is_loopback(settings.server.host) and settings.server.api_key is None:
        yield ("server", "host"), "127.0.0.1, ::1 or localhost while server.api_key is not set"
    for name, pool in (("pool", settings.database.pool), ("jobs_pool", settings.database.jobs_pool)):
        if pool.min > pool.max:
            yield ("database", name, "min"), f"at most database.{name}.max, which is {pool.max}"
    retry = settings.jobs.retry
    if retry.initial_interval is None:
        for name in ("backoff_multiplier", "max_interval"):
            if getattr(retry, name) != Retry.model_fields[name].default:
                yield ("jobs", "retry", name), "only the default while jobs.retry.initial_interval is null"
    elif retry.initial_interval > retry.max_interval:
        yield ("jobs", "retry", "initial_interval"), "at most jobs.retry.max_interval"
    if settings.auth.token_lifetime > settings.auth.session_lifetime:
        yield ("auth", "token_lifetime"), "at most auth.session_lifetime"
    yield from _of_search(settings.search)
    yield from _keyless(settings)
    for name, planned in settings.periodic.items():
        try:
            read_schedule(planned.schedule, planned.zone)
        except InvalidSchedule:
            yield ("periodic", name, "zone"), "a time zone such as Europe/Berlin"


def _of_search(search: Search) -> Iterator[tuple[Key, str]]:
    if search.url is not None and search.api_key is None:
        yield ("search", "api_key"), "Typesense's key while search.url is set"
    if search.fallback and search.url is None:
        yield ("search", "fallback"), "only false while search.url is not set"


def _keyless(settings: Settings) -> Iterator[tuple[Key, str]]:
    for name, arr in (("radarr", settings.integrations.radarr), ("sonarr", settings.integrations.sonarr)):
        if arr.enabled and arr.api_key is None:
            yield ("integrations", name, "enabled"), f"false while integrations.{name}.api_key is not set"


def _explain(detail: ErrorDetails, layer: Layer) -> str:
    key = tuple(str(part) for part in detail["loc"])
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            known = children(Settings, key[:-1])
            near = get_close_matches(key[-1], known, 1, 0.6)
            hint = f" (did you mean {near[0]}?)" if near else ""
            where, place = layer.source(key), ".".join(key[:-1]) or "the top level"
            return f"{where}: {'.'.join(key)}: found an unknown key, allowed in {place}: {', '.join(known) or 'nothing'}{hint}"
        case "model_type" | "model_attributes_type" | "dict_type":
            known = children(Settings, key)
            return line(layer, key, f"a section with the keys {', '.join(known)}" if known else "a section")
        case "literal_error":
            return line(layer, key, str(context["expected"]).replace("'", "").replace(" or ", ", "))
        case "missing":
            return line(layer, key, "a value, it has no default")
        case _ if key[-1:] == ("[key]",):
            return f"{layer.source(key[:-1])}: {'.'.join(key[:-2])}: found {key[-2]!r}, allowed: {context.get('allowed', '')}"
        case _:
            return line(layer, key, str(context["allowed"]) if detail["type"] == NOT_ALLOWED else detail["msg"])


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a section"
        case list():
            return "a list"
        case _:
            text = repr(value)
            return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
