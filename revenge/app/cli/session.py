"""A command's way to the parts of the house: build them, start what it needs, stop it all again."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from revenge.app.cli.shell import Shell

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.app.lifecycle import Signals

T = TypeVar("T")

PATIENCE = timedelta(seconds=5)
"""For a database that does not answer, where a person waits at a prompt; servers wait for `database.connect_timeout`."""


def use(shell: Shell, act: "Callable[[Container], Awaitable[T]]") -> T:
    """Return what ``act`` returns, with the database up and migrated and the engine ready to insert, not to work."""
    from revenge.app.container import build_container
    from revenge.app.lifecycle import Lifecycle
    from revenge.app.process import command_steps

    async def main(signals: "Signals") -> T:
        container = build_container(shell.settings)
        container.database().watch_waiting(shell.note, longest=PATIENCE)
        async with Lifecycle(command_steps(container), hurry=signals.hurry):
            return await act(container)

    return shell.run(main)
