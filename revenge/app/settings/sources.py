"""Read settings from a YAML file and from environment variables, remembering where each came from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from revenge.app.settings.keys import Key, find, is_secret, section_of
from revenge.app.settings.model import Settings
from revenge.infra.database.pool import build_dsn
from revenge.infra.jobs.models import TIERS

PREFIX = "REVENGE_"
_SEPARATOR = "__"
_FILE = "_FILE"
_TOP_LEVEL = ("REVENGE_DATA_DIR", "REVENGE_DEMO")
_NO_SETTINGS = ("REVENGE_VERSION", "REVENGE_RENEW_COMMANDS", "REVENGE_TEST_RUN_DIR")
"""What an image says of itself, and what the project's own tests are told."""
_PLATFORM = re.compile(r"REVENGE_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
"""What Kubernetes sets in every container beside a service of this name; ``..._PORT`` is known by its value."""
_DB_PARTS = {"DB_HOST": "host", "DB_PORT": "port", "DB_USER": "user", "DB_PASS": "password", "DB_NAME": "name"}
_SHORT: Mapping[str, Key] = {
    "DATABASE_URL": ("database", "url"),
    "DATABASE_LISTEN_URL": ("database", "listen_url"),
    "JOBS_ENABLED": ("jobs", "enabled"),
    "JOBS_TIMEOUT": ("jobs", "timeout"),
}
_DEEPEST = 20
_SECRETS = ("DATABASE_URL", "DATABASE_LISTEN_URL", "DB_PASS")


@dataclass(slots=True)
class Layer:
    """Values as they were found, and where; what could not be read is in ``problems``, a line each."""

    values: dict[str, Any] = field(default_factory=dict)
    sources: dict[Key, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def put(self, key: Key, value: object, source: str) -> None:
        """Set ``key``, over what was there."""
        at = self.values
        for name in key[:-1]:
            below = at.get(name)
            if not isinstance(below, dict):
                below = at[name] = {}
            at = below
        at[key[-1]] = value
        self.sources[key] = source

    def lay(self, over: "Layer") -> None:
        """Put everything of another layer over this one."""
        for key, value in _leaves(over.values):
            if value == {} and isinstance(self.find(key), dict):
                continue  # an empty section says nothing
            self.put(key, value, over.source(key))
        self.sources |= over.sources
        self.problems += over.problems

    def source(self, key: Key) -> str:
        """Return where ``key`` came from, or else what is below it, or what is nearest above it."""
        if key not in self.sources:
            below = (found for found in self.sources if len(found) > len(key) and found[: len(key)] == key)
            if key and (first := next(below, None)):
                return self.sources[first]
        for end in range(len(key), -1, -1):
            if key[:end] in self.sources:
                return self.sources[key[:end]]
        return "the defaults"

    def find(self, key: Key) -> object:
        """Return the value at ``key``, None where there is none."""
        at: object = self.values
        for name in key:
            at = at.get(name) if isinstance(at, dict) else None
        return at


def read_file(path: Path) -> Layer:
    """Return what a YAML file says; an empty section is as good as none."""
    layer = Layer(sources={(): str(path)})
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        layer.problems.append(f"{path}: cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        layer.problems.append(f"{path}: is not UTF-8 text")
    except RecursionError:
        layer.problems.append(f"{path}: is nested too deeply, allowed: sections as in config/revenge.yaml")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path} line {mark.line + 1}" if mark else str(path)
        layer.problems.append(f"{place}: is not YAML: {getattr(error, 'problem', None) or 'it holds odd characters'}")
    else:
        if isinstance(root, yaml.MappingNode):
            layer.values = _mapping(root, (), path, layer)
        elif root is not None:
            layer.problems.append(f"{path}: found no sections, allowed: {', '.join(Settings.model_fields)}")
    return layer


def read_environment(env: Mapping[str, str]) -> Layer:
    """Return what environment variables say; an empty variable is as good as none.

    ``REVENGE_<SECTION>__<KEY>`` comes before the short names, ``DATABASE_URL`` before ``DB_*``.
    """
    layer = Layer()
    found = _resolve_files({name: value for name, value in env.items() if value.strip()}, layer.problems)
    if parts := {word: found[name][0] for name, word in _DB_PARTS.items() if name in found}:
        if is_port(parts.get("port", "5432")):
            sources = ", ".join(found[name][1] for name in _DB_PARTS if name in found)
            layer.put(("database", "url"), build_dsn(**{**parts, "port": int(parts.get("port", 5432))}), sources)  # type: ignore[arg-type]  # the port is the int
        else:
            layer.problems.append(f"DB_PORT: found {parts['port']!r}, allowed: a whole number from 1 to 65535")
    for name, key in _SHORT.items():
        if name in found:
            layer.put(key, *found[name])
    _read_counts(found, layer)
    for name, (value, source) in sorted(found.items()):
        if name.startswith(PREFIX) and name.count(_SEPARATOR) > _DEEPEST:
            layer.problems.append(f"{name[:60]}...: is nested too deeply, allowed: {PREFIX}<SECTION>__<KEY>")
        elif name.startswith(PREFIX) and (_SEPARATOR in name or name in _TOP_LEVEL):
            layer.put(_key(name), value, source)
        elif name.startswith(PREFIX) and name not in _NO_SETTINGS and not _is_platforms(name, value):
            near = get_close_matches(name, _TOP_LEVEL, 1, 0.85) or [*_TOP_LEVEL, f"{PREFIX}<SECTION>__<KEY>"]
            layer.problems.append(f"{name}: no such setting, allowed: {', '.join(near)}")
    return layer


def is_port(text: str) -> bool:
    """Return whether ``text`` is a port's number."""
    return text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= 65_535


def share_out(total: int) -> dict[str, int]:
    """Return ``total`` workers shared out over the five tiers by their default sizes, with at least one each."""
    exact = {str(name): total * size / sum(TIERS.values()) for name, size in TIERS.items()}
    shares = {name: max(1, int(share)) for name, share in exact.items()}
    while sum(shares.values()) < total:
        shares[max(exact, key=lambda name: exact[name] - shares[name])] += 1
    while sum(shares.values()) > max(total, len(shares)):
        shares[max((name for name in shares if shares[name] > 1), key=lambda name: shares[name] - exact[name])] -= 1
    return shares


def _resolve_files(given: Mapping[str, str], problems: list[str]) -> dict[str, tuple[str, str]]:
    """Return each variable's value and source; ``X_FILE`` becomes ``X`` where X is a secret."""
    found = {name: (value, name) for name, value in given.items()}
    for name, value in given.items():
        base = name.removesuffix(_FILE)
        if base == name or not (base in _SECRETS or (base.startswith(PREFIX) and is_secret(Settings, _key(base)))):
            continue
        del found[name]
        if base in given:
            problems.append(f"{name}: {base} is set too, allowed: one of them")
            continue
        try:
            found[base] = (Path(value).read_text(encoding="utf-8").strip(), name)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            problems.append(f"{name}: found {value!r}, allowed: a file that can be read ({reason})")
    return found


def _read_counts(found: Mapping[str, tuple[str, str]], layer: Layer) -> None:
    for name, low, high in (("JOBS_WORKER_COUNT", 1, 10_000), ("JOBS_MAX_RETRIES", 0, 32_766)):
        if name not in found:
            continue
        value = found[name][0].strip()
        if not value.isdecimal() or not low <= int(value) <= high:
            layer.problems.append(f"{name}: found {value!r}, allowed: a whole number from {low} to {high}")
        elif name == "JOBS_MAX_RETRIES":
            layer.put(("jobs", "retry", "max_attempts"), int(value) + 1, name)
        else:
            for queue, workers in share_out(int(value)).items():
                layer.put(("jobs", "queues", queue, "workers"), workers, name)


def _mapping(node: yaml.MappingNode, above: Key, path: Path, layer: Layer) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name_node, node_below in node.value:
        key = (*above, str(name_node.value))
        source = f"{path} line {name_node.start_mark.line + 1}"
        if key[-1] in values:
            layer.problems.append(f"{source}: {'.'.join(key)}: found twice, allowed: once")
        layer.sources[key] = source
        if isinstance(node_below, yaml.MappingNode) and len(key) < _DEEPEST:
            values[key[-1]] = _mapping(node_below, key, path, layer)
            continue
        try:
            value = yaml.constructor.SafeConstructor().construct_object(node_below, deep=True)
        except (yaml.YAMLError, ValueError, RecursionError):
            layer.problems.append(f"{source}: {'.'.join(key)}: found what YAML cannot read, allowed: plain values")
            continue
        field_here = find(Settings, key)
        values[key[-1]] = {} if value is None and field_here and section_of(field_here) else value
    return values


def _leaves(values: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, object]]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*above, name))
        else:
            yield (*above, name), value


def _is_platforms(name: str, value: str) -> bool:
    return _PLATFORM.fullmatch(name) is not None or (name.endswith("_PORT") and "://" in value)


def _key(name: str) -> Key:
    return tuple(name.removeprefix(PREFIX).lower().split(_SEPARATOR))
