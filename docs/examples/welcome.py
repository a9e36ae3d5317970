"""What docs/testing.md tests: a service that signs people up, and the mails that it lets be sent in the background."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from revenge.infra.jobs import UNFINISHED, Cancel, Client, InsertOpts, Job, JobArgs, Snooze, UniqueOpts, Worker


class Busy(Exception):
    """The mail server asks for patience."""


class Mailer(Protocol):
    """What the worker needs of the mail server."""

    async def send(self, address: str, text: str) -> str:
        """Return the message's id."""
        ...


class MailArgs(JobArgs, kind="mail"):
    """A mail to send; never two of the same at once."""

    address: str
    text: str
    insert_opts = InsertOpts(queue="mail", unique=UniqueOpts(by_args=True, by_state=UNFINISHED))


class MailWorker(Worker[MailArgs]):
    """Sends it."""

    timeout = timedelta(seconds=30)
    phases: Mapping[str, float] = MappingProxyType({"sending": 1})

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer

    async def work(self, job: Job[MailArgs]) -> dict[str, str] | Snooze | Cancel:
        """Return the message's id, which becomes the job's output."""
        if "@" not in job.args.address:
            return Cancel(f"{job.args.address!r} is no address")
        job.report_progress(phase="sending", message=job.args.address)
        try:
            message_id = await self._mailer.send(job.args.address, job.args.text)
        except Busy:
            return Snooze(timedelta(minutes=5))
        return {"message_id": message_id}


class SignUp:
    """Signs people up."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def sign_up(self, address: str, *, now: datetime) -> None:
        """Greet somebody now, and once more in a week."""
        await self._client.insert(MailArgs(address=address, text="welcome"))
        later = InsertOpts(scheduled_at=now + timedelta(days=7), tags=["reminder"])
        await self._client.insert(MailArgs(address=address, text="still there?"), later)
