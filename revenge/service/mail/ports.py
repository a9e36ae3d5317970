"""What mails need of others."""

from email.message import EmailMessage
from typing import Protocol
from uuid import UUID

from revenge.infra.database.connection import Connection
from revenge.service.mail.models import Addressee, MailTemplate, OutgoingMail


class Addressees(Protocol):
    """Knows the accounts' addresses, and makes links that work once."""

    async def addressee(self, account_id: UUID, *, template: MailTemplate) -> Addressee | None:
        """Return to whom a mail goes, with a new link where ``template.has_link``; None where nobody is to have it any more.

        A mail that has to be tried again asks again, so that an earlier link may stop working.
        """
        ...


class MailJobs(Protocol):
    """The queue, as far as mails need it; ``conn`` is in the caller's transaction."""

    async def enqueue(self, conn: Connection, mail: OutgoingMail) -> int:
        """Insert the job that sends ``mail``, and return its id."""
        ...


class Transport(Protocol):
    """Hands mails to a server."""

    async def send(self, message: EmailMessage) -> None:
        """Send it; once this returns the server has taken it.

        Raises:
            MailRefused: for good.
            MailNotTaken: worth another attempt.
        """
        ...
