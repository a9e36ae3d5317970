"""Hands mails to an SMTP server."""

import ssl
from email.message import EmailMessage

import aiosmtplib

from revenge.service.mail.errors import MailNotTaken, MailRefused
from revenge.service.mail.models import MailConfig


class SmtpTransport:
    """One connection for each mail: they are few, and a server forgets idle ones."""

    def __init__(self, config: MailConfig) -> None:
        self._config = config

    async def send(self, message: EmailMessage) -> None:
        """Send it; once this returns the server has taken it.

        Raises:
            MailRefused: the server answered 5xx, wants no TLS, or its certificate is wrong.
            MailNotTaken: it could not be reached, was too slow, broke off, or answered 4xx.
        """
        config = self._config
        # Without context: what these say may hold the address.
        try:
            await aiosmtplib.send(
                message,
                hostname=config.host,
                port=config.port,
                username=config.username,
                password=config.password.get_secret_value() if config.password else None,
                use_tls=config.security == "tls",
                start_tls=config.security == "starttls",
                validate_certs=config.verify,
                timeout=config.timeout.total_seconds(),
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _verdict(error.recipients[0].code, "the receiver") from None
        except aiosmtplib.SMTPResponseException as error:
            raise _verdict(error.code, type(error).__name__.removeprefix("SMTP").removesuffix("Error")) from None
        except ssl.SSLCertVerificationError:
            reason = "the mail server's certificate is not to be trusted: see email.smtp.verify"
            raise MailRefused(reason) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # The root itself is raised where the server lacks STARTTLS or every way to log in.
            if type(error) in (aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported):
                reason = f"the mail server does not offer what is set: security {config.security}, or a login"
                raise MailRefused(reason) from None
            reason = f"the mail server could not be reached, or broke off ({type(error).__name__})"
            raise MailNotTaken(reason) from None


def _verdict(code: int, what: str) -> MailRefused | MailNotTaken:
    reason = f"the mail server answered {code} ({what})"
    return MailRefused(reason) if 500 <= code < 600 else MailNotTaken(reason)
