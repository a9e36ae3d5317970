"""``revenge periodic``: what runs on schedule, and changing it while it runs."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from revenge.app.cli.moments import duration
from revenge.app.cli.session import use
from revenge.app.cli.shell import EVERYWHERE, HELP, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.infra.jobs import Cron, Every
    from revenge.infra.jobs.periodic_store import PeriodicStore

app = typer.Typer(help="What runs on schedule, and changing it while it runs.", context_settings=HELP)

Id = Annotated[str, typer.Argument(metavar="ID", help="The periodic job's id.")]


@app.command("list", epilog=EVERYWHERE)
def list_periodic(context: typer.Context) -> None:
    """Show periodic jobs with their schedules, last and next runs."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.app.presentation import periodic_to_json

        shapes = [periodic_to_json(info) for info in await container.client().periodic.list()]
        if shell.json:
            shell.document({"periodic": shapes})
            return
        shell.table(
            ["id", "kind", "schedule", "state", "last run", "next run"],
            [
                [
                    shape["id"],
                    shape["kind"],
                    " ".join(str(value) for value in shape["schedule"].values())
                    + " s" * ("every_s" in shape["schedule"]),
                    "paused" if shape["paused"] else "active",
                    shape["last_run_at"],
                    shape["next_run_at"],
                ]
                for shape in shapes
            ],
            empty="There are no periodic jobs yet: one appears when a node that declares it starts.",
        )

    use(shell, act)


@app.command("pause", epilog=EVERYWHERE)
def pause(context: typer.Context, periodic_id: Id) -> None:
    """Let no more runs happen but those that are asked for."""
    _change(context, periodic_id, lambda periodic: periodic.pause(periodic_id))


@app.command("resume", epilog=EVERYWHERE)
def resume(context: typer.Context, periodic_id: Id) -> None:
    """Run at the planned times again; what was planned meanwhile is not made up for."""
    _change(context, periodic_id, lambda periodic: periodic.resume(periodic_id))


@app.command("run", epilog=EVERYWHERE)
def run(context: typer.Context, periodic_id: Id) -> None:
    """Ask for a run now, paused or not; a node that has its code inserts the job within ten seconds."""
    _change(context, periodic_id, lambda periodic: periodic.request_run(periodic_id))


@app.command("set", epilog=EVERYWHERE)
def set_schedule(
    context: typer.Context,
    periodic_id: Id,
    every: Annotated[str | None, typer.Option(metavar="DURATION", help="Run so often: 30s, 15m, 1h30m, ...")] = None,
    cron: Annotated[
        str | None, typer.Option(metavar="EXPRESSION", help="Run by cron, with or without seconds.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(metavar="ZONE", help="The time zone of --cron, Europe/Berlin; UTC.")
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Run as code declares it again.")] = False,
) -> None:
    """Change when a periodic job runs, until it is changed again."""
    if [every is not None, cron is not None, reset].count(True) != 1:
        message = "give one of --every, --cron and --reset"
        raise typer.BadParameter(message)
    if zone is not None and cron is None:
        message = "--zone goes with --cron"
        raise typer.BadParameter(message)
    schedule = None if reset else _schedule(every, cron, zone)
    _change(context, periodic_id, lambda periodic: periodic.reschedule(periodic_id, schedule))


@app.command("forget", epilog=EVERYWHERE)
def forget(context: typer.Context, periodic_id: Id) -> None:
    """Forget one that code no longer declares; one that it does comes back when a node starts."""
    _change(context, periodic_id, lambda periodic: periodic.delete(periodic_id), is_gone=True)


def _schedule(every: str | None, cron: str | None, zone: str | None) -> "Every | Cron":
    from revenge.infra.jobs import Cron, Every, InvalidSchedule

    try:
        return Every(duration(every)) if every is not None else Cron(cron or "", zone)
    except InvalidSchedule as error:
        raise typer.BadParameter(str(error)) from None


def _change(
    context: typer.Context,
    periodic_id: str,
    call: "Callable[[PeriodicStore], Awaitable[None]]",
    *,
    is_gone: bool = False,
) -> None:
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.app.presentation import periodic_to_json

        periodic = container.client().periodic
        await call(periodic)
        if is_gone:
            shell.say(f"{periodic_id} is forgotten.")
            return
        shape = periodic_to_json(await periodic.get(periodic_id))
        if shell.json:
            shell.document(shape)
        else:
            state = "paused" if shape["paused"] else "active"
            shell.say(f"{periodic_id} is {state}; its next run is planned for {shape['next_run_at'] or 'never'}.")

    use(shell, act)
