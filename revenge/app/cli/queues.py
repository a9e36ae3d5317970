"""``revenge queues``: what waits where, and pausing it."""

from typing import TYPE_CHECKING, Annotated

import typer

from revenge.app.cli.session import use
from revenge.app.cli.shell import EVERYWHERE, HELP, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container

app = typer.Typer(help="What waits where, and pausing it.", context_settings=HELP)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The queue; '*' is every queue.")]


@app.command("list", epilog=EVERYWHERE)
def list_queues(context: typer.Context) -> None:
    """Show the queues with their unfinished jobs, the longest wait and the workers of all nodes."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.app.presentation import queue_to_json

        queues = [queue_to_json(queue) for queue in await container.client().queues()]
        if shell.json:
            shell.document({"queues": queues})
            return
        shell.table(
            ["queue", "state", "available", "running", "retryable", "scheduled", "oldest wait", "workers"],
            [
                [
                    queue["name"],
                    "paused" if queue["paused"] else "active",
                    *(queue["counts"][state] for state in ("available", "running", "retryable", "scheduled")),
                    None if queue["oldest_wait_s"] is None else f"{queue['oldest_wait_s']:.0f} s",
                    queue["workers"],
                ]
                for queue in queues
            ],
            empty="There are no queues yet: one appears when a worker first serves it.",
        )

    use(shell, act)


@app.command("pause", epilog=EVERYWHERE)
def pause(context: typer.Context, name: Name) -> None:
    """Stop fetching from a queue, on every node; what runs goes on."""
    _switch(context, name, paused=True)


@app.command("resume", epilog=EVERYWHERE)
def resume(context: typer.Context, name: Name) -> None:
    """Fetch from a queue again."""
    _switch(context, name, paused=False)


def _switch(context: typer.Context, name: str, *, paused: bool) -> None:
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        client = container.client()
        await (client.pause_queue(name) if paused else client.resume_queue(name))

    use(shell, act)
    if shell.json:
        shell.document({"name": name, "paused": paused})
    else:
        shell.say(f"{'Every queue' if name == '*' else f'Queue {name}'} is {'paused' if paused else 'active'}.")
