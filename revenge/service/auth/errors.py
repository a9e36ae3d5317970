"""What can go wrong with accounts, logins and tokens."""

from datetime import timedelta
from uuid import UUID


class AuthError(Exception):
    """Anything a caller of this package may want to tell a person. Nothing in it is secret."""


class AccountNotFound(AuthError):
    """No account has this id or name."""

    def __init__(self, account: UUID | str) -> None:
        super().__init__(f"there is no account {account}")
        self.account = account


class UsernameTaken(AuthError):
    """Another account has this name or this address, in whatever case."""

    def __init__(self, field: str, value: str) -> None:
        super().__init__(f"another account has the {field} {value!r}")
        self.field = field


class InvalidAccount(AuthError):
    """A field of an account cannot be what was asked for."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class LastAdministrator(AuthError):
    """Nobody would be left who may administer."""

    def __init__(self) -> None:
        super().__init__("this is the last administrator: make another one first")


class LoginRefused(AuthError):
    """Name and password do not go together, or the account is banned: which of it is nobody's business."""

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class WrongPassword(AuthError):
    """Who is logged in does not know the password that is to be changed."""

    def __init__(self) -> None:
        super().__init__("the present password is another one")


class TooManyLogins(AuthError):
    """Too many wrong passwords, for this name or from this address."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(f"too many failed logins: try again in {round(retry_after.total_seconds())} s")
        self.retry_after = retry_after


class TokenRefused(AuthError):
    """The token is unknown, of another kind, used, revoked or expired."""

    def __init__(self) -> None:
        super().__init__("the token is not valid, or no longer: log in again")


class LinkRefused(TokenRefused):
    """The token of a link that came by mail is no good; whoever follows it may well be logged in."""

    def __init__(self) -> None:
        AuthError.__init__(self, "the link is not valid, or no longer: ask for a new one")


class SessionNotFound(AuthError):
    """The account has no such session."""

    def __init__(self, session_id: UUID) -> None:
        super().__init__(f"there is no session {session_id} of this account")
        self.session_id = session_id


class ApiKeyNotFound(AuthError):
    """The account has no such key."""

    def __init__(self, key_id: UUID) -> None:
        super().__init__(f"there is no key {key_id} of this account")
        self.key_id = key_id


class TooManyKeys(AuthError):
    """The account has as many keys as it may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"an account has at most {most} keys: revoke one first")


class PermissionNotFound(AuthError):
    """The account does not have the permission that is to be taken from it."""

    def __init__(self, library_id: UUID, account_id: UUID) -> None:
        super().__init__(f"account {account_id} has no such permission for library {library_id}")


class LibraryUnknown(AuthError):
    """There is no library to give a permission for."""

    def __init__(self, library_id: UUID) -> None:
        super().__init__(f"there is no library {library_id}")
        self.library_id = library_id


class InvalidCleanup(AuthError):
    """A clean-up was asked for that can never be done."""
