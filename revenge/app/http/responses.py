"""JSON answers, encoded once; the response models of the routes describe them and tests hold them to it."""

from typing import Any

import orjson
from starlette.responses import Response

from revenge.app.json_text import json_text


def json_response(document: Any, status: int = 200, *, headers: dict[str, str] | None = None) -> Response:
    """Return ``document`` as JSON; times are aware and written in UTC's short form."""
    return Response(
        json_text(document, option=orjson.OPT_UTC_Z),
        status_code=status,
        media_type="application/json",
        headers=headers,
    )
