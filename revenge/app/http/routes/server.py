"""Health, metrics, what server this is, and the dashboard's session."""

import math
from dataclasses import asdict

from fastapi import APIRouter, Request
from starlette.responses import Response

from revenge.app.http.config import HttpConfig
from revenge.app.http.middleware import session_cookie
from revenge.app.http.problems import documented, problem_response
from revenge.app.http.refusals import ProblemError
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import AliveOut, Credentials, ReadyOut, ServerOut, SessionOut
from revenge.app.http.security import SESSION_COOKIE, LoginLimiter, key_matches, new_session, session_valid
from revenge.app.http.services import Exposition, Readiness, ServerView
from revenge.app.presentation import time_to_json
from revenge.infra.jobs.clock import Clock

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def health_router(readiness: Readiness, metrics: Exposition) -> APIRouter:
    """Return ``/healthz``, ``/readyz`` and ``/metrics``."""
    router = APIRouter(tags=["server"])

    @router.get("/healthz", response_model=AliveOut)
    async def healthz() -> Response:
        """Say that the process answers; the database is not asked."""
        return json_response({"status": "alive"})

    @router.get("/readyz", response_model=ReadyOut, responses=documented(503))
    async def readyz() -> Response:
        """Say whether the server can do its work: database, schema, workers."""
        checks = await readiness.check()
        shapes = {name: asdict(check) for name, check in checks.items()}
        if all(check.ok for check in checks.values()):
            return json_response({"status": "ready", "checks": shapes})
        wrong = "; ".join(f"{name}: {check.detail}" for name, check in checks.items() if not check.ok)
        return problem_response(503, wrong, code="not-ready", checks=shapes)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **documented(401)},
    )
    async def metrics_() -> Response:
        """Return Prometheus metrics."""
        return Response(await metrics.render(), headers={"Content-Type": METRICS_TYPE})

    return router


def server_router(view: ServerView, readiness: Readiness) -> APIRouter:
    """Return ``/server``."""
    router = APIRouter(tags=["server"], responses=documented(401))

    @router.get("/server", response_model=ServerOut)
    async def get_server() -> Response:
        """Say which server this is and how it does."""
        checks = await readiness.check()
        return json_response(
            {
                **asdict(view),
                "started_at": time_to_json(view.started_at),
                "checks": {name: asdict(check) for name, check in checks.items()},
            }
        )

    return router


def session_router(config: HttpConfig, clock: Clock) -> APIRouter:
    """Return ``/session``: the dashboard's login."""
    router = APIRouter(prefix="/session", tags=["server"])
    limiter = LoginLimiter(failures=config.login_failures, window=config.login_window)

    @router.get("", response_model=SessionOut)
    async def get_session(request: Request) -> Response:
        """Say whether a key is wanted, and whether this browser has logged in."""
        signed_in = session_valid(session_cookie(request.headers), config, now=clock.now())
        required = config.api_key is not None
        return json_response({"key_required": required, "signed_in": signed_in or not required})

    @router.post(
        "",
        status_code=204,
        response_class=Response,
        responses=documented(400, 401, 413, 422, 429),
    )
    async def create_session(request: Request, body: Credentials) -> Response:
        """Log a browser in: the key becomes a cookie that no script can read."""
        address = request.client.host if request.client else ""
        wait_s = limiter.wait_s(address, monotonic=clock.monotonic())
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            detail = f"too many wrong keys from this address: try again in {seconds} s"
            raise ProblemError(429, "too-many-logins", detail, headers={"Retry-After": str(seconds)})
        if config.api_key is None:
            return Response(status_code=204)
        if not key_matches(body.api_key, config):
            limiter.failed(address, monotonic=clock.monotonic())
            headers = {"WWW-Authenticate": 'Bearer realm="revenge"'}
            raise ProblemError(401, "wrong-key", "that is not this server's API key", headers=headers)
        limiter.succeeded(address)
        response = Response(status_code=204)
        response.set_cookie(
            SESSION_COOKIE,
            new_session(config, now=clock.now()),
            max_age=int(config.session_lifetime.total_seconds()),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    @router.delete("", status_code=204, response_class=Response)
    async def delete_session() -> Response:
        """Log this browser out."""
        response = Response(status_code=204)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return response

    return router
