"""``revenge demo``: what ``make run`` starts: everything, with something to look at."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from revenge.app.cli.library import Kind, all_libraries, make_library
from revenge.app.cli.serve import STOPPING
from revenge.app.cli.shell import EVERYWHERE, Shell, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.app.lifecycle import Signals
    from revenge.app.scanning import Target
    from revenge.app.settings import Settings

DEMO_NAME = "Demo"
DEMO_PACE = 10
"""Files read a second: two hundred small ones are read in half a second, which nobody would see."""

SOFT_STOP = timedelta(seconds=2)
"""A scan goes on where it stopped at the next start: nobody should wait for its end."""

NO_KEY = (
    "TMDb has no key (metadata.tmdb.api_key, or REVENGE_METADATA__TMDB__API_KEY): films are called what their files are called, and "
    "have the pictures that lie beside them. See docs/metadata.md."
)


class Stopped(Exception):
    """Ctrl-C while the demo's files were made."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo", epilog=EVERYWHERE)(demo)


def demo(
    context: typer.Context,
    library: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A folder of yours instead of the demo's.")
    ] = None,
    type: Annotated[Kind | None, typer.Option("--type", help="What the folder holds; movie without it.")] = None,
) -> None:
    """Start everything, scan a library, and show it on the dashboard until Ctrl-C.

    Without --library the known libraries are scanned; when there are none, small real video files are made, and a film
    database that knows them is played. It is not played for libraries of your own.
    """
    shell = shell_of(context)
    folder = None if library is None else Path(os.path.abspath(library))

    async def main(signals: "Signals") -> None:
        from revenge.app.container import build_container
        from revenge.app.demo.own import knows_other_libraries
        from revenge.app.demo.servers import PORT, DemoServers
        from revenge.app.lifecycle import Lifecycle, Step
        from revenge.app.process import server_steps
        from revenge.infra.jobs.clock import SystemClock

        settings = _for_demo(shell)
        playing = []
        has_key = settings.metadata.tmdb.api_key is not None
        if settings.demo and folder is None and not has_key and not await knows_other_libraries(settings):
            servers = DemoServers(clock=SystemClock(), port=PORT)
            playing = [Step(name="demo", start=servers.start, stop=servers.stop)]
            await servers.bind()
            settings = servers.applied(settings)
        elif not has_key:
            shell.say(NO_KEY)
        container = build_container(settings)
        shell.say("Starting the database, the workers and the server ...")
        async with Lifecycle([*playing, *server_steps(container)], hurry=signals.hurry):
            url = container.server().url
            shell.say(f"The dashboard: {url}")
            showing = asyncio.create_task(_show(shell, container, signals, folder, type), name="demo")
            stopping = asyncio.create_task(signals.stop.wait(), name="signals")
            await asyncio.wait({showing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if showing.done():
                await showing
                shell.say(f"Open {url} and look around. Ctrl-C stops everything.")
                await stopping
            showing.cancel()
            shell.say(STOPPING)
            await asyncio.gather(showing, return_exceptions=True)

    shell.run(main, server=True, log_level="warning")


def _for_demo(shell: Shell) -> "Settings":
    """Return settings that stop soon, and take another port where the usual one is taken and nobody chose it."""
    import socket

    settings = shell.settings
    stop = settings.jobs.stop.model_copy(update={"soft": min(settings.jobs.stop.soft, SOFT_STOP)})
    settings = settings.model_copy(update={"jobs": settings.jobs.model_copy(update={"stop": stop})})
    server = settings.server
    if server.port != type(server).model_fields["port"].default:
        return settings
    try:
        with socket.create_server((server.host, server.port)):
            return settings
    except OSError:
        return settings.model_copy(update={"server": server.model_copy(update={"port": 0})})


async def _show(
    shell: Shell, container: "Container", signals: "Signals", folder: Path | None, kind: Kind | None
) -> None:
    from revenge.app.cli.scan import report, run_scan

    for target in await _targets(shell, container, signals, folder, kind):
        report(shell, await run_scan(shell, container, signals, target, in_server=True))


async def _targets(
    shell: Shell, container: "Container", signals: "Signals", folder: Path | None, kind: Kind | None
) -> "list[Target]":
    from revenge.app.cli.scan import choose
    from revenge.app.scanning import Target
    from revenge.content.library.facts import SCANNED_TYPES

    if folder is not None:
        return [await choose(container, [folder], kind=kind, name=None)]
    known = await all_libraries(container.library_repository())
    if known:
        scanned = [each for each in known if each.enabled and each.type in SCANNED_TYPES]
        return [Target(library=library, paths=()) for library in scanned]
    directory = Path(os.path.abspath(container.settings().demo_dir))  # noqa: ASYNC240 - a name, no file
    await _make_files(shell, signals, directory, kind or Kind.MOVIE)
    library = await make_library(
        container,
        name=DEMO_NAME,
        kind=kind or Kind.MOVIE,
        paths=[directory],
        scanner_config={"reads_per_second": DEMO_PACE},
    )
    return [Target(library=library, paths=())]


async def _make_files(shell: Shell, signals: "Signals", directory: Path, kind: Kind) -> None:
    """Make the demo's videos in a thread, with a bar; what is not made when we are to stop is made the next time."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from revenge.content.library.demo import make_demo

    columns = (TextColumn("Making a demo library"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=shell.progress_console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, name: str) -> None:
            if signals.stop.is_set():
                raise Stopped
            bar.update(task, completed=done, total=total, description=name[-40:])

        made = await asyncio.to_thread(
            make_demo, directory, kind="movie" if kind is Kind.MOVIE else "tv", on_progress=show
        )
    shell.say(f"Made {made.videos} small videos in {directory}.")
