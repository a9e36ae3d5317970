"""The operating system's word of what changes below folders."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Protocol

import watchfiles

DEBOUNCE_MS = 500
_LIMIT = ("limit", "too many", "no space left", "os error 28", "os error 24")


class CannotWatch(Exception):
    """These folders cannot be watched now; the text says why and what to do."""


class Watch(Protocol):
    """Watches folders."""

    def __call__(self, folders: Sequence[bytes], *, tick: timedelta) -> AsyncIterator[set[bytes]]:
        """Yield what has changed below ``folders``, and nothing at least each ``tick``; raise ``CannotWatch``."""
        ...


async def watch_folders(folders: Sequence[bytes], *, tick: timedelta) -> AsyncIterator[set[bytes]]:
    """Yield what has changed below ``folders``, and an empty set where nothing has for a ``tick``.

    Raises:
        CannotWatch: the system gives no more watches, or a name is none that the watcher knows.
    """
    try:
        names = [folder.decode() for folder in folders]
    except UnicodeDecodeError as error:
        message = "a folder whose name is not UTF-8 cannot be watched: periodic scans find what changes there"
        raise CannotWatch(message) from error
    watching = watchfiles.awatch(
        *names,
        watch_filter=None,
        debounce=DEBOUNCE_MS,
        rust_timeout=int(tick.total_seconds() * 1000),
        yield_on_timeout=True,
        recursive=True,
        ignore_permission_denied=True,
        debug=False,
    )
    try:
        async with aclosing(watching) as changes:
            async for change in changes:
                yield {os.fsencode(path) for _, path in change}
    except (OSError, RuntimeError) as error:
        raise CannotWatch(_explain(error)) from error
    except ExceptionGroup as group:
        # So it is told that a name below them is no UTF-8; nothing else of theirs is watched then either.
        raise CannotWatch(_explain(group.exceptions[0])) from group


def _explain(error: Exception) -> str:
    text = str(error) or type(error).__name__
    if "decode" in text.lower():
        return f"{text}: a name below it is not UTF-8, and the watcher reads no others; periodic scans find what changes there"
    if any(word in text.lower() for word in _LIMIT):
        return (
            f"{text}: raise fs.inotify.max_user_watches (sysctl) above the number of folders; "
            "until then periodic scans find what changes"
        )
    return text
