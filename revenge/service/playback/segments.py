"""Segments of what is played, a folder a session, on the disk of the node that plays it."""

import asyncio
import logging
import shutil
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from revenge.infra.database.connection import Pool
from revenge.service.playback.statements import statements

logger = logging.getLogger("revenge.playback")


class Folder(NamedTuple):
    """A session's folder."""

    id: UUID
    path: Path


class Segments:
    """This node's; each node sweeps its own."""

    def __init__(self, pool: Pool, *, directory: Path, grace: timedelta) -> None:
        """``grace``: a folder that was changed since is left alone, its session's row may not be committed yet."""
        self._pool = pool
        self._directory = directory
        self._grace_s = grace.total_seconds()

    async def sweep(self) -> int:
        """Remove the folders of sessions that are over; return how many.

        What is not named by a session's id, and what is a link, is none of ours and stays.
        """
        found = await asyncio.to_thread(_old_folders, self._directory, self._grace_s)
        if not found:
            return 0
        rows = await self._pool.fetch(statements()["playback_open"], [folder.id for folder in found])
        played = {row["id"] for row in rows}
        removed = 0
        for folder in found:
            if folder.id not in played:
                removed += await asyncio.to_thread(_remove, folder.path)
        return removed


def _old_folders(directory: Path, grace_s: float) -> Sequence[Folder]:
    found, now = [], time.time()
    try:
        paths = list(directory.iterdir())
    except OSError:  # there is none yet, or its disk is away
        return []
    for path in paths:
        try:
            folder = Folder(UUID(path.name), path)
            stat = path.lstat()
        except (ValueError, OSError):
            continue
        if path.is_dir() and not path.is_symlink() and now - stat.st_mtime > grace_s and str(folder.id) == path.name:
            found.append(folder)
    return found


def _remove(path: Path) -> bool:
    try:
        shutil.rmtree(path)
    except OSError as error:
        logger.warning("playback.segments_not_removed", extra={"path": str(path), "error": str(error)})
        return False
    return True
