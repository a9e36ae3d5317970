"""``revenge bench``: what this machine does; the measurements live in ``app/bench``."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from revenge.app.cli.session import use
from revenge.app.cli.shell import EVERYWHERE, HELP, Shell, shell_of

if TYPE_CHECKING:
    from revenge.app.bench.ground import Ground
    from revenge.app.container import Container

app = typer.Typer(help="Measure what this machine does.", context_settings=HELP)

Jobs = Annotated[int, typer.Option("--n", min=1, help="How many jobs.")]
Slots = Annotated[int, typer.Option("--workers", min=1, max=10_000, help="How many run at once.")]
Seconds = Annotated[int, typer.Option("--seconds", min=1, help="How long to look.")]


@app.command(epilog=EVERYWHERE)
def drain(
    context: typer.Context,
    n: Jobs = 200_000,
    workers: Slots = 2000,
    lean: Annotated[bool, typer.Option("--lean", help="Without River's indexes that no engine reads.")] = False,
) -> None:
    """Work N jobs that do nothing, inserted before, in one queue."""
    from revenge.app.bench import throughput

    _measure(context, lambda ground: throughput.drain(ground, n=n, workers=workers, lean=lean))


@app.command(epilog=EVERYWHERE)
def bigtable(
    context: typer.Context,
    n: Annotated[int, typer.Option("--n", min=1000, help="How many finished rows; a tenth as many wait.")] = 1_000_000,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="How many jobs are worked in each round.")] = 50_000,
    workers: Slots = 2000,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="How many rounds, each on both tables.")] = 3,
) -> None:
    """Work jobs on an empty table and on a large one in turn."""
    from revenge.app.bench import bigtable as measurement

    shell = shell_of(context)

    async def act(container: "Container") -> dict[str, Any]:
        from revenge.app.bench.ground import ground

        async with ground(container.database()) as empty, ground(container.database()) as big:
            return await measurement.bigtable(empty, big, n=n, jobs=jobs, workers=workers, rounds=rounds)

    _show(shell, use(shell, act))


@app.command(epilog=EVERYWHERE)
def default5(context: typer.Context, n: Jobs = 5000) -> None:
    """Work N jobs that do nothing, spread over the five tiers at their default sizes."""
    from revenge.app.bench import throughput

    _measure(context, lambda ground: throughput.default5(ground, n=n))


@app.command(epilog=EVERYWHERE)
def insert(context: typer.Context, n: Jobs = 100_000) -> None:
    """Insert N jobs in batches of 1,000, returned and by COPY."""
    from revenge.app.bench import throughput

    _measure(context, lambda ground: throughput.insert(ground, n=n))


@app.command(epilog=EVERYWHERE)
def latency(context: typer.Context, n: Jobs = 3000, workers: Slots = 50) -> None:
    """Insert N single jobs at 300 a second; how long from commit to start."""
    from revenge.app.bench import delay

    _measure(context, lambda ground: delay.latency(ground, n=n, workers=workers))


@app.command(epilog=EVERYWHERE)
def steady(context: typer.Context, seconds: Seconds = 5, workers: Slots = 100) -> None:
    """Insert single jobs as fast as they are worked, then at 80 % of that rate; how long from commit to start."""
    from revenge.app.bench import delay

    _measure(context, lambda ground: delay.steady(ground, seconds=seconds, workers=workers))


@app.command(epilog=EVERYWHERE)
def idle(context: typer.Context, n: Jobs = 100, workers: Slots = 50) -> None:
    """Insert one job at a time into an idle system; how long from insert to start."""
    from revenge.app.bench import delay

    _measure(context, lambda ground: delay.idle(ground, n=n, workers=workers))


@app.command(epilog=EVERYWHERE)
def quiet(context: typer.Context, seconds: Seconds = 60) -> None:
    """Do nothing; how many transactions a second an idle node costs."""
    from revenge.app.bench import delay

    _measure(context, lambda ground: delay.quiet(ground, seconds=seconds))


@app.command(epilog=EVERYWHERE)
def parse(
    context: typer.Context, n: Annotated[int, typer.Option("--n", min=1, help="How many names.")] = 50_000
) -> None:
    """Read N file names on one core."""
    from revenge.app.bench import names

    _show(shell_of(context), names.parse(n=n))


@app.command(epilog=EVERYWHERE)
def scan(
    context: typer.Context, files: Annotated[int, typer.Option("--files", min=1, help="How many files.")] = 100_000
) -> None:
    """Scan a tree of sparse files for the first time and again, probing off."""
    from revenge.app.bench import libraries

    shell = shell_of(context)
    _show(shell, use(shell, lambda container: libraries.scan(container, files=files)))


@app.command(epilog=EVERYWHERE)
def walk(
    context: typer.Context, files: Annotated[int, typer.Option("--files", min=1, help="How many files.")] = 100_000
) -> None:
    """Walk a tree of sparse files, beside find."""
    from revenge.app.bench import libraries

    _show(shell_of(context), libraries.walk(files=files))


@app.command(epilog=EVERYWHERE)
def probe(
    context: typer.Context,
    files: Annotated[int, typer.Option("--files", min=1, max=1000, help="How many files.")] = 200,
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="How many are read at once.")] = 2,
) -> None:
    """Read what is in real video files."""
    import asyncio

    from revenge.app.bench import libraries

    _show(shell_of(context), asyncio.run(libraries.probe(files=files, processes=processes)))


def _measure(context: typer.Context, measure: "Callable[[Ground], Awaitable[dict[str, Any]]]") -> None:
    shell = shell_of(context)

    async def act(container: "Container") -> dict[str, Any]:
        from revenge.app.bench.ground import ground
        from revenge.app.process import settle_heap

        # As a process that works jobs does when it starts.
        await settle_heap()
        async with ground(container.database()) as place:
            return await measure(place)

    _show(shell, use(shell, act))


def _show(shell: Shell, figures: dict[str, Any]) -> None:
    if shell.json:
        shell.document(figures)
    else:
        shell.table(["figure", "value"], [[name, str(value)] for name, value in figures.items()], empty="")
