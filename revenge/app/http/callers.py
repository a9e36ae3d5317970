"""Where a request comes from and in whose name, for the records; whether it may be made, and whose account is meant."""

from uuid import UUID

from starlette.requests import Request

from revenge.app.http.access import is_open
from revenge.app.http.principal import principal_of
from revenge.app.http.refusals import ProblemError, forbidden
from revenge.service.auth.models import Actor, Caller


async def authorize(request: Request) -> None:
    """Let administrators through, and accounts where the route is open to them; a dependency of every route.

    Raises:
        ProblemError: 403.
    """
    if request.state.is_public or principal_of(request).is_admin:
        return
    if principal_of(request).account_id is None or not is_open(request.scope["endpoint"]):
        raise forbidden("this is for administrators")


def caller_of(request: Request, *, device_name: str | None = None) -> Caller:
    """Return where ``request`` comes from."""
    return Caller(
        ip_address=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        device_name=device_name,
    )


def actor_of(request: Request) -> Actor:
    """Return who makes ``request``."""
    principal = principal_of(request)
    return Actor(account_id=principal.account_id, username=principal.username, caller=caller_of(request))


def own_account(request: Request) -> UUID:
    """Return the account of whoever calls.

    Raises:
        ProblemError: 404: it is the server's key, which is nobody's.
    """
    account_id = principal_of(request).account_id
    if account_id is None:
        raise ProblemError(404, "no-account", "this needs an account: the server's own key is nobody's; log in first")
    return account_id


def account_meant(request: Request, account_id: UUID) -> UUID:
    """Return ``account_id`` where whoever calls may look at it: its own, or any for administrators.

    Raises:
        ProblemError: 403.
    """
    principal = principal_of(request)
    if principal.is_admin or principal.account_id == account_id:
        return account_id
    raise forbidden("this is another account's")
