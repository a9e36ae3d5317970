"""Mails, against a real SMTP server."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from revenge.app.events.telling import MailQueue
from revenge.infra.database.connection import Pool
from revenge.infra.jobs import Client, ClientConfig, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import Drained, drain
from revenge.service.mail.errors import SecretInMail
from revenge.service.mail.jobs import MailWorker
from revenge.service.mail.models import Addressee, MailConfig, MailTemplate
from revenge.service.mail.service import MailService, Postman
from revenge.service.mail.transport import SmtpTransport

ADA = uuid7()
ADDRESS = "ada@films.example"


class Box:
    """What an SMTP server took, and what it answers to which command."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to: list[list[str]] = []
        self.rcpt = ["250 OK"]
        self.data = ["250 OK"]
        self.port = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 - aiosmtpd's
        answer = self.rcpt.pop(0) if len(self.rcpt) > 1 else self.rcpt[0]
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's
        answer = self.data.pop(0) if len(self.data) > 1 else self.data[0]
        if answer.startswith("250"):
            self.mails.append(message_from_bytes(envelope.content, policy=default))
            self.to.append(envelope.rcpt_tos)
        return answer


class Directory:
    """Accounts with their addresses; every link is a new one."""

    def __init__(self) -> None:
        self.known: dict[UUID, Addressee] = {ADA: Addressee(address=ADDRESS, name="Ada")}
        self.links: list[str] = []

    async def addressee(self, account_id: UUID, *, template: MailTemplate) -> Addressee | None:
        found = self.known.get(account_id)
        if found is None or not template.has_link:
            return found
        self.links.append(f"https://films.example/reset/{uuid7().hex}")
        return Addressee(address=found.address, name=found.name, link=self.links[-1])


class Post:
    """Everything about mails that one process has."""

    def __init__(self, pool: Pool, config: MailConfig) -> None:
        self.pool = pool
        self.directory = Directory()
        self.counts: Counter[str] = Counter()
        self.service = MailService(jobs=MailQueue(Client(pool)))
        postman = Postman(
            config=config, addressees=self.directory, transport=SmtpTransport(config), clock=SystemClock()
        )
        worker = MailWorker(postman, on_mail=lambda _template, status: self.counts.update([status]))
        self.client = Client(pool, config=ClientConfig(queues={"high": 1}), workers=Workers([worker]))

    async def send(self, template: MailTemplate = MailTemplate.PASSWORD_RESET, account: UUID = ADA) -> int:
        async with self.pool.acquire() as conn, conn.transaction():
            return await self.service.send(conn, template, account)

    async def drain(self) -> Drained:
        return await drain(self.client, with_retries=True, raise_errors=False)


@asynccontextmanager
async def _server(box: Box, **options: Any) -> AsyncIterator[Box]:
    make: Callable[[], SMTP] = lambda: SMTP(box, hostname="localhost", **options)  # noqa: E731 - a factory
    listening = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
    box.port = listening.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    async with _server(Box()) as box:
        yield box


@pytest.fixture
def post(pool: Pool, box: Box) -> Post:
    return Post(pool, _config(box.port))


def _config(port: int, **fields: Any) -> MailConfig:
    local: dict[str, Any] = {"enabled": True, "host": "127.0.0.1", "port": port, "security": "none"}
    return MailConfig(**local | {"from_address": "us@films.example"} | fields)


async def test_mail_is_sent_as_text_and_html_with_its_link(post: Post, box: Box) -> None:
    await post.send()
    assert len((await post.drain()).completed) == 1
    (mail,) = box.mails
    text, html = (part.get_content() for part in mail.iter_parts())
    assert post.directory.links[0] in text
    assert f'href="{post.directory.links[0]}"' in html
    assert (mail["To"], mail["Subject"], mail["From"]) == (
        f"Ada <{ADDRESS}>",
        "[Revenge] A new password",
        "Revenge <us@films.example>",
    )
    assert mail["Message-ID"].endswith("@films.example>")
    assert mail["Date"]
    assert box.to == [[ADDRESS]]


@pytest.mark.parametrize("about", list(MailTemplate))
async def test_every_template_can_be_sent(post: Post, box: Box, about: MailTemplate) -> None:
    await post.send(about)
    assert len((await post.drain()).completed) == 1
    assert box.mails[0].is_multipart()


