"""The dashboard's built files, read once and served with the right lifetime."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

PUBLIC_PREFIXES = ("/assets/", "/favicon.svg")
"""Paths of the dashboard that need no key, beside ``/`` itself."""
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_NOT_BUILT = b"<!doctype html><title>Revenge</title><p>The dashboard is not built: run <code>make dashboard</code>."


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file with everything that its answer needs."""

    content: bytes
    media_type: str
    cache_control: str
    etag: str


def dashboard_routes(root: Traversable | None = None) -> Sequence[BaseRoute]:
    """Return a route for each built file; names under ``assets/`` carry a hash, so they never change."""
    root = root or files("revenge.app.dashboard") / "dist"
    found = {"/": StaticFile(_NOT_BUILT, _TYPES["html"], ASK_AGAIN, '"not-built"')}
    if root.is_dir():
        for file in root.iterdir():
            if file.is_file():
                path = "/" if file.name == "index.html" else f"/{file.name}"
                found[path] = _read(file, ASK_AGAIN)
        for file in (root / "assets").iterdir():
            found[f"/assets/{file.name}"] = _read(file, FOREVER)
    return [Route(path, _endpoint(file), include_in_schema=False) for path, file in found.items()]


def _endpoint(file: StaticFile) -> Callable[[Request], Awaitable[Response]]:
    headers = {"Cache-Control": file.cache_control, "ETag": file.etag}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    return serve


def _read(file: Traversable, cache_control: str) -> StaticFile:
    content = file.read_bytes()
    media_type = _TYPES.get(file.name.rpartition(".")[2], "application/octet-stream")
    return StaticFile(content, media_type, cache_control, f'"{sha256(content).hexdigest()[:16]}"')
