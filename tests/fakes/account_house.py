"""Accounts, the server in front of them, and a mailbox that takes what they are sent."""

from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlsplit

from revenge.app.account_mails import AccountAddressees, AccountMails
from revenge.app.events.telling import MailQueue
from revenge.app.http.account_services import AccountServices
from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices
from revenge.infra.database.connection import Pool
from revenge.infra.jobs import Client, ClientConfig, Workers
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.testing import drain
from revenge.service.auth.accounts import AccountService
from revenge.service.auth.api_keys import ApiKeyService
from revenge.service.auth.config import AuthConfig
from revenge.service.auth.models import Account, Actor, NewAccount
from revenge.service.auth.once import OnceTokens
from revenge.service.auth.passwords import Argon2Passwords
from revenge.service.auth.permissions import PermissionService
from revenge.service.auth.sessions import SessionService
from revenge.service.mail.jobs import MailWorker
from revenge.service.mail.models import MailConfig
from revenge.service.mail.service import MailService, Postman
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness

SOMEBODY = Actor(username="test")


@dataclass
class Mailbox:
    """A server that takes every mail."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def send(self, message: EmailMessage) -> None:
        self.mails.append(message)

    def link(self) -> str:
        """Return the newest mail's link."""
        body = self.mails[-1].get_body(("plain",))
        assert body is not None
        return str(next(line for line in body.get_content().splitlines() if line.startswith("https://")))

    def token(self) -> str:
        """Return what the newest mail's link brings."""
        return str(urlsplit(self.link()).fragment.partition("=")[2])


class AccountHouse:
    """Accounts, their mails, and the server in front of them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.box = Mailbox()
        passwords, config = Argon2Passwords(), AuthConfig()
        self.accounts = AccountService(pool, passwords=passwords)
        self.sessions = SessionService(pool, passwords=passwords, config=config)
        tokens = OnceTokens(pool)
        self.mails = AccountMails(
            pool, accounts=self.accounts, tokens=tokens, mails=MailService(jobs=MailQueue(Client(pool)))
        )
        postman = Postman(
            config=MailConfig(enabled=True),
            addressees=AccountAddressees(self.accounts, tokens=tokens, base_url="https://films.example"),
            transport=self.box,
            clock=SystemClock(),
        )
        self.client = Client(
            pool,
            config=ClientConfig(queues={"high": 1}),
            workers=Workers([MailWorker(postman, on_mail=lambda _template, _status: None)]),
        )
        jobs = FakeJobs()
        services = ApiServices(
            client=jobs,
            libraries=FakeLibraries(jobs),
            readiness=FakeReadiness(),
            metrics=FakeMetrics(),
            view=VIEW,
            accounts=AccountServices(
                accounts=self.accounts,
                sessions=self.sessions,
                keys=ApiKeyService(pool, config=config),
                permissions=PermissionService(pool),
                mails=self.mails,
            ),
        )
        self.app = create_app(services, config=HttpConfig(api_key="a-key-that-nobody-guesses"))

    async def ada(self) -> Account:
        """Make an account with an address."""
        wanted = NewAccount(username="ada", password="her first password", email="ada@films.example", is_admin=True)
        return await self.accounts.create(wanted, actor=SOMEBODY)

    async def deliver(self) -> None:
        """Send what is to be sent."""
        await drain(self.client)
