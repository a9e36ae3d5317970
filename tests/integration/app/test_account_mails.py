"""A forgotten password and an address that is to be checked: from the request to the link in the mail, and back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx2
import pytest

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
from revenge.service.auth.errors import LoginRefused
from revenge.service.auth.models import Account, Actor, Caller, NewAccount
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
AUTH = "/api/v1/auth"


@dataclass
class Mailbox:
    """A server that takes every mail."""

    mails: list[EmailMessage] = field(default_factory=list)

    async def send(self, message: EmailMessage) -> None:
        self.mails.append(message)

    def token(self) -> str:
        """Return what the newest mail's link brings."""
        body = self.mails[-1].get_body(("plain",))
        assert body is not None
        link = next(line for line in body.get_content().splitlines() if line.startswith("https://"))
        return str(urlsplit(link).fragment.partition("=")[2])


class House:
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


@pytest.fixture
def house(pool: Pool) -> House:
    return House(pool)


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without any key."""
    transport = httpx2.ASGITransport(house.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_forgotten_password_is_replaced_with_the_link_of_the_mail(house: House, http: httpx2.AsyncClient) -> None:
    await house.ada()
    assert (await http.post(f"{AUTH}/password-reset", json={"username": "ADA"})).status_code == 202
    await house.deliver()
    new = {"token": house.box.token(), "password": "her second password"}
    assert (await http.post(f"{AUTH}/password-reset/confirm", json=new)).status_code == 204
    await house.sessions.login("ada", "her second password", caller=Caller())
    with pytest.raises(LoginRefused):
        await house.sessions.login("ada", "her first password", caller=Caller())
    assert (await http.post(f"{AUTH}/password-reset/confirm", json=new)).status_code == 422  # it works once
    await house.deliver()
    assert [mail["Subject"] for mail in house.box.mails] == [
        "[Revenge] A new password",
        "[Revenge] Your password was changed",
    ]


async def test_nobody_is_told_whether_there_is_an_account(house: House, http: httpx2.AsyncClient) -> None:
    await house.ada()
    answers = [await http.post(f"{AUTH}/password-reset", json={"username": name}) for name in ("ada", "bob")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2


async def test_mailbox_is_not_filled_by_whoever_asks_again_and_again(house: House, http: httpx2.AsyncClient) -> None:
    await house.ada()
    for _ in range(5):
        await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
        await house.deliver()
    assert len(house.box.mails) <= 2  # a window of time may end in between


async def test_banned_account_gets_no_link_and_an_old_one_works_no_more(house: House, http: httpx2.AsyncClient) -> None:
    other = NewAccount(username="root", password="another password", is_admin=True)
    await house.accounts.create(other, actor=SOMEBODY)
    ada = await house.ada()
    await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
    await house.deliver()
    await house.accounts.update(ada.id, {"is_active": False}, actor=SOMEBODY)
    new = {"token": house.box.token(), "password": "her second password"}
    assert (await http.post(f"{AUTH}/password-reset/confirm", json=new)).status_code == 422
    await house.mails.ask_reset("ada")
    await house.deliver()
    assert len(house.box.mails) == 1


async def test_link_of_an_address_that_is_no_longer_hers_is_no_proof(house: House, http: httpx2.AsyncClient) -> None:
    ada = await house.ada()
    await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
    await house.mails.ask_verification(ada.id)
    await house.deliver()
    await house.accounts.update(ada.id, {"email": "ada@elsewhere.example"}, actor=SOMEBODY)
    token = house.box.token()
    assert (await http.post(f"{AUTH}/email-verification/confirm", json={"token": token})).status_code == 422


async def test_address_is_checked_by_its_link(house: House, http: httpx2.AsyncClient) -> None:
    ada = await house.ada()
    await house.mails.ask_verification(ada.id)
    await house.deliver()
    token = {"token": house.box.token()}
    assert (await http.post(f"{AUTH}/email-verification/confirm", json=token)).status_code == 204
    assert (await house.accounts.get(ada.id)).email_verified_at is not None
    assert (await http.post(f"{AUTH}/email-verification/confirm", json=token)).status_code == 422
    assert (await http.post(f"{AUTH}/email-verification")).status_code == 401  # for accounts alone


async def test_no_token_reaches_a_row_of_the_queue(house: House, pool: Pool, http: httpx2.AsyncClient) -> None:
    await house.ada()
    await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
    await house.deliver()
    rows = str([dict(row) for row in await pool.fetch("SELECT args, metadata, errors FROM river_job")])
    assert house.box.token() not in rows
    assert "ada@films.example" not in rows
