"""Following jobs on a terminal: a bar each, or a line now and then where there is no terminal."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from revenge.app.cli.shell import Shell, visible
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.models import JobRow
from revenge.infra.jobs.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

FIRST_LOOK = timedelta(milliseconds=20)
"""Many jobs end at once; nobody should wait for the next look then."""
LAST_LOOK = timedelta(milliseconds=250)
"""Nodes write progress once a second: looking more often shows nothing new, later feels slow at the end."""
PLAIN_EVERY = timedelta(seconds=5)
"""Without a terminal: a line at each new phase and state, and so often in between while numbers move."""


class Jobs(Protocol):
    """What following needs of the engine's client."""

    async def get(self, job_id: int, /) -> JobRow:
        """Return the job."""

    async def progress(self, job_ids: Sequence[int], /) -> Mapping[int, Progress]:
        """Return the newest reports."""


async def follow_jobs(
    shell: Shell,
    jobs: Jobs,
    ids: Sequence[int],
    *,
    clock: Clock,
    give_up_after: timedelta | None = None,
    name: str | None = None,
    ending: Callable[[JobRow], Awaitable[str]] | None = None,
) -> list[JobRow]:
    """Show how far jobs are until they have ended, or ``give_up_after`` is over; return those that have, as they did.

    ``ending`` says in a word how a job's work ended where that is more than the job's state.

    Raises:
        JobNotFound: one of them is not there.
    """
    waiting = list(dict.fromkeys(ids))
    done: list[JobRow] = []
    deadline = None if give_up_after is None else clock.monotonic() + give_up_after.total_seconds()
    pause = FIRST_LOOK
    with JobBars(shell.progress_console, clock=clock) as bars:
        while True:
            progress = await jobs.progress(waiting)
            for row in [await jobs.get(job_id) for job_id in waiting]:
                ended = await ending(row) if ending is not None and row.is_final else row.state.value
                bars.show(row, progress.get(row.id), name=name, state=ended)
                if row.is_final:
                    waiting.remove(row.id)
                    done.append(row)
            left = None if deadline is None else timedelta(seconds=deadline - clock.monotonic())
            if not waiting or (left is not None and left <= timedelta(0)):
                return done
            await clock.sleep(pause if left is None else min(pause, left))
            pause = min(pause * 2, LAST_LOOK)


class JobBars:
    """Live bars on a terminal, plain lines elsewhere."""

    def __init__(self, console: "Console", *, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._stack = ExitStack()
        self._bars: Any = None
        self._tasks: dict[int, Any] = {}
        self._told: dict[int, tuple[str, str, float]] = {}

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.progress import BarColumn, Progress, TextColumn

            self._bars = self._stack.enter_context(
                Progress(
                    TextColumn("{task.fields[name]}", style="bold", markup=False),
                    TextColumn("{task.fields[phase]}", markup=False),
                    BarColumn(bar_width=None),
                    TextColumn("{task.fields[numbers]}", markup=False),
                    TextColumn("{task.fields[message]}", style="dim", markup=False),
                    console=self._console,
                    expand=True,
                )
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def show(
        self, row: JobRow, progress: Progress | None, *, name: str | None = None, state: str | None = None
    ) -> None:
        """Show one job as it is now; ``state`` is said instead of its own."""
        phase = visible(progress.phase) if progress and not row.is_final else state or row.state.value
        numbers = "" if progress is None else describe(progress)
        name = visible(name or f"{row.kind} {row.id}")
        if self._bars is None:
            self._tell(row.id, f"{name}: {phase}", numbers)
            return
        if row.id not in self._tasks:
            self._tasks[row.id] = self._bars.add_task("", total=None, name=name, phase="", numbers="", message="")
        percent = 100.0 if row.state.value == "completed" else (progress.percent if progress else None)
        self._bars.update(
            self._tasks[row.id],
            total=None if percent is None else 100.0,
            completed=percent or 0.0,
            phase=phase,
            numbers=numbers,
            message=_short(visible(progress.message)) if progress and not row.is_final else "",
        )

    def _tell(self, job_id: int, state: str, numbers: str) -> None:
        now = self._clock.monotonic()
        last_state, last_numbers, at = self._told.get(job_id, ("", "", 0.0))
        moved = numbers != last_numbers and now - at >= PLAIN_EVERY.total_seconds()
        if state == last_state and not moved:
            return
        self._told[job_id] = (state, numbers, now)
        self._console.print(" ".join(filter(None, (state, numbers))), markup=False, soft_wrap=True)


def describe(progress: Progress) -> str:
    """Return the numbers of a report for people: ``120/200, 31.5/s, 3 s left``."""
    count = f"{progress.current:,}" if progress.total is None else f"{progress.current:,}/{progress.total:,}"
    rate = f"{progress.rate_per_s:,.0f}/s" if progress.rate_per_s else ""
    left = f"{timedelta(seconds=round(progress.eta_s))} left" if progress.eta_s else ""
    return ", ".join(filter(None, (count, rate, left)))


def _short(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else f"...{text[3 - limit :]}"
