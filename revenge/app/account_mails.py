"""Mails about accounts: who gets them, what their links do."""

from uuid import UUID

from revenge.infra.database.connection import Pool
from revenge.service.auth.accounts import AccountService, checked_password
from revenge.service.auth.errors import AccountNotFound, InvalidAccount, LinkRefused
from revenge.service.auth.models import Account, Actor, TokenKind
from revenge.service.auth.once import OnceTokens
from revenge.service.mail.models import Addressee, MailTemplate
from revenge.service.mail.service import MailService

_KINDS = {
    MailTemplate.PASSWORD_RESET: TokenKind.PASSWORD_RESET,
    MailTemplate.EMAIL_VERIFICATION: TokenKind.EMAIL_VERIFICATION,
}


class AccountAddressees:
    """Knows the accounts' addresses, and makes links that work once."""

    def __init__(self, accounts: AccountService, *, tokens: OnceTokens, base_url: str) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._base_url = base_url

    async def addressee(self, account_id: UUID, *, template: MailTemplate) -> Addressee | None:
        """Return to whom a mail goes, with a new link where it has one; None for an account that is gone or banned."""
        account = await _reachable(self._accounts, account_id)
        if account is None or account.email is None:
            return None
        kind, link = _KINDS.get(template), None
        if kind is not None:
            token = await self._tokens.issue(kind, account_id=account_id, data={"email": account.email})
            # After the #: what stands there is told to no server, and so into no log.
            link = f"{self._base_url}/#{template.value}={token.text}"
        return Addressee(address=account.email, name=account.display_name or account.username, link=link)


class AccountMails:
    """A forgotten password, and an address that is to be checked."""

    def __init__(self, pool: Pool, *, accounts: AccountService, tokens: OnceTokens, mails: MailService) -> None:
        self._pool = pool
        self._accounts = accounts
        self._tokens = tokens
        self._mails = mails

    async def ask_reset(self, username: str) -> None:
        """Send a link for a new password, where there is such an account; nobody is told whether there is."""
        try:
            account = await self._accounts.find(username)
        except AccountNotFound:
            return
        if account.is_active and account.email is not None:
            await self._send(MailTemplate.PASSWORD_RESET, account.id)

    async def reset(self, token: str, password: str, *, actor: Actor) -> None:
        """Set the password of the account that was given ``token``; every session of it ends.

        Raises:
            LinkRefused: it was used, or its time is over, or it is none.
            InvalidAccount: the password is too short, or too long; the token still works.
        """
        checked_password(password)
        account = await self._holder(TokenKind.PASSWORD_RESET, token)
        whoever = Actor(account_id=account.id, username=account.username, caller=actor.caller)
        await self._accounts.set_password(account.id, password, actor=whoever)
        await self._send(MailTemplate.PASSWORD_CHANGED, account.id)

    async def ask_verification(self, account_id: UUID) -> None:
        """Send a link by which an account says that its address is its own.

        Raises:
            AccountNotFound: there is no such account.
            InvalidAccount: it has no address.
        """
        account = await self._accounts.get(account_id)
        if account.email is None:
            raise InvalidAccount("email", "is not set: there is nothing to check")
        await self._send(MailTemplate.EMAIL_VERIFICATION, account_id)

    async def verify(self, token: str, *, actor: Actor) -> None:
        """Note that the address of whoever was given ``token`` is its own.

        Raises:
            LinkRefused: it was used, or its time is over, or the account has another address by now.
        """
        consumed = await self._tokens.consume(TokenKind.EMAIL_VERIFICATION, token)
        email = consumed.data.get("email")
        if consumed.account_id is None or not isinstance(email, str):
            raise LinkRefused
        await self._accounts.confirm_email(consumed.account_id, email, actor=actor)

    async def _holder(self, kind: TokenKind, token: str) -> Account:
        consumed = await self._tokens.consume(kind, token)
        account = consumed.account_id and await _reachable(self._accounts, consumed.account_id)
        # A link that was sent to an address that is another's by now is no proof any more.
        if not account or account.email != consumed.data.get("email"):
            raise LinkRefused
        return account

    async def _send(self, template: MailTemplate, account_id: UUID) -> None:
        async with self._pool.acquire() as conn, conn.transaction():
            await self._mails.send(conn, template, account_id)


async def _reachable(accounts: AccountService, account_id: UUID) -> Account | None:
    try:
        account = await accounts.get(account_id)
    except AccountNotFound:
        return None
    return account if account.is_active else None
