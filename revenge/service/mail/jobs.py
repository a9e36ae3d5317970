"""The job that sends a mail."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from revenge.infra.jobs import Cancel, ExponentialRetry, InsertOpts, Job, JobArgs, Queue, Worker, omitempty
from revenge.service.mail.errors import MailNotTaken, MailRefused
from revenge.service.mail.models import MailTemplate, OutgoingMail
from revenge.service.mail.service import Postman


class MailArgs(JobArgs, kind="mail"):
    """A mail to an account: neither its address nor its link is in the row."""

    mail_id: UUID
    template: MailTemplate
    account_id: UUID
    data: dict[str, Any] = omitempty(factory=dict)

    insert_opts: ClassVar[InsertOpts] = InsertOpts(queue=Queue.HIGH, max_attempts=10)


class MailWorker(Worker[MailArgs]):
    """Sends mails; ten attempts span some six hours."""

    timeout = timedelta(minutes=2)
    retry_policy = ExponentialRetry(initial=timedelta(seconds=30), multiplier=2.5, longest=timedelta(hours=1))
    phases: Mapping[str, float] = {"sending": 1}

    def __init__(self, postman: Postman, *, on_mail: Callable[[str, str], None]) -> None:
        self._postman = postman
        self._on_mail = on_mail

    async def work(self, job: Job[MailArgs]) -> dict[str, Any] | Cancel:
        """Send it, and return whether there was somebody to send it to."""
        args = job.args
        mail = OutgoingMail(id=args.mail_id, template=args.template, account_id=args.account_id, data=args.data)
        job.report_progress(phase="sending", current=0, total=1)
        try:
            is_sent = await self._postman.deliver(mail, attempt=job.attempt)
        except MailRefused as reason:
            self._on_mail(args.template, "failed")
            return Cancel(str(reason))
        except MailNotTaken:
            self._on_mail(args.template, "failed" if job.attempt >= job.max_attempts else "retried")
            raise
        job.report_progress(phase="sending", current=1, total=1)
        self._on_mail(args.template, "sent" if is_sent else "skipped")
        return {"status": "sent"} if is_sent else {"status": "skipped", "reason": "nobody is to have it any more"}
