"""Watching libraries' folders, so that what changes is scanned at once."""

from revenge.content.library.live.changes import Changes
from revenge.content.library.live.folders import CannotWatch, watch_folders
from revenge.content.library.live.watching import LibraryWatching, WatchConfig

__all__ = ["CannotWatch", "Changes", "LibraryWatching", "WatchConfig", "watch_folders"]
