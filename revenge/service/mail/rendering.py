"""From a template to a mail, as text and as HTML."""

from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from revenge.service.mail.errors import MailRefused
from revenge.service.mail.models import SUBJECTS, Addressee, MailConfig, MailTemplate

if TYPE_CHECKING:
    from jinja2 import Environment

_LONGEST_NAME = 100


def render(
    template: MailTemplate,
    to: Addressee,
    *,
    data: Mapping[str, Any],
    mail_id: UUID,
    attempt: int,
    now: datetime,
    config: MailConfig,
) -> EmailMessage:
    """Return the mail, ready to send.

    Raises:
        MailRefused: the address is none.
    """
    context = {
        "name": _one_line(to.name or ""),
        "link": to.link,
        "server": config.from_name,
        "base_url": config.base_url,
        "data": data,
    }
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"[{_one_line(config.from_name)}] {SUBJECTS[template]}"
    message["From"] = _address(config.from_address, config.from_name)
    message["To"] = _address(to.address, to.name or "")
    message["Date"] = format_datetime(now)
    # Of the try and not of the mail: another try has another link, and must not be taken for the same mail.
    domain = config.from_address.rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{mail_id}.{attempt}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_templates().get_template(f"{template}.txt").render(context))
    message.add_alternative(_templates().get_template(f"{template}.html").render(context), subtype="html")
    return message


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    # HTML alone is escaped: what a template of text shows is text.
    return Environment(
        loader=PackageLoader("revenge.service.mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _address(address: str, name: str) -> Address:
    # The parser of headers would read "a@b, c@d" as two: what holds a line's end or a space is no address.
    if not address.isprintable() or " " in address or address.count("@") != 1:
        message = "the address is none"
        raise MailRefused(message)
    try:
        return Address(_one_line(name), addr_spec=address)
    except (ValueError, IndexError, MessageError):
        message = "the address is none"
        raise MailRefused(message) from None


def _one_line(text: str) -> str:
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:_LONGEST_NAME]
