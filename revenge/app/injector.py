"""dependency-injector without the web frameworks that it looks for as it is imported: it would wire their functions.

Nothing is wired that way here, and FastAPI alone takes longer to import than most commands take to run.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FRAMEWORKS = ("fastapi", "starlette", "werkzeug", "fast_depends")


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let an import find none of these packages, unless it is there already."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python marks what must not be found
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _hidden(*_FRAMEWORKS):
    from dependency_injector import containers, providers

__all__ = ["containers", "providers"]
