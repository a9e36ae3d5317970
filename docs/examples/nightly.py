"""What docs/unique-jobs.md and docs/periodic-jobs.md show: a report each night, and one import a file at a time."""

from datetime import timedelta

from revenge.infra.jobs import (
    UNFINISHED,
    Client,
    Cron,
    Every,
    InsertOpts,
    Job,
    JobArgs,
    MissedPolicy,
    PeriodicJob,
    UniqueOpts,
    Worker,
    Workers,
)
from revenge.infra.jobs.store import Pool


class ImportArgs(JobArgs, kind="import_file"):
    path: str
    force: bool = False
    insert_opts = InsertOpts(unique=UniqueOpts(by_args=["path"], by_state=UNFINISHED))


class ImportWorker(Worker[ImportArgs]):
    async def work(self, job: Job[ImportArgs]) -> None:
        """Read the file, in a real one."""


class ReportArgs(JobArgs, kind="nightly_report"):
    pass


class ReportWorker(Worker[ReportArgs]):
    async def work(self, job: Job[ReportArgs]) -> None:
        """Write the report, in a real one."""


NIGHTLY = PeriodicJob(
    "nightly-report",
    Cron("30 3 * * *", zone="Europe/Berlin"),
    ReportArgs(),
    missed=MissedPolicy.ONCE,
)
INBOX = PeriodicJob("inbox", Every(timedelta(minutes=5)), ImportArgs(path="/srv/inbox"), run_on_start=True)


def make_client(pool: Pool) -> Client:
    """Return a client that works both kinds and keeps both schedules."""
    return Client(pool, workers=Workers([ImportWorker(), ReportWorker()]), periodic=[NIGHTLY, INBOX])


async def import_file(client: Client, path: str) -> int:
    """Import a file; return the job that does it, which may be there already."""
    result = await client.insert(ImportArgs(path=path))
    if result.duplicate:
        print(f"job {result.job.id} is at it already")
    return result.job.id


async def report_once_a_day(client: Client) -> bool:
    """Ask for today's report; return whether it was new."""
    today = UniqueOpts(by_period=timedelta(days=1))
    result = await client.insert(ReportArgs(), InsertOpts(unique=today))
    return not result.duplicate


async def take_a_break(client: Client) -> None:
    """Leave the nights out, ask for one report all the same, and look when the next one is planned."""
    await client.periodic.pause("nightly-report")
    await client.periodic.request_run("nightly-report")
    for schedule in await client.periodic.list():
        print(schedule.id, schedule.last_run_at, schedule.next_run_at)
