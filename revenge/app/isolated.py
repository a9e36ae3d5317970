"""A client like this process's in another one, for jobs that this process has died with (docs/design/suspects.md)."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from revenge.app.container import Container, build_container
from revenge.app.lifecycle import Lifecycle
from revenge.app.process import isolated_steps
from revenge.app.settings import Settings
from revenge.app.user_workers import load_registry
from revenge.infra.jobs import Client
from revenge.infra.telemetry.logging import configure_logging


def build_working_container(settings: Settings, *, modules: Sequence[str] = ()) -> Container:
    """Return the container of a process that works jobs; with ``modules`` the kinds of these and no others.

    Raises:
        WorkersNotFound: one of the modules cannot be imported or holds no workers.
        KindAlreadyRegistered: two of them claim one kind.
    """
    container = build_container(settings, workers=load_registry(modules) if modules else None)
    container.isolate.override(partial(isolated_client, settings, tuple(modules)))
    return container


@asynccontextmanager
async def isolated_client(settings: Settings, modules: Sequence[str]) -> AsyncIterator[Client]:
    """Give a client with the workers of such a process, and what they stand on; it is not started."""
    configure_logging(level=settings.log.level, style=settings.log_format)
    container = build_container(settings, workers=load_registry(modules) if modules else None)
    async with Lifecycle(isolated_steps(container, media=not modules)):
        yield container.client()
