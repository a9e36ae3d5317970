"""``revenge serve`` and ``revenge worker``: the processes that stay."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from revenge.app.cli.shell import EVERYWHERE, Shell, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.app.lifecycle import Signals, Step
    from revenge.app.settings import Settings

MOST_CLIENT_ID = 100
"""As the engine's ``ClientConfig`` has it, which a command reads late."""

STOPPING = "Stopping: running jobs may finish. Ctrl-C again to stop at once."


def register(app: typer.Typer) -> None:
    """Add both commands."""
    app.command("serve", epilog=EVERYWHERE)(serve)
    app.command("worker", epilog=EVERYWHERE)(worker)


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(metavar="H", help="Listen here instead of server.host.")] = None,
    port: Annotated[int | None, typer.Option(metavar="P", min=1, max=65535, help="Instead of server.port.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Serve only; leave jobs to others.")] = False,
) -> None:
    """Serve the HTTP API and the dashboard, and work jobs, until Ctrl-C."""
    shell = shell_of(context).with_settings(
        REVENGE_SERVER__HOST=host,
        REVENGE_SERVER__PORT=port,
        REVENGE_JOBS__ENABLED="false" if no_worker else None,
    )

    async def main(signals: "Signals") -> None:
        from revenge.app.isolated import build_working_container
        from revenge.app.process import server_steps

        container = build_working_container(shell.settings)
        await stay(shell, signals, server_steps(container), lambda: f"Listening on {container.server().url}")

    shell.run(main, server=True, log_level=shell.settings.log.level)


def _check_client_id(name: str | None) -> str | None:
    if name is not None and len(name) > MOST_CLIENT_ID:
        message = f"a name has at most {MOST_CLIENT_ID} characters, got {len(name)}"
        raise typer.BadParameter(message)
    return name


def worker(
    context: typer.Context,
    queue: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SIZE", help="Work this queue with so many jobs at once; may be given again."),
    ] = None,
    workers: Annotated[
        list[str] | None,
        typer.Option(metavar="MODULE", help="Work the kinds of this module or .py file, and no others."),
    ] = None,
    client_id: Annotated[
        str | None,
        typer.Option(metavar="ID", callback=_check_client_id, help="This process's name; no two share one."),
    ] = None,
) -> None:
    """Work jobs, until Ctrl-C."""
    queues = dict(_queue(text) for text in queue or ())
    shell = shell_of(context).with_settings(REVENGE_JOBS__CLIENT_ID=client_id, REVENGE_JOBS__ENABLED="true")

    async def main(signals: "Signals") -> None:
        from revenge.app.isolated import build_working_container
        from revenge.app.process import worker_steps

        container = build_working_container(with_queues(shell.settings, queues), modules=workers or ())
        await stay(shell, signals, worker_steps(container, media=not workers), lambda: _working(container))

    shell.run(main, server=True, log_level=shell.settings.log.level)


async def stay(shell: Shell, signals: "Signals", steps: "list[Step]", ready: Callable[[], str]) -> None:
    """Start everything, say ``ready``'s line, wait for a signal, stop everything."""
    from revenge.app.lifecycle import Lifecycle

    async with Lifecycle(steps, hurry=signals.hurry):
        shell.say(ready())
        await signals.stop.wait()
        shell.say(STOPPING)


def with_queues(settings: "Settings", queues: dict[str, int]) -> "Settings":
    """Return settings that work these queues and no others; the same ones where there are none."""
    from revenge.app.settings.model import QueueSettings

    if not queues:
        return settings
    wanted = {name: QueueSettings(workers=size) for name, size in queues.items()}
    return settings.model_copy(update={"jobs": settings.jobs.model_copy(update={"queues": wanted})})


def _working(container: "Container") -> str:
    queues = ", ".join(f"{name}={size}" for name, size in container.client_config().queues.items())
    return f"Working {', '.join(container.workers().kinds)} from {queues}"


def _queue(text: str) -> tuple[str, int]:
    from revenge.infra.jobs.config import check_queue_name
    from revenge.infra.jobs.errors import InvalidJob

    name, _, size = text.partition("=")
    if not name or not size.isdecimal() or not 1 <= int(size) <= 10_000:
        message = f"--queue wants NAME=SIZE with a size of 1 to 10000, such as bulk=3; got {text!r}"
        raise typer.BadParameter(message)
    try:
        return check_queue_name(name), int(size)
    except InvalidJob as error:
        raise typer.BadParameter(str(error)) from error
