"""The HTTP application: routes, errors, security and the dashboard, around services that the container plugs in."""

import asyncio
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.middleware import Middleware
from starlette.responses import JSONResponse, Response

from revenge.app.http import problems
from revenge.app.http.callers import authorize
from revenge.app.http.config import HttpConfig
from revenge.app.http.middleware import PUBLIC_PATHS, Boundary, Gate
from revenge.app.http.routes.account_mails import account_mails_router
from revenge.app.http.routes.activity import activity_router
from revenge.app.http.routes.auth import auth_router
from revenge.app.http.routes.events import NothingMore, events_router
from revenge.app.http.routes.images import images_router
from revenge.app.http.routes.integrations import integrations_router, webhooks_router
from revenge.app.http.routes.jobs import jobs_router
from revenge.app.http.routes.libraries import libraries_router
from revenge.app.http.routes.matches import matches_router
from revenge.app.http.routes.movies import movies_router
from revenge.app.http.routes.notifications import notifications_router
from revenge.app.http.routes.periodic import periodic_router
from revenge.app.http.routes.permissions import permissions_router
from revenge.app.http.routes.playing import playback_router, watched_router
from revenge.app.http.routes.queues import queues_router
from revenge.app.http.routes.search import search_router
from revenge.app.http.routes.server import health_router, server_router, session_router
from revenge.app.http.routes.shows import show_changes_router, shows_router
from revenge.app.http.routes.statistics import statistics_router
from revenge.app.http.routes.users import users_router
from revenge.app.http.security import SESSION_COOKIE
from revenge.app.http.services import ApiServices, Kinds
from revenge.app.http.sse import Streams
from revenge.app.http.static import PUBLIC_PREFIXES, dashboard_routes
from revenge.app.library_presenter import LibraryPresenter

API = "/api/v1"


def create_app(services: ApiServices, *, config: HttpConfig | None = None) -> FastAPI:
    """Return the ASGI application.

    The services are used, never started or stopped. Before the server waits for its open answers to end, call
    ``close_streams``: event streams never end by themselves.
    """
    config = config or HttpConfig()
    app = FastAPI(
        title="Revenge",
        summary="Libraries, scans and the jobs behind them.",
        version=services.view.version,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        middleware=[
            Middleware(Boundary),
            Middleware(
                Gate,
                config=config,
                clock=services.clock,
                public_prefixes=PUBLIC_PREFIXES,
                accounts=services.authenticator,
            ),
        ],
        dependencies=[Depends(authorize)],
        telemetry={"tracing": False},
    )
    streams = Streams(services.client, clock=services.clock)
    app.state.streams = streams
    problems.install(app)
    app.add_exception_handler(NothingMore, _nothing_more)
    for router in (
        libraries_router(services.libraries, services.client, services.counts, services.access),
        events_router(services.client, streams),
        jobs_router(services.client, services.queues),
        queues_router(services.client),
        periodic_router(services.client.periodic),
        server_router(services.view, services.readiness),
        session_router(config, services.clock),
        integrations_router(services.integrations),
        webhooks_router(services.integrations),
    ):
        app.include_router(router, prefix=API)
    if services.images is not None:
        app.include_router(images_router(services.images, services.access), prefix=API)
    if services.films is not None:
        present = LibraryPresenter(services.libraries, services.client, services.counts)
        app.include_router(movies_router(services.films, services.access), prefix=API)
        app.include_router(matches_router(services.films, services.libraries, services.access, present), prefix=API)
    if services.shows is not None:
        app.include_router(show_changes_router(services.shows.seen, services.shows.changed), prefix=API)
        app.include_router(shows_router(services.shows.seen, services.access), prefix=API)
    if services.telling is not None:
        app.include_router(notifications_router(services.telling.notifications), prefix=API)
        app.include_router(activity_router(services.telling.activity), prefix=API)
        app.include_router(statistics_router(services.telling.statistics), prefix=API)
    if services.accounts is not None:
        app.include_router(auth_router(services.accounts), prefix=API)
        if services.accounts.mails is not None:
            app.include_router(account_mails_router(services.accounts.mails), prefix=API)
        app.include_router(users_router(services.accounts), prefix=API)
        app.include_router(permissions_router(services.accounts.permissions, services.libraries), prefix=API)
    if services.search is not None and services.reindexing is not None:
        app.include_router(search_router(services.search, services.reindexing, services.access), prefix=API)
    if services.playing is not None:
        app.include_router(watched_router(services.playing.watched, services.access), prefix=API)
        if services.playing.enabled:
            app.include_router(playback_router(services.playing.playbacks, services.access), prefix=API)
    app.include_router(health_router(services.readiness, services.metrics))
    app.router.routes.extend(dashboard_routes())
    app.add_route("/openapi.json", _describe, include_in_schema=False)
    app.openapi = lambda: _openapi(app, config, services.client.workers)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def close_streams(app: FastAPI) -> None:
    """End every open event stream of ``app``, so that its server can stop; browsers come back by themselves."""
    streams: Streams = app.state.streams
    streams.close()


async def _nothing_more(request: Request, error: Exception) -> Response:
    return Response(status_code=204)


async def _describe(request: Request) -> Response:
    # In a thread: the first time takes more than a second, in which events and jobs would stand still.
    return JSONResponse(await asyncio.to_thread(request.app.openapi))


def _operation_id(route: APIRoute) -> str:
    return route.name.rstrip("_")


def _openapi(app: FastAPI, config: HttpConfig, kinds: Kinds) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        components = schema.setdefault("components", {})
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= {
            **problem.pop("$defs"),
            "Problem": problem,
        }
        _describe_kinds(components["schemas"], kinds)
        _describe_gate(schema)
        if config.api_key is not None:
            _secure(schema, components)
        app.openapi_schema = schema
    return app.openapi_schema


def _describe_kinds(schemas: dict[str, Any], kinds: Kinds) -> None:
    """Publish the arguments of each kind that can be enqueued."""
    variants: list[dict[str, Any]] = []
    for kind in kinds.kinds:
        args = kinds.args_type(kind).model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(args.pop("$defs", {}))
        args["additionalProperties"] = False
        variants.append(
            {
                "title": kind,
                "properties": {"kind": {"const": kind}, "args": args},
                **({"required": ["args"]} if args.get("required") else {}),
            }
        )
    other = {"title": "a kind that is not here: 404", "properties": {"kind": {"not": {"enum": list(kinds.kinds)}}}}
    if variants:
        schemas["NewJob"]["anyOf"] = [*variants, other]


def _describe_gate(schema: dict[str, Any]) -> None:
    """Say what any call may be answered before it meets its route: 403 also for a page elsewhere, 401 for a wrong key."""
    for path, operations in schema["paths"].items():
        answers = problems.documented(403) if path in PUBLIC_PATHS else problems.documented(401, 403)
        for operation in operations.values():
            operation["responses"] |= {str(status): told for status, told in answers.items()}


def _secure(schema: dict[str, Any], components: dict[str, Any]) -> None:
    components["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
    }
    schema["security"] = [{"key": []}, {"bearer": []}, {"session": []}]
    for path in PUBLIC_PATHS & schema["paths"].keys():
        for operation in schema["paths"][path].values():
            operation["security"] = []
