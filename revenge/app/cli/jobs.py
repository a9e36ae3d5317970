"""``revenge jobs``: look at jobs, wait for them, cancel, retry, delete and enqueue them."""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from revenge.app.cli.moments import duration, moment
from revenge.app.cli.session import use
from revenge.app.cli.shell import EVERYWHERE, HELP, Failed, Shell, shell_of
from revenge.app.cli.words import job_id, job_ids
from revenge.app.json_text import json_text
from revenge.infra.limits import LONGEST

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.infra.jobs import InsertOpts, JobRow
    from revenge.infra.jobs.client import Client

app = typer.Typer(help="Look at jobs, wait for them, cancel, retry, delete and enqueue them.", context_settings=HELP)

Ids = Annotated[list[int], typer.Argument(metavar="ID...", help="The jobs' ids.", callback=job_ids)]
Id = Annotated[int, typer.Argument(metavar="ID", help="The job's id.", callback=job_id)]


@app.command("list", epilog=EVERYWHERE)
def list_jobs(
    context: typer.Context,
    state: Annotated[list[str] | None, typer.Option(help="Only jobs in this state; may be given again.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be given again.")] = None,
    queue: Annotated[list[str] | None, typer.Option(help="Only this queue; may be given again.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only with this tag; given again, with all of them.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most.")] = 100,
    cursor: Annotated[str | None, typer.Option(help="Go on where the last page ended.")] = None,
) -> None:
    """Show jobs, the newest first."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.app.presentation import job_to_json
        from revenge.infra.jobs import JobListParams

        client = container.client()
        page = await client.list(
            JobListParams(
                states=_states(state), kinds=kind or (), queues=queue or (), tags=tag or (), limit=limit, cursor=cursor
            )
        )
        progress = await client.progress([job.id for job in page.jobs])
        if shell.json:
            jobs = [job_to_json(job, progress.get(job.id)) for job in page.jobs]
            shell.document({"jobs": jobs, "next_cursor": page.next_cursor})
            return
        shell.table(
            ["id", "kind", "queue", "state", "attempt", "progress", "created"],
            [
                [
                    job.id,
                    job.kind,
                    job.queue,
                    job.state.value,
                    f"{job.attempt}/{job.max_attempts}",
                    _percent(progress[job.id].percent) if job.id in progress else None,
                    job.created_at,
                ]
                for job in page.jobs
            ],
            empty="There are no such jobs.",
        )
        if page.next_cursor and shell.console.is_terminal:
            shell.say(f"More: --cursor {page.next_cursor}")

    use(shell, act)


@app.command("show", epilog=EVERYWHERE)
def show(context: typer.Context, id: Id) -> None:
    """Show one job with its arguments, errors, output, progress and what its worker logged."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        client = container.client()
        await _tell(shell, client, await client.get(id))

    use(shell, act)


@app.command("wait", epilog=EVERYWHERE)
def wait(
    context: typer.Context,
    ids: Ids,
    timeout: Annotated[float | None, typer.Option(metavar="S", min=0, help="Give up after so many seconds.")] = None,
) -> None:
    """Follow jobs until they end; the exit code is 1 unless all of them completed."""
    shell = shell_of(context)
    if timeout is not None and not timeout <= LONGEST.total_seconds():
        message = f"--timeout is at most {LONGEST.total_seconds():.0f} seconds, got {timeout}"
        raise typer.BadParameter(message)

    async def act(container: "Container") -> bool:
        return await wait_for(
            shell, container, ids, give_up_after=None if timeout is None else timedelta(seconds=timeout)
        )

    if not use(shell, act):
        raise typer.Exit(1)


@app.command("cancel", epilog=EVERYWHERE)
def cancel(context: typer.Context, ids: Ids) -> None:
    """Cancel jobs: a waiting one at once, a running one as soon as its worker lets go."""

    async def call(client: "Client", job_id: int) -> "JobRow":
        row = await client.cancel(job_id)
        if row.is_final and row.state.value != "cancelled":
            message = f"job {job_id} is {row.state.value} already: there is nothing left to cancel"
            raise Failed(message)
        return row

    _each(context, ids, call)


@app.command("retry", epilog=EVERYWHERE)
def retry(context: typer.Context, ids: Ids) -> None:
    """Make jobs available now: ended ones, and those that wait for their time."""

    async def call(client: "Client", job_id: int) -> "JobRow":
        row = await client.retry(job_id)
        if row.state.value == "running":
            message = f"job {job_id} is being worked: wait for it, or cancel it first"
            raise Failed(message)
        return row

    _each(context, ids, call)


@app.command("delete", epilog=EVERYWHERE)
def delete(context: typer.Context, ids: Ids) -> None:
    """Delete jobs that do not run."""
    _each(context, ids, lambda client, job_id: client.delete(job_id))


