"""What every request passes before it meets a route: the last resort for errors, headers, and the gate."""

from http.cookies import CookieError, SimpleCookie

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from revenge.app.events.acting import Acting, acting
from revenge.app.http.config import HttpConfig
from revenge.app.http.principal import NOBODY, SERVER, Authenticator, Principal
from revenge.app.http.problems import DATABASE_AWAY, problem_of, problem_response, response_to
from revenge.app.http.security import SESSION_COOKIE, host_allowed, key_matches, key_of, origin_allowed, session_valid
from revenge.infra.jobs.clock import Clock

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

PUBLIC_PATHS = frozenset(
    {
        "/healthz",
        "/readyz",
        "/api/v1/session",
        "/api/v1/auth/login",
        "/api/v1/auth/refresh",
        # They want secrets of their own.
        "/api/v1/auth/password-reset",
        "/api/v1/auth/password-reset/confirm",
        "/api/v1/auth/email-verification/confirm",
        "/api/v1/webhooks/radarr",
        "/api/v1/webhooks/sonarr",
    }
)
"""What works without a key; the dashboard's files do too, since its login form is one of them."""

_KEY_WANTED = (
    "this server wants its API key, or an account's: X-API-Key, Authorization: Bearer, or the dashboard's login"
)
_UNKNOWN = (
    "nobody has the key or token of this request, or no longer: log in again; this server has no key of its own, and lets "
    "in who calls from this machine without any"
)

log = structlog.get_logger(__name__)


def _acting(scope: Scope, headers: Headers) -> Acting:
    principal: Principal = scope["state"]["principal"]
    client = scope.get("client")
    return Acting(
        account_id=principal.account_id,
        username=principal.username,
        ip_address=client[0] if client else None,
        user_agent=headers.get("user-agent"),
    )


class Boundary:
    """The outermost layer: security headers on all answers, and a plain 500 for what nobody expected."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_secured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, send_secured)
        except Exception as error:
            log.exception("http.failed", method=scope["method"], path=scope["path"], error=type(error).__name__)
            if started:
                raise
            await problem_response(500, "this should not have happened; the server's log says more")(
                scope, receive, send_secured
            )


class Gate:
    """Refuses foreign hosts and origins, bodies that are too large, and callers without the key."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        config: HttpConfig,
        clock: Clock,
        public_prefixes: tuple[str, ...],
        accounts: Authenticator | None = None,
    ) -> None:
        self._app = app
        self._config = config
        self._clock = clock
        self._public_prefixes = public_prefixes
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refuse(headers) or await self._identify(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        token = acting.set(_acting(scope, headers))
        try:
            await self._app(scope, self._limited(receive), send)
        finally:
            acting.reset(token)

    def _refuse(self, headers: Headers) -> Response | None:
        if not host_allowed(headers.get("host"), self._config):
            return problem_response(
                421,
                "this server does not answer to the host name of this request; server.allowed_hosts names those it does",
                code="foreign-host",
            )
        if not origin_allowed(headers, self._config):
            return problem_response(
                403,
                "a page of another origin made this request; only this server's own pages may",
                code="foreign-origin",
            )
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return problem_response(400, "Content-Length must be a number")
        if int(length) > self._config.max_body_bytes:
            return problem_response(413, self._too_large)
        return None

    async def _identify(self, scope: Scope, headers: Headers) -> Response | None:
        """Note who calls; return the answer for somebody whom nobody knows."""
        is_public = self._is_public(scope["path"])
        try:
            principal = NOBODY if is_public else await self._principal(headers)
        except DATABASE_AWAY as error:
            return response_to(problem_of(error))
        if principal is None:
            return problem_response(
                401,
                _UNKNOWN if self._config.api_key is None else _KEY_WANTED,
                code="key-required",
                headers={"WWW-Authenticate": 'Bearer realm="revenge"'},
            )
        scope.setdefault("state", {}).update(principal=principal, is_public=is_public)
        return None

    async def _principal(self, headers: Headers) -> Principal | None:
        given = key_of(headers)
        if given is not None and self._accounts is not None and self._accounts.is_token(given):
            # One that has run out must not make its holder the administrator that a machine without a key lets in.
            return await self._accounts.authenticate(given)
        if self._config.api_key is None:
            # Who says nothing is let in; who says something that is wrong believes that it counts, and must hear of it.
            return SERVER if given is None else None
        return SERVER if self._has_key(given, headers) else None

    @property
    def _too_large(self) -> str:
        return f"a request's body may have at most {self._config.max_body_bytes} bytes"

    def _is_public(self, path: str) -> bool:
        return path in PUBLIC_PATHS or path == "/" or path.startswith(self._public_prefixes)

    def _has_key(self, given: str | None, headers: Headers) -> bool:
        if given is not None:
            return key_matches(given, self._config)
        return session_valid(session_cookie(headers), self._config, now=self._clock.now())

    def _limited(self, receive: Receive) -> Receive:
        received = 0

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._config.max_body_bytes:
                    raise HTTPException(413, self._too_large)
            return message

        return receive_limited


def session_cookie(headers: Headers) -> str | None:
    """Return the value of the dashboard's cookie."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(SESSION_COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None
