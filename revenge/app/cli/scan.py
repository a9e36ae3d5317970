"""``revenge scan``: make a folder's files known, now, and show it."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from revenge.app.cli.library import Kind, all_libraries, make_library
from revenge.app.cli.session import PATIENCE
from revenge.app.cli.shell import EVERYWHERE, Failed, Shell, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.app.lifecycle import Signals
    from revenge.app.scanning import Outcome, Target
    from revenge.infra.jobs.models import JobRow

CANCEL_TIME = timedelta(seconds=5)
"""For a cancelled scan to end; it promises two seconds."""
SHOWN_ERRORS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The scan that there is after asking for one."""

    scan_id: "UUID | None"
    """None as long as it has none."""
    job_id: int
    is_own: bool
    """Whether this command asked for it; False: it was under way."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scan", epilog=EVERYWHERE)(scan)


def scan(
    context: typer.Context,
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Folders; those of a library, or below.")],
    type: Annotated[Kind | None, typer.Option("--type", help="What a new library holds; movie without it.")] = None,
    library: Annotated[str | None, typer.Option(metavar="NAME", help="The library; made when there is none.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read again what did not change, too.")] = False,
) -> None:
    """Scan folders, work the scan here when no server does, and end when it ends."""
    shell = shell_of(context)
    # Of an unset variable: as a Path it would be the present folder.
    if "" in paths:
        raise typer.BadParameter("a folder's name is empty; . is the present one", param_hint="PATH...")
    folders = [Path(os.path.abspath(path)) for path in paths]

    async def main(signals: "Signals") -> "Outcome":
        from revenge.app.cli.serve import with_queues
        from revenge.app.container import build_container
        from revenge.app.lifecycle import Lifecycle
        from revenge.app.process import command_steps
        from revenge.infra.jobs.models import Queue

        container = build_container(with_queues(shell.settings, {Queue.BULK: 1}))
        container.database().watch_waiting(shell.note, longest=PATIENCE)
        async with Lifecycle(command_steps(container), hurry=signals.hurry):
            target = await choose(container, folders, kind=type, name=library)
            return await run_scan(shell, container, signals, target, full=full)

    outcome = shell.run(main)
    report(shell, outcome)
    if outcome.scan.status != "completed":
        raise typer.Exit(1)


async def choose(container: "Container", paths: Sequence[Path], *, kind: Kind | None, name: str | None) -> "Target":
    """Return what to scan; a library that is not there yet is made.

    Raises:
        AmbiguousLibrary: the paths belong to several libraries.
        Failed: the library is of another type, or there is no such folder to make one of.
    """
    from revenge.app.scanning import Target, find_target, free_name

    libraries = await all_libraries(container.library_repository())
    folders = [os.fsencode(path) for path in paths]
    named = [each for each in libraries if name is not None and each.name.casefold() == name.casefold()]
    target = find_target(named if name is not None else libraries, folders)
    if target is None and named:
        message = f"{', '.join(map(str, paths))} is in none of the folders of the library {named[0].name!r}"
        raise Failed(message)
    if target is None:
        for path in paths:
            if not path.is_dir():
                message = f"there is no folder {path}: mount it, or correct the path"
                raise Failed(message)
        library = await make_library(
            container, name=name or free_name(folders, libraries), kind=kind or Kind.MOVIE, paths=paths
        )
        return Target(library=library, paths=())
    if kind is not None and target.library.type != kind.type:
        message = f"the library {target.library.name!r} is of the type {target.library.type}, not {kind.value}"
        raise Failed(message)
    return target


async def run_scan(
    shell: Shell,
    container: "Container",
    signals: "Signals",
    target: "Target",
    *,
    full: bool = False,
    in_server: bool = False,
) -> "Outcome":
    """Enqueue a scan, or join the one that is under way, and follow it to its end.

    Where this is no server it is worked here as soon as nobody else does. It is cancelled with this command only where
    this command asked for it: who joins a scan, or watches a server's, may leave.
    """
    from revenge.app.cli.follow import follow_jobs
    from revenge.app.lifecycle import Lifecycle
    from revenge.app.process import work_steps
    from revenge.app.scanning import find_scan, is_held_up, is_left, read_outcome
    from revenge.content.library.models import ACTIVE

    client, clock, library = container.client(), container.clock(), target.library
    repository = container.library_repository()
    asked = await _enqueue(shell, container, target, full=full)
    job_id = asked.job_id
    if await is_held_up(client, job_id):
        shell.note("The queue is paused, and the scan waits for it: revenge queues resume '*'")

    async def ending(job: "JobRow") -> str:
        # A scan that fails for good cancels its job: nobody has cancelled it.
        done = await find_scan(repository, library.id, asked.scan_id, job)
        return job.state.value if done is None or done.status in ACTIVE else done.status.value

    async with AsyncExitStack() as stack:
        following = asyncio.create_task(
            follow_jobs(shell, client, [job_id], clock=clock, name=f"Scanning {library.name}", ending=ending),
            name="scan.follow",
        )
        stack.push_async_callback(_end, following)
        try:
            if not in_server:
                watching = asyncio.create_task(is_left(client, job_id, clock=clock), name="scan.watch")
                stack.push_async_callback(_end, watching)
                await asyncio.wait({following, watching}, return_when=asyncio.FIRST_COMPLETED)
                if not following.done() and await watching:
                    await stack.enter_async_context(Lifecycle(work_steps(container), hurry=signals.hurry))
            (job,) = await following
        except asyncio.CancelledError:
            await _end(following)
            if asked.is_own and not in_server:
                await _cancel(container, job_id)
            elif not in_server:
                await _leave(shell, container, job_id)
            raise
        return await read_outcome(repository, library.id, asked.scan_id, job)


async def _end(task: "asyncio.Task[Any]") -> None:
    """Cancel a task and wait for its end, whatever that is."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


