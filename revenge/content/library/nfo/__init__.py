"""NFO files: what Kodi and its relatives, and people, write beside a film."""

from revenge.content.library.nfo.models import Actor, Nfo, NfoKind, NfoUnreadable, Rating
from revenge.content.library.nfo.reader import read_nfo

__all__ = ["Actor", "Nfo", "NfoKind", "NfoUnreadable", "Rating", "read_nfo"]
