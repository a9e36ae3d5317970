"""A forgotten password and an address that is to be checked: from the request to the link in the mail, and back."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from revenge.infra.database.connection import Pool
from revenge.service.auth.errors import LoginRefused
from revenge.service.auth.models import Caller, NewAccount
from tests.fakes.account_house import SOMEBODY, AccountHouse

AUTH = "/api/v1/auth"


@pytest.fixture
def house(pool: Pool) -> AccountHouse:
    return AccountHouse(pool)


@pytest.fixture
async def http(house: AccountHouse) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody without any key."""
    transport = httpx2.ASGITransport(house.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


async def test_forgotten_password_is_replaced_with_the_link_of_the_mail(
    house: AccountHouse, http: httpx2.AsyncClient
) -> None:
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


async def test_nobody_is_told_whether_there_is_an_account(house: AccountHouse, http: httpx2.AsyncClient) -> None:
    await house.ada()
    answers = [await http.post(f"{AUTH}/password-reset", json={"username": name}) for name in ("ada", "bob")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2


async def test_mailbox_is_not_filled_by_whoever_asks_again_and_again(
    house: AccountHouse, http: httpx2.AsyncClient
) -> None:
    await house.ada()
    for _ in range(5):
        await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
        await house.deliver()
    assert len(house.box.mails) <= 2  # a window of time may end in between


async def test_banned_account_gets_no_link_and_an_old_one_works_no_more(
    house: AccountHouse, http: httpx2.AsyncClient
) -> None:
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


async def test_link_of_an_address_that_is_no_longer_hers_is_no_proof(
    house: AccountHouse, http: httpx2.AsyncClient
) -> None:
    ada = await house.ada()
    await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
    await house.mails.ask_verification(ada.id)
    await house.deliver()
    await house.accounts.update(ada.id, {"email": "ada@elsewhere.example"}, actor=SOMEBODY)
    token = house.box.token()
    assert (await http.post(f"{AUTH}/email-verification/confirm", json={"token": token})).status_code == 422


async def test_address_is_checked_by_its_link(house: AccountHouse, http: httpx2.AsyncClient) -> None:
    ada = await house.ada()
    await house.mails.ask_verification(ada.id)
    await house.deliver()
    token = {"token": house.box.token()}
    assert (await http.post(f"{AUTH}/email-verification/confirm", json=token)).status_code == 204
    assert (await house.accounts.get(ada.id)).email_verified_at is not None
    assert (await http.post(f"{AUTH}/email-verification/confirm", json=token)).status_code == 422
    assert (await http.post(f"{AUTH}/email-verification")).status_code == 401  # for accounts alone


async def test_no_token_reaches_a_row_of_the_queue(house: AccountHouse, pool: Pool, http: httpx2.AsyncClient) -> None:
    await house.ada()
    await http.post(f"{AUTH}/password-reset", json={"username": "ada"})
    await house.deliver()
    rows = str([dict(row) for row in await pool.fetch("SELECT args, metadata, errors FROM river_job")])
    assert house.box.token() not in rows
    assert "ada@films.example" not in rows
