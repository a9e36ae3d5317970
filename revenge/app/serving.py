"""The HTTP application and its server, imported when they are made: FastAPI, the routes and uvicorn are for who serves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices
from revenge.app.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from revenge.app.server import HttpServer


def make_api(services: ApiServices, *, config: HttpConfig) -> "FastAPI":
    """Return the ASGI application."""
    from revenge.app.http.app import create_app

    return create_app(services, config=config)


def make_server(settings: Settings, app: "Callable[[], FastAPI]") -> "HttpServer":
    """Return what serves the application that ``app`` makes; nothing is opened yet."""
    from revenge.app.http.app import close_streams
    from revenge.app.server import HttpServer

    return HttpServer(app, host=settings.server.host, port=settings.server.port, before_stop=close_streams)
