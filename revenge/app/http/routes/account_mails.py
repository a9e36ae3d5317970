"""A forgotten password, and an address that is to be checked: by mail."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from revenge.app.http.access import open_to_accounts
from revenge.app.http.account_schemas import ForgottenPassword, ResetWanted, TokenIn
from revenge.app.http.account_services import AccountMails
from revenge.app.http.callers import actor_of, own_account
from revenge.app.http.problems import documented


def account_mails_router(mails: AccountMails) -> APIRouter:
    """Return the routes under ``/auth`` whose links come by mail."""
    router = APIRouter(prefix="/auth", tags=["accounts"], responses=documented(400, 413, 422, 503))

    @router.post("/password-reset", status_code=202, response_class=Response)
    async def ask_password_reset(body: ResetWanted) -> Response:
        """Have a link for a new password sent; the answer is the same whether there is such an account or not."""
        await mails.ask_reset(body.username)
        return Response(status_code=202)

    @router.post("/password-reset/confirm", status_code=204, response_class=Response)
    async def reset_password(request: Request, body: ForgottenPassword) -> Response:
        """Choose a new password with the token of the link; every login of the account ends; 422 `link-refused` for one that is over."""
        await mails.reset(body.token, body.password, actor=actor_of(request))
        return Response(status_code=204)

    @router.post("/email-verification", status_code=202, response_class=Response, responses=documented(404))
    @open_to_accounts
    async def ask_email_verification(request: Request) -> Response:
        """Have a link sent by which one's own address is checked."""
        await mails.ask_verification(own_account(request))
        return Response(status_code=202)

    @router.post("/email-verification/confirm", status_code=204, response_class=Response)
    async def verify_email(request: Request, body: TokenIn) -> Response:
        """Say with the token of the link that the address is one's own; 422 `link-refused` for one that is over."""
        await mails.verify(body.token, actor=actor_of(request))
        return Response(status_code=204)

    return router
