"""What each kind of process starts, in order; it stops in the opposite one."""

import gc
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from revenge.app.arr.parts import ArrParts
from revenge.app.container import Container
from revenge.app.lifecycle import Step
from revenge.content.library.schedule import NoScanStarted
from revenge.infra.jobs.service import Service

LOOKS = timedelta(seconds=15)
"""How often is looked for jobs that failed for good."""
logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

HAND_BACK = timedelta(seconds=15)
"""What the engine gets on top of its own stop times, to write its last results."""


def database_steps(container: Container) -> list[Step]:
    """A command that only needs the database to be there."""
    database = container.database()
    limit = container.settings().database.embedded.stop_timeout + timedelta(seconds=10)
    return [Step(name="database", start=database.start, stop=database.stop, grace=limit, waits=True)]


def command_steps(container: Container) -> list[Step]:
    """A command that looks at things, changes them and inserts jobs."""
    database = container.database()
    return [
        *database_steps(container),
        Step(name="schema", start=lambda: container.schema().prepare()),
        Step(name="pools", start=database.open_pools, stop=database.close_pools, abort=database.cut_connections),
        Step(name="calls", start=_nothing, stop=lambda: _close_calls(container)),
        *_searching(container),
        *_integrations(container),
    ]


def work_steps(container: Container, *, media: bool = True) -> list[Step]:
    """What works jobs, on top of ``command_steps``; without ``media`` for workers of the user's own."""
    stop = container.settings().jobs.stop
    engine = Step(
        name="engine",
        start=lambda: container.client().start(),
        stop=lambda: container.client().stop(),
        grace=stop.soft + stop.cancel + HAND_BACK,
        abort=lambda: container.client().stop(soft=timedelta(0)),
    )
    heap = Step(name="heap", start=settle_heap)
    if not media:
        return [heap, engine]
    # Before anything is worked: what nobody will work any more must not look as if it went on.
    scans = Step(name="scans", start=lambda: container.scans().settle_abandoned())
    # Made when they first look: the pools are not open yet.
    looking = Service(
        "alerts", lambda: container.alerts().run_once(), clock=container.clock(), interval=LOOKS, stagger=LOOKS
    )
    alerts = Step(name="alerts", start=_started(looking), stop=looking.stop)
    return [
        *_probing(container),
        *_agents(container),
        scans,
        *_playing(container),
        heap,
        engine,
        alerts,
    ]


async def settle_heap() -> None:
    """Take what has been loaded out of the garbage collector's sight: a full collection stopped every job for 60 ms."""
    gc.collect()
    gc.freeze()


def isolated_steps(container: Container, *, media: bool = True) -> list[Step]:
    """A process that works what it is given by one that works jobs, beside it: the tables are there."""
    steps = [step for step in command_steps(container) if step.name != "schema"]
    return [*steps, *(_probing(container) if media else [])]


def worker_steps(container: Container, *, media: bool = True) -> list[Step]:
    """A process that works jobs and listens nowhere."""
    libraries = _library_steps(container) if media else []
    return [*command_steps(container), _sharing(container), *work_steps(container, media=media), *libraries]


def server_steps(container: Container) -> list[Step]:
    """The server: its port first, since one that is taken should be told before anything is started."""
    server = container.server()
    return [
        Step(name="port", start=server.bind, stop=server.release),
        *(
            worker_steps(container)
            if container.settings().jobs.enabled
            else [*command_steps(container), _sharing(container)]
        ),
        Step(name="http", start=server.start, stop=server.stop, abort=server.cut),
    ]


def _started(service: Service) -> Callable[[], Awaitable[None]]:
    async def start() -> None:
        service.start()

    return start


def _integrations(container: Container) -> list[Step]:
    """Radarr and Sonarr where they are used: their connections are closed as the process ends."""
    used = container.settings().integrations
    found = []
    if used.radarr.enabled:
        found.append(_program("radarr", container.integrations.radarr))
    if used.sonarr.enabled:
        found.append(_program("sonarr", container.integrations.sonarr))
    return found


def _program(name: str, parts: Callable[[], ArrParts | None]) -> Step:
    async def start() -> None:
        parts()

    async def stop() -> None:
        if (used := parts()) is not None:
            await used.close()

    return Step(name=name, start=start, stop=stop)


def _agents(container: Container) -> list[Step]:
    """Look at the addresses of agents before anything is worked, where there are any: apprise takes a second to load."""
    if not container.settings().notifications.agents:
        return []
    return [Step(name="agents", start=container.sender().check)]


def _sharing(container: Container) -> Step:
    """Tell other nodes, and hear of them, at once."""

    async def start() -> None:
        container.progress_relay().attach(container.client())
        await container.channels().start()

    return Step(name="sharing", start=start, stop=lambda: container.channels().stop())


async def _close_calls(container: Container) -> None:
    await container.metadata_callers().close()
    await container.image_hosts().close()
    if (redis := container.redis()) is not None:
        await redis.aclose()


async def _nothing() -> None:
    """What opens itself when it is first used needs no start."""


def _searching(container: Container) -> list[Step]:
    """Calls to a search server, where there is one; that it is away keeps nothing from starting."""
    calls = container.search.calls()
    return [] if calls is None else [Step(name="search", start=calls.open, stop=calls.close)]


def _library_steps(container: Container) -> list[Step]:
    """Scan what wants a scan at the start, and watch what wants to be watched, once there is somebody to scan it."""
    return [
        Step(name="scan on start", start=lambda: _scan_at_start(container)),
        Step(
            name="watching",
            start=lambda: container.library_watching().start(),
            stop=lambda: container.library_watching().stop(),
        ),
    ]


async def _scan_at_start(container: Container) -> None:
    try:
        started = await container.scan_schedule().scan_at_start()
    except NoScanStarted as error:
        logger.warning("library.scan_on_start_failed", error=str(error))
        return
    if started.scans:
        logger.info("library.scan_on_start", libraries=len(started.scans))


def _playing(container: Container) -> list[Step]:
    """Each node sweeps the segments on its own disk: the job that ends sessions runs on one of them."""
    playback = container.settings().playback
    if not playback.enabled:
        return []
    sweep = Service(
        "segments",
        lambda: container.segments().sweep(),
        clock=container.clock(),
        interval=playback.session_timeout,
    )
    return [Step(name="segments", start=_started(sweep), stop=sweep.stop)]


def _probing(container: Container) -> list[Step]:
    prober = container.prober()
    return [] if prober is None else [Step(name="prober", start=prober.start, stop=prober.stop)]
