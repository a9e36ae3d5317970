"""Logins and what an attacker would try with them."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from revenge.service.auth.errors import (
    InvalidAccount,
    LoginRefused,
    SessionNotFound,
    TokenRefused,
    TooManyLogins,
    WrongPassword,
)
from revenge.service.auth.models import Caller
from tests.integration.service.auth.conftest import ACTOR, CALLER, PASSWORD, Accounts


async def test_login_gives_a_token_that_tells_whose_it_is(world: Accounts) -> None:
    account = await world.account(is_admin=True)
    login = await world.login("ADA")
    identity = await world.sessions.identify(login.token)
    assert identity is not None
    assert (identity.account_id, identity.username, identity.is_admin) == (account.id, "ada", True)
    assert identity.session_id == login.session_id
    assert (await world.accounts.get(account.id)).last_login_at is not None
    assert world.heard.actions == ["user.create", "user.login"]


async def test_no_token_is_ever_stored(world: Accounts) -> None:
    await world.account()
    login = await world.login()
    key = await world.keys.create(login.account.id, "backup", actor=ACTOR)
    rows = [
        str(row)
        for table in ("account", "session", "account_token", "failed_login")
        for row in await world.pool.fetch(f"SELECT to_jsonb(t)::text AS row FROM revenge.{table} AS t")
    ]
    for secret in (login.token, login.refresh_token, key.text, PASSWORD):
        assert not any(secret in row or secret[4:] in row for row in rows)


async def test_unknown_names_cost_as_much_as_known_ones(world: Accounts) -> None:
    await world.account()
    await world.account("nopassword", password=None)
    for username in ("ada", "nobody", "nopassword"):
        with pytest.raises(LoginRefused) as refused:
            await world.login(username, "wrong password")
        assert str(refused.value) == "the name or the password is wrong"
    assert world.passwords.verified == [True, False, False]
    assert world.heard.actions[2:] == ["user.login failed"] * 3


async def test_account_without_a_password_cannot_be_logged_in_to(world: Accounts) -> None:
    await world.account(password=None)
    for password in ("", "of nobody"):
        with pytest.raises(LoginRefused):
            await world.login(password=password)


async def test_banned_account_is_refused_like_a_wrong_password_and_its_logins_end(world: Accounts) -> None:
    account = await world.account()
    login = await world.login()
    key = await world.keys.create(account.id, "backup", actor=ACTOR)
    await world.accounts.update(account.id, {"is_active": False}, actor=ACTOR)
    assert await world.sessions.identify(login.token) is None
    assert await world.keys.identify(key.text) is None
    with pytest.raises(LoginRefused):
        await world.login()
    with pytest.raises(TokenRefused):
        await world.sessions.refresh(login.refresh_token, caller=CALLER)
    await world.accounts.update(account.id, {"is_active": True}, actor=ACTOR)
    assert await world.sessions.identify(login.token) is None
    assert await world.keys.identify(key.text) is not None
    assert {"admin.user.ban", "admin.user.unban"} <= set(world.heard.actions)


async def test_wrong_passwords_are_counted_and_then_no_more_are_read(world: Accounts) -> None:
    world.configure(failures_by_name=3)
    await world.account()
    for _ in range(3):
        with pytest.raises(LoginRefused):
            await world.login(password="wrong password")
    read = len(world.passwords.verified)
    with pytest.raises(TooManyLogins) as refused:
        await world.login()
    assert timedelta(0) < refused.value.retry_after <= world.config.window
    assert len(world.passwords.verified) == read


async def test_tries_that_come_at_once_are_counted_one_by_one(world: Accounts) -> None:
    world.configure(failures_by_name=3)
    await world.account()
    outcomes = await asyncio.gather(
        *(world.login(password=f"guess {number}") for number in range(12)), return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(LoginRefused) == 3
    assert [type(each) for each in outcomes].count(TooManyLogins) == 9


async def test_address_that_tries_many_names_is_refused_and_another_is_not(world: Accounts) -> None:
    world.configure(failures_by_address=3)
    await world.account()
    for number in range(3):
        with pytest.raises(LoginRefused):
            await world.login(f"user{number}", "wrong password")
    with pytest.raises(TooManyLogins):
        await world.login()
    await world.login(caller=Caller(ip_address="2001:db8::1"))


async def test_right_password_forgives_the_wrong_ones_before_it(world: Accounts) -> None:
    world.configure(failures_by_name=3)
    await world.account()
    for _ in range(2):
        with pytest.raises(LoginRefused):
            await world.login(password="wrong password")
        await world.login()
        with pytest.raises(LoginRefused):
            await world.login(password="wrong password")
        await world.login()


async def test_what_callers_say_of_themselves_may_be_anything(world: Accounts) -> None:
    await world.account()
    odd = Caller(ip_address="testclient", user_agent="\0" + "x" * 5000, device_name="\ud800")
    login = await world.login(caller=odd)
    [session], _ = await world.sessions.list(login.account.id)
    assert session.ip_address is None
    assert session.user_agent is not None
    assert len(session.user_agent) == 255
    with pytest.raises(LoginRefused):
        await world.login("\0" + "n" * 100_000, "x" * 100_000)


async def test_expired_token_is_nobody_s_until_it_is_refreshed(world: Accounts) -> None:
    await world.account()
    login = await world.login()
    await world.age(login.session_id, token_expires_at="-1 second")
    assert await world.sessions.identify(login.token) is None
    renewed = await world.sessions.refresh(login.refresh_token, caller=CALLER)
    assert renewed.session_id == login.session_id
    assert await world.sessions.identify(renewed.token) is not None
    assert await world.sessions.identify(login.token) is None


async def test_refresh_token_that_comes_twice_ends_its_session_for_both(world: Accounts) -> None:
    await world.account()
    login, other = await world.login(), await world.login()
    renewed = await world.sessions.refresh(login.refresh_token, caller=CALLER)
    with pytest.raises(TokenRefused):
        await world.sessions.refresh(login.refresh_token, caller=CALLER)
    assert await world.sessions.identify(renewed.token) is None
    with pytest.raises(TokenRefused):
        await world.sessions.refresh(renewed.refresh_token, caller=CALLER)
    assert await world.sessions.identify(other.token) is not None
    told = world.heard.events[-1]
    assert (told.action, told.success, told.error) == ("session.revoke", False, "a refresh token came twice")


async def test_of_two_refreshes_at_once_one_works(world: Accounts) -> None:
    await world.account()
    login = await world.login()
    outcomes = await asyncio.gather(
        *(world.sessions.refresh(login.refresh_token, caller=CALLER) for _ in range(5)), return_exceptions=True
    )
    assert [type(each).__name__ for each in outcomes].count("Login") <= 1
    assert all(isinstance(each, TokenRefused) for each in outcomes if isinstance(each, BaseException))


async def test_one_kind_of_token_does_not_work_as_another(world: Accounts) -> None:
    account = await world.account()
    login = await world.login()
    key = await world.keys.create(account.id, "backup", actor=ACTOR)
    assert await world.sessions.identify(login.refresh_token) is None
    assert await world.sessions.identify(key.text) is None
    assert await world.keys.identify(login.token) is None
    for text in (login.token, key.text, "rvr_" + login.token[4:], "", "rvr_" + "x" * 43):
        with pytest.raises(TokenRefused):
            await world.sessions.refresh(text, caller=CALLER)


async def test_session_that_rests_too_long_is_over_even_before_it_is_cleaned_up(world: Accounts) -> None:
    world.configure(idle=timedelta(hours=1))
    await world.account()
    login = await world.login()
    await world.age(login.session_id, last_activity_at="-2 hours")
    assert await world.sessions.identify(login.token) is None
    with pytest.raises(TokenRefused):
        await world.sessions.refresh(login.refresh_token, caller=CALLER)


async def test_use_is_noted_once_a_minute(world: Accounts) -> None:
    await world.account()
    login = await world.login()
    await world.age(login.session_id, last_activity_at="-2 minutes")
    await world.sessions.identify(login.token)
    [session], _ = await world.sessions.list(login.account.id)
    assert session.last_activity_at > session.created_at


async def test_logout_ends_the_session_and_its_refresh_token(world: Accounts) -> None:
    account = await world.account()
    login = await world.login()
    from revenge.service.auth.models import Actor

    await world.sessions.logout(login.session_id, actor=Actor(account_id=account.id, username="ada"))
    assert await world.sessions.identify(login.token) is None
    with pytest.raises(TokenRefused):
        await world.sessions.refresh(login.refresh_token, caller=CALLER)
    assert "user.logout" in world.heard.actions


async def test_session_of_another_account_cannot_be_ended_by_its_id(world: Accounts) -> None:
    await world.account()
    eve = await world.account("eve")
    login = await world.login()
    with pytest.raises(SessionNotFound):
        await world.sessions.revoke(eve.id, login.session_id, actor=ACTOR)
    assert await world.sessions.identify(login.token) is not None
    with pytest.raises(SessionNotFound):
        await world.sessions.revoke(eve.id, uuid4(), actor=ACTOR)


async def test_one_login_more_than_allowed_ends_the_oldest(world: Accounts) -> None:
    world.configure(max_sessions=2)
    await world.account()
    logins = [await world.login() for _ in range(3)]
    held = [await world.sessions.identify(login.token) is not None for login in logins]
    assert held == [False, True, True]
    assert await world.sessions.count_active() == 2


async def test_password_change_ends_every_other_session(world: Accounts) -> None:
    account = await world.account()
    mine, other = await world.login(), await world.login()
    with pytest.raises(WrongPassword):
        await world.accounts.change_password(account.id, present="wrong", wanted="another horse", actor=ACTOR)
    with pytest.raises(InvalidAccount, match="password"):
        await world.accounts.change_password(account.id, present=PASSWORD, wanted="short", actor=ACTOR)
    await world.accounts.change_password(
        account.id, present=PASSWORD, wanted="another horse", actor=ACTOR, session_id=mine.session_id
    )
    assert await world.sessions.identify(mine.token) is not None
    assert await world.sessions.identify(other.token) is None
    with pytest.raises(LoginRefused):
        await world.login()
    await world.login(password="another horse")


async def test_sessions_are_listed_by_pages_newest_first(world: Accounts) -> None:
    account = await world.account()
    logins = [await world.login() for _ in range(5)]
    first, cursor = await world.sessions.list(account.id, limit=3)
    rest, end = await world.sessions.list(account.id, limit=3, cursor=cursor)
    assert [each.id for each in [*first, *rest]] == [login.session_id for login in reversed(logins)]
    assert end is None
    with pytest.raises(ValueError, match="badly formed"):
        await world.sessions.list(account.id, cursor="nonsense")