async def test_row_of_the_job_holds_neither_address_nor_link(post: Post, box: Box, pool: Pool) -> None:
    job_id = await post.send()
    box.data = ["451 later", "250 OK"]
    await post.drain()
    row = str(dict(await pool.fetchrow("SELECT args, metadata, errors FROM river_job WHERE id = $1", job_id) or {}))
    assert len(box.mails) == 1
    assert "later" not in row
    assert ADDRESS not in row
    assert not any(link.rpartition("/")[2] in row for link in post.directory.links)


async def test_mail_of_a_transaction_that_rolls_back_is_never_sent(post: Post, pool: Pool) -> None:
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await post.service.send(conn, MailTemplate.WELCOME, ADA)
        await transaction.rollback()
    assert len(await post.drain()) == 0


@pytest.mark.parametrize("answer", ["550 no such user", "553 no"])
async def test_server_that_says_5xx_is_not_asked_again(post: Post, box: Box, answer: str) -> None:
    box.rcpt = [answer]
    job_id = await post.send()
    drained = await post.drain()
    assert len(drained.cancelled) == len(drained) == 1
    assert f"answered {answer[:3]}" in str((await post.client.get(job_id)).errors)
    assert post.counts == {"failed": 1}


async def test_server_that_says_4xx_is_asked_again_with_a_new_link(post: Post, box: Box) -> None:
    box.rcpt, box.data = ["450 busy", "250 OK"], ["451 later", "250 OK"]
    await post.send()
    drained = await post.drain()
    assert (len(drained.failed), len(drained.completed)) == (2, 1)
    assert len(set(post.directory.links)) == 3
    assert post.directory.links[-1] in box.mails[0].as_string()
    assert post.counts == {"retried": 2, "sent": 1}


async def test_server_that_is_away_is_asked_again(pool: Pool) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        post = Post(pool, _config(closed.getsockname()[1]))
        await post.send()
        drained = await post.drain()
    assert (len(drained.failed), len(drained.discarded)) == (9, 1)


async def test_server_that_speaks_no_smtp_is_asked_again(pool: Pool) -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(garble, "127.0.0.1", 0)
    async with listening:
        post = Post(pool, _config(listening.sockets[0].getsockname()[1]))
        await post.send()
        assert len((await drain(post.client, raise_errors=False)).failed) == 1


async def test_server_without_the_wanted_encryption_gets_no_mail(pool: Pool, box: Box) -> None:
    post = Post(pool, _config(box.port, security="starttls", username="us", password=SecretStr("s3cr3t")))
    job_id = await post.send()
    assert len((await post.drain()).cancelled) == 1
    assert box.mails == []
    assert "s3cr3t" not in str(await post.client.get(job_id))


async def test_switched_off_mail_is_told_so(pool: Pool, box: Box) -> None:
    post = Post(pool, _config(box.port, enabled=False))
    job_id = await post.send()
    assert len((await post.drain()).cancelled) == 1
    assert "email.enabled" in str((await post.client.get(job_id)).errors)


async def test_account_that_is_gone_gets_no_mail(post: Post, box: Box) -> None:
    await post.send(account=uuid7())
    drained = await post.drain()
    assert drained.completed[0].output["status"] == "skipped"
    assert box.mails == []


@pytest.mark.parametrize(
    "address",
    ["a@b.example\r\nBcc: evil@films.example", "a@b.example, evil@films.example", "nobody", "a b@c.example", "@", "a@"],
)
async def test_nothing_can_be_put_into_the_head_by_an_address(post: Post, box: Box, address: str) -> None:
    post.directory.known[ADA] = Addressee(address=address, name="Ada")
    await post.send(MailTemplate.WELCOME)
    assert len((await post.drain()).cancelled) == 1
    assert box.mails == []


async def test_nothing_can_be_put_into_a_mail_by_a_name(post: Post, box: Box) -> None:
    name = 'Ada\r\nBcc: evil@films.example\r\n\r\n<script>alert("x")</script>'
    post.directory.known[ADA] = Addressee(address=ADDRESS, name=name)
    await post.send(MailTemplate.WELCOME)
    await post.drain()
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert box.to == [[ADDRESS]]
    _, html = (part.get_content() for part in mail.iter_parts())
    assert "<script>" not in html


async def test_secrets_are_refused_before_they_reach_a_row(post: Post, pool: Pool) -> None:
    async with pool.acquire() as conn:
        with pytest.raises(SecretInMail):
            await post.service.send(conn, MailTemplate.WELCOME, ADA, {"reset_token": "abc"})
        with pytest.raises(SecretInMail):
            await post.service.send(conn, MailTemplate.WELCOME, ADA, {"link": "https://x.example/?token=abcdef"})
    assert len(await post.drain()) == 0
