"""What a service or a route raises so that a problem document answers; ``problems`` makes the document."""

from collections.abc import Mapping
from typing import Any


class ProblemError(Exception):
    """Raised anywhere in a request: becomes the answer."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.members = members
        super().__init__(detail)


def forbidden(detail: str) -> ProblemError:
    """Return the 403."""
    return ProblemError(403, "forbidden", detail)
