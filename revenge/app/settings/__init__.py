"""Settings: ``config/revenge.yaml``, overridden by the environment, checked once at the start."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from revenge.app.settings.errors import SettingsError
from revenge.app.settings.model import Settings
from revenge.app.settings.periodic import SCHEDULES
from revenge.app.settings.problems import contradictions, explain
from revenge.app.settings.section import Section
from revenge.app.settings.sources import Layer, read_environment, read_file, share_out
from revenge.infra.jobs.models import TIERS

__all__ = ["Section", "Settings", "SettingsError", "load_settings", "share_out"]

DEFAULT_FILE = Path("config/revenge.yaml")


def load_settings(path: Path | None, env: Mapping[str, str]) -> Settings:
    """Return the settings of ``path``, overridden by ``env``.

    Without ``path``, ``config/revenge.yaml`` is read where there is one, and the defaults hold where there is none.
    A file need not say everything; queues it does not name keep their size.

    Raises:
        SettingsError: something is wrong; all of it is listed, one line each, without secrets.
    """
    layer = Layer()
    for name, workers in TIERS.items():
        layer.put(("jobs", "queues", str(name), "workers"), workers, "the defaults")
    for name, schedule in SCHEDULES.items():
        layer.put(("periodic", name, "schedule"), schedule, "the defaults")
    layer.lay(_file(path))
    layer.lay(read_environment(env))
    try:
        settings = Settings(**layer.values)
        problems = contradictions(settings, layer)
    except ValidationError as error:
        problems = explain(error, layer)
    if layer.problems or problems:
        raise SettingsError([*layer.problems, *problems])
    return settings


def _file(path: Path | None) -> Layer:
    if path is None and not DEFAULT_FILE.is_file():
        return Layer()
    return read_file(path or DEFAULT_FILE)
