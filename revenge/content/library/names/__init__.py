"""Read what a media file's name, and its folders' names, say about it."""

from revenge.content.library.names.models import MediaType, ParsedName
from revenge.content.library.names.reader import read_name

__all__ = ["MediaType", "ParsedName", "read_name"]
