"""Accounts, keys, tokens that work once, and permissions."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from revenge.content.library.models import LibraryFields, LibraryType
from revenge.content.library.ports import Connection, EnqueuedScan, JobFate, ScanJob
from revenge.content.library.service import LibraryService
from revenge.service.auth.errors import (
    AccountNotFound,
    ApiKeyNotFound,
    InvalidAccount,
    LastAdministrator,
    LibraryUnknown,
    LinkRefused,
    PermissionNotFound,
    TokenRefused,
    TooManyKeys,
    UsernameTaken,
)
from revenge.service.auth.models import NewAccount, Permission, TokenKind
from tests.integration.service.auth.conftest import ACTOR, Accounts


class NoJobs:
    async def enqueue(self, conn: Connection, job: ScanJob) -> EnqueuedScan:
        raise AssertionError

    async def fate(self, conn: Connection, job_id: int) -> JobFate:
        raise AssertionError


@pytest.fixture
async def library_id(world: Accounts, tmp_path: Path) -> UUID:
    wanted = LibraryFields(name="Films", type=LibraryType.MOVIE, paths=[str(tmp_path)])
    return (await LibraryService(world.pool, jobs=NoJobs()).create(wanted)).id


async def test_names_and_addresses_are_one_account_s_in_whatever_case(world: Accounts) -> None:
    await world.account("Ada", email="ada@example.org")
    with pytest.raises(UsernameTaken, match="name"):
        await world.account("aDA")
    with pytest.raises(UsernameTaken, match="address"):
        await world.account("eve", email="ADA@example.org")
    assert (await world.accounts.find("ADA")).username == "Ada"


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("username", {"username": "   "}),
        ("username", {"username": "a\nb"}),
        ("username", {"username": "a" * 256}),
        ("password", {"password": "1234567"}),
        ("password", {"password": "x" * 1001}),
        ("email", {"email": "nowhere"}),
        ("display_name", {"display_name": "x" * 256}),
    ],
)
async def test_fields_that_cannot_be_are_refused(world: Accounts, field: str, fields: dict[str, str]) -> None:
    wanted: dict[str, Any] = {"username": "ada", "password": "correct horse", **fields}
    with pytest.raises(InvalidAccount) as refused:
        await world.accounts.create(NewAccount(**wanted), actor=ACTOR)
    assert refused.value.field == field


async def test_last_administrator_can_neither_go_nor_be_made_less(world: Accounts) -> None:
    admin = await world.account("root", is_admin=True)
    await world.account("ada")
    for changes in ({"is_admin": False}, {"is_active": False}):
        with pytest.raises(LastAdministrator):
            await world.accounts.update(admin.id, changes, actor=ACTOR)
    with pytest.raises(LastAdministrator):
        await world.accounts.delete(admin.id, actor=ACTOR)


async def test_two_administrators_cannot_ban_each_other_at_once(world: Accounts) -> None:
    one, two = await world.account("one", is_admin=True), await world.account("two", is_admin=True)
    outcomes = await asyncio.gather(
        *(world.accounts.update(each.id, {"is_active": False}, actor=ACTOR) for each in (one, two)),
        return_exceptions=True,
    )
    assert [type(each) for each in outcomes].count(LastAdministrator) == 1


async def test_changes_are_told_with_what_was_before(world: Accounts) -> None:
    account = await world.account()
    await world.accounts.update(account.id, {"is_admin": True, "display_name": "Ada L."}, actor=ACTOR)
    assert world.heard.actions == ["user.create", "admin.role.assign", "user.update"]
    assert world.heard.events[-1].changes["display_name"] == {"from": None, "to": "Ada L."}
    with pytest.raises(InvalidAccount):
        await world.accounts.update(account.id, {"password_hash": "x"}, actor=ACTOR)


async def test_deleted_account_takes_its_tokens_with_it(world: Accounts) -> None:
    account = await world.account()
    login = await world.login()
    await world.keys.create(account.id, "backup", actor=ACTOR)
    await world.accounts.delete(account.id, actor=ACTOR)
    assert await world.sessions.identify(login.token) is None
    assert await world.pool.fetchval("SELECT count(*) FROM revenge.account_token") == 0
    with pytest.raises(AccountNotFound):
        await world.accounts.get(account.id)
    with pytest.raises(AccountNotFound):
        await world.accounts.delete(account.id, actor=ACTOR)


async def test_accounts_are_listed_by_pages(world: Accounts) -> None:
    for name in ("Carl", "ada", "Bob"):
        await world.account(name)
    page = await world.accounts.list(limit=2)
    rest = await world.accounts.list(limit=2, cursor=page.next_cursor)
    assert [each.username for each in [*page.accounts, *rest.accounts]] == ["ada", "Bob", "Carl"]
    assert rest.next_cursor is None


async def test_key_works_until_it_is_revoked(world: Accounts) -> None:
    account = await world.account(is_admin=True)
    made = await world.keys.create(account.id, " backup ", actor=ACTOR)
    identity = await world.keys.identify(made.text)
    assert identity is not None
    assert (identity.account_id, identity.is_admin, identity.session_id) == (account.id, True, None)
    [key], _ = await world.keys.list(account.id)
    assert (key.name, key.expires_at) == ("backup", None)
    assert key.last_used_at is not None
    with pytest.raises(ApiKeyNotFound):
        await world.keys.revoke(uuid4(), key.id, actor=ACTOR)
    await world.keys.revoke(account.id, key.id, actor=ACTOR)
    assert await world.keys.identify(made.text) is None
    assert world.heard.actions[-2:] == ["apikey.create", "apikey.revoke"]


async def test_key_ends_with_its_time(world: Accounts) -> None:
    account = await world.account()
    made = await world.keys.create(account.id, "guest", actor=ACTOR, lifetime=timedelta(days=1))
    await world.pool.execute("UPDATE revenge.account_token SET expires_at = now() - interval '1 second'")
    assert await world.keys.identify(made.text) is None
    assert (await world.keys.list(account.id))[0] == []


async def test_account_has_so_many_keys_and_no_more(world: Accounts) -> None:
    world.configure(max_keys=2)
    account = await world.account()
    outcomes = await asyncio.gather(
        *(world.keys.create(account.id, f"key {number}", actor=ACTOR) for number in range(5)), return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(TooManyKeys) == 3


async def test_token_works_once_and_for_its_own_purpose(world: Accounts) -> None:
    account = await world.account()
    issued = await world.once.issue(TokenKind.EMAIL_VERIFICATION, account_id=account.id, data={"email": "a@b"})
    with pytest.raises(TokenRefused):
        await world.once.consume(TokenKind.PASSWORD_RESET, issued.text)
    consumed = await world.once.consume(TokenKind.EMAIL_VERIFICATION, issued.text)
    assert (consumed.account_id, consumed.data) == (account.id, {"email": "a@b"})
    with pytest.raises(TokenRefused):
        await world.once.consume(TokenKind.EMAIL_VERIFICATION, issued.text)


async def test_of_two_who_use_a_token_at_once_one_gets_it(world: Accounts) -> None:
    issued = await world.once.issue(TokenKind.OIDC_STATE, data={"nonce": "n"})
    outcomes = await asyncio.gather(
        *(world.once.consume(TokenKind.OIDC_STATE, issued.text) for _ in range(6)), return_exceptions=True
    )
    assert [type(each) for each in outcomes].count(LinkRefused) == 5


async def test_expired_token_is_refused(world: Accounts) -> None:
    issued = await world.once.issue(TokenKind.MFA_CHALLENGE, lifetime=timedelta(milliseconds=-1))
    with pytest.raises(TokenRefused):
        await world.once.consume(TokenKind.MFA_CHALLENGE, issued.text)


async def test_new_password_reset_takes_the_place_of_the_one_before(world: Accounts) -> None:
    account = await world.account()
    first = await world.once.issue(TokenKind.PASSWORD_RESET, account_id=account.id)
    second = await world.once.issue(TokenKind.PASSWORD_RESET, account_id=account.id)
    with pytest.raises(TokenRefused):
        await world.once.consume(TokenKind.PASSWORD_RESET, first.text)
    await world.once.consume(TokenKind.PASSWORD_RESET, second.text)


async def test_keys_and_refresh_tokens_are_not_issued_as_tokens_that_work_once(world: Accounts) -> None:
    for kind in (TokenKind.API_KEY, TokenKind.REFRESH):
        with pytest.raises(ValueError, match="not issued here"):
            await world.once.issue(kind)
        with pytest.raises(TokenRefused):
            await world.once.consume(kind, "rvo_" + "x" * 43)


async def test_permission_is_one_account_s_for_one_library(world: Accounts, library_id: UUID) -> None:
    ada, eve = await world.account(), await world.account("eve")
    assert await world.permissions.grant(library_id, ada.id, Permission.VIEW, actor=ACTOR)
    assert not await world.permissions.grant(library_id, ada.id, Permission.VIEW, actor=ACTOR)
    assert await world.permissions.libraries_of(ada.id, Permission.VIEW) == frozenset({library_id})
    assert await world.permissions.libraries_of(ada.id, Permission.MANAGE) == frozenset()
    assert await world.permissions.libraries_of(eve.id, Permission.VIEW) == frozenset()
    with pytest.raises(PermissionNotFound):
        await world.permissions.revoke(library_id, eve.id, actor=ACTOR)
    assert await world.permissions.revoke(library_id, ada.id, actor=ACTOR) == 1
    assert await world.permissions.libraries_of(ada.id, Permission.VIEW) == frozenset()


async def test_permission_for_what_is_not_there_is_refused(world: Accounts, library_id: UUID) -> None:
    account = await world.account()
    with pytest.raises(LibraryUnknown):
        await world.permissions.grant(uuid4(), account.id, Permission.VIEW, actor=ACTOR)
    with pytest.raises(AccountNotFound):
        await world.permissions.grant(library_id, uuid4(), Permission.VIEW, actor=ACTOR)


async def test_deleted_library_is_nobody_s(world: Accounts, library_id: UUID) -> None:
    account = await world.account()
    await world.permissions.grant(library_id, account.id, Permission.VIEW, actor=ACTOR)
    await world.pool.execute("UPDATE revenge.library SET deleted_at = now()")
    assert await world.permissions.libraries_of(account.id, Permission.VIEW) == frozenset()


async def test_permissions_are_listed_by_pages(world: Accounts, library_id: UUID) -> None:
    for name in ("ada", "eve"):
        account = await world.account(name)
        for permission in Permission:
            await world.permissions.grant(library_id, account.id, permission, actor=ACTOR)
    found, cursor = await world.permissions.list(library_id, limit=4)
    rest, end = await world.permissions.list(library_id, limit=4, cursor=cursor)
    assert len({(grant.username, grant.permission) for grant in [*found, *rest]}) == 6
    assert end is None
