"""Takes mails to be sent, and sends them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Connection
from revenge.infra.jobs.clock import Clock
from revenge.infra.telemetry.secrets import mask
from revenge.service.mail.errors import MailRefused, SecretInMail
from revenge.service.mail.models import MailConfig, MailTemplate, OutgoingMail
from revenge.service.mail.ports import Addressees, MailJobs, Transport
from revenge.service.mail.rendering import render


class MailService:
    """What others ask for a mail: it becomes a job in their transaction."""

    def __init__(self, *, jobs: MailJobs) -> None:
        self._jobs = jobs

    async def send(
        self, conn: Connection, template: MailTemplate, account_id: UUID, data: Mapping[str, Any] | None = None
    ) -> int:
        """Let an account have a mail once the caller's transaction commits; return the job's id.

        Raises:
            SecretInMail: ``data`` holds what looks like a secret.
        """
        data = data or {}
        for name, value in data.items():
            if mask(value, key=name) != value:
                raise SecretInMail(name)
        return await self._jobs.enqueue(
            conn, OutgoingMail(id=uuid7(), template=template, account_id=account_id, data=data)
        )


class Postman:
    """Sends what was asked for."""

    def __init__(self, *, config: MailConfig, addressees: Addressees, transport: Transport, clock: Clock) -> None:
        self._config = config
        self._addressees = addressees
        self._transport = transport
        self._clock = clock

    async def deliver(self, mail: OutgoingMail, *, attempt: int) -> bool:
        """Send a mail; return whether there was somebody to send it to.

        Raises:
            MailRefused: for good: mail is switched off, the address is none, the server refused it.
            MailNotTaken: worth another attempt.
        """
        if not self._config.enabled:
            reason = "mail is switched off: email.enabled is false"
            raise MailRefused(reason)
        to = await self._addressees.addressee(mail.account_id, template=mail.template)
        if to is None:
            return False
        if mail.template.has_link and to.link is None:
            reason = f"a mail of the template {mail.template} is worth nothing without its link"
            raise MailRefused(reason)
        message = render(
            mail.template,
            to,
            data=mail.data,
            mail_id=mail.id,
            attempt=attempt,
            now=self._clock.now(),
            config=self._config,
        )
        await self._transport.send(message)
        return True