async def _enqueue(shell: Shell, container: "Container", target: "Target", *, full: bool) -> _Asked:
    """Enqueue a scan, or say that there is one and return that."""
    from revenge.content.library.errors import ScanConflict
    from revenge.content.library.models import ScanType

    library = target.library
    if target.paths:
        part = await container.scan_queue().enqueue_part(library, target.paths, force=full)
        if part.duplicate:
            shell.note(f"A scan of {library.name} is under way already (job {part.job_id}): following it.")
        return _Asked(scan_id=None, job_id=part.job_id, is_own=not part.duplicate)
    try:
        scan = await container.library_service().trigger_scan(
            library.id, ScanType.FULL if full else ScanType.INCREMENTAL
        )
    except ScanConflict as conflict:
        if conflict.job_id is None:
            raise
        shell.note(f"A scan of {library.name} is under way already (job {conflict.job_id}): following it.")
        return _Asked(scan_id=conflict.scan_id, job_id=conflict.job_id, is_own=False)
    if scan.job_id is None:
        message = f"scan {scan.id} has no job: this is a bug"
        raise Failed(message)
    return _Asked(scan_id=scan.id, job_id=scan.job_id, is_own=True)


async def _leave(shell: Shell, container: "Container", job_id: int) -> None:
    """Leave a scan that somebody else asked for; if it is worked here it is handed back at once."""
    client = container.client()
    if client.is_running:
        await client.stop(soft=timedelta(0))
        shell.note(f"The scan is not cancelled (job {job_id}): the next worker goes on with it.")
        return
    shell.note(f"The scan goes on (job {job_id}): revenge jobs cancel {job_id} ends it.")


async def _cancel(container: "Container", job_id: int) -> "JobRow | None":
    """Cancel the job and give its worker a moment to end the scan."""
    client = container.client()
    await client.cancel(job_id)
    try:
        return await client.wait(job_id, timeout=CANCEL_TIME)
    except TimeoutError:
        return None


def report(shell: Shell, outcome: "Outcome") -> None:
    """Tell how a scan ended: one document, or words."""
    scan, counts = outcome.scan, outcome.scan.counts
    if shell.json:
        shell.document(outcome.to_dict())
    else:
        seconds = scan.duration.total_seconds() if scan.duration else 0.0
        shell.say(
            f"{counts.files_seen:,} files in {seconds:.1f} s: {counts.added:,} added, {counts.updated:,} updated, "
            f"{counts.moved:,} moved, {counts.unchanged:,} unchanged, {counts.missing:,} missing, "
            f"{counts.removed:,} removed; {counts.unmatched:,} with names that say nothing, {counts.failed:,} failed"
        )
        for error in outcome.errors[:SHOWN_ERRORS]:
            shell.note(f"  {error.path.decode(errors='replace')}: {error.error}")
        if len(outcome.errors) > SHOWN_ERRORS:
            shell.note(f"  and {len(outcome.errors) - SHOWN_ERRORS} more")
    if scan.status != "completed":
        was = "was cancelled" if scan.status == "cancelled" else "failed"
        shell.fail(f"the scan {was}: {scan.error_message or 'see revenge jobs show ' + str(outcome.job_id)}")