@app.command("enqueue", epilog=EVERYWHERE)
def enqueue(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="What kind of job.")],
    args: Annotated[str, typer.Option(metavar="JSON", help="Its arguments, a JSON object.")] = "{}",
    queue: Annotated[str | None, typer.Option(help="Another queue than the kind's own.")] = None,
    priority: Annotated[int | None, typer.Option(min=1, max=4, help="1 is first, 4 last, within the queue.")] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="Not before this RFC 3339 time.")] = None,
    in_: Annotated[str | None, typer.Option("--in", metavar="DURATION", help="Not before 30s, 5m, 1h30m, ...")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; may be given again.")] = None,
    workers: Annotated[
        list[str] | None, typer.Option(metavar="MODULE", help="A module or .py file that defines the kind.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Follow it until it ends.")] = False,
) -> None:
    """Enqueue a job; its kind checks the arguments."""
    shell = shell_of(context)
    found = _object(args)
    if at and in_:
        message = "--at and --in say the same: give one of them"
        raise typer.BadParameter(message)
    delay, due = duration(in_) if in_ else None, moment(at) if at else None

    async def act(container: "Container") -> bool:
        from revenge.app.given_args import read_args
        from revenge.app.known_queues import unknown_queue
        from revenge.app.presentation import job_to_json
        from revenge.app.user_workers import load_workers
        from revenge.infra.jobs import InvalidJob

        registry = container.workers()
        for name in workers or ():
            for worker in load_workers(name):
                registry.add(worker)
        scheduled_at = container.clock().now() + delay if delay is not None else due
        opts = _opts(queue=queue, priority=priority, scheduled_at=scheduled_at, tags=tag)
        if kind not in registry.kinds:
            message = f"there is no kind {kind!r}; kinds are {', '.join(registry.kinds)}; --workers brings your own"
            raise Failed(message)
        checked = read_args(registry.args_type(kind), found)
        try:
            result = await container.client().insert(checked, opts)
        except InvalidJob as error:
            # The options', a tag for instance: what the kind says of the arguments has been asked.
            raise typer.BadParameter(str(error)) from error
        if queue and await unknown_queue(container.client(), queue, settings=shell.settings.jobs.queues) is not None:
            shell.note(f"Nobody serves the queue {queue!r} yet: the job waits for revenge worker --queue {queue}=1")
        if wait:
            return await wait_for(shell, container, [result.job.id], duplicate=result.duplicate)
        if shell.json:
            shell.document({**job_to_json(result.job, None), "duplicate": result.duplicate})
        elif result.duplicate:
            shell.say(f"Job {result.job.id} was there already ({result.job.state}).")
        else:
            shell.say(f"Enqueued job {result.job.id} in queue {result.job.queue}.")
        return True

    if not use(shell, act):
        raise typer.Exit(1)


async def wait_for(
    shell: Shell,
    container: "Container",
    ids: Sequence[int],
    *,
    give_up_after: timedelta | None = None,
    duplicate: bool | None = None,
) -> bool:
    """Follow jobs until they end, show each at its end; return whether all of them completed."""
    from revenge.app.cli.follow import follow_jobs
    from revenge.infra.jobs import JobState

    client = container.client()
    done = await follow_jobs(shell, client, ids, clock=container.clock(), give_up_after=give_up_after)
    for row in done:
        await _tell(shell, client, row, duplicate=duplicate)
    late = [str(job_id) for job_id in ids if job_id not in {row.id for row in done}]
    if late:
        shell.fail(f"still unfinished after {give_up_after}: job {', '.join(late)}")
    return not late and all(row.state is JobState.COMPLETED for row in done)


def _each(context: typer.Context, ids: Sequence[int], call: "Callable[[Client, int], Awaitable[JobRow]]") -> None:
    """Do the same to each job; one that refuses is told and does not keep the others from it."""
    shell = shell_of(context)

    async def act(container: "Container") -> bool:
        from revenge.infra.jobs import JobIsRunning, JobNotFound, UniqueConflict

        client = container.client()
        fine = True
        for each in ids:
            try:
                row = await call(client, each)
            except (Failed, JobNotFound, JobIsRunning, UniqueConflict) as error:
                shell.fail(str(error))
                fine = False
            else:
                await _tell(shell, client, row, brief=True)
        return fine

    if not use(shell, act):
        raise typer.Exit(1)


async def _tell(
    shell: Shell, client: "Client", row: "JobRow", *, brief: bool = False, duplicate: bool | None = None
) -> None:
    from revenge.app.presentation import job_to_json

    shape = job_to_json(row, (await client.progress([row.id])).get(row.id), with_log=True)
    if duplicate is not None:
        shape["duplicate"] = duplicate
    if shell.json:
        shell.lines([shape])
    elif brief:
        shell.say(f"Job {row.id} ({row.kind}): {row.state.value}")
    else:
        logs = shape.pop("log")
        for key, value in shape.items():
            if value not in (None, [], {}):
                shell.say(f"{key:13} {_plain(value)}")
        for entry in logs:
            shell.say(f"\nlog of attempt {entry['attempt']}\n{entry['log'].rstrip()}")


def _plain(value: object) -> str:
    return json_text(value).decode() if isinstance(value, dict | list) else str(value)


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f} %"


def _states(names: Sequence[str] | None) -> list[Any]:
    from revenge.infra.jobs import JobState

    known = [state.value for state in JobState]
    for name in names or ():
        if name not in known:
            message = f"{name!r} is no state of a job; states are {', '.join(known)}"
            raise typer.BadParameter(message)
    return [JobState(name) for name in names or ()]


def _object(text: str) -> dict[str, Any]:
    from revenge.app.given_args import find_unstorable, pointer

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"--args is no JSON: {error}"
        raise typer.BadParameter(message) from None
    if not isinstance(found, dict):
        message = '--args must be a JSON object, such as \'{"movie_id": "..."}\''
        raise typer.BadParameter(message)
    if (wrong := find_unstorable(found)) is not None:
        message = f"--args: {pointer(wrong[0])} {wrong[1]}"
        raise typer.BadParameter(message)
    return found


def _opts(**given: Any) -> "InsertOpts":
    from revenge.infra.jobs import InsertOpts

    return InsertOpts(**given)
