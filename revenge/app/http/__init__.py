"""The HTTP API under ``/api/v1``, health and metrics, and the dashboard's files."""

from revenge.app.http.app import close_streams, create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices, Check, ServerView

__all__ = ["ApiServices", "Check", "HttpConfig", "ServerView", "close_streams", "create_app"]
