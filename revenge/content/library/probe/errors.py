"""What can go wrong between asking for a probe and having it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from revenge.content.library.probe.models import Probe


class ProbeFailed(Exception):
    """The file could not be read as a video; ``reason`` is a sentence for a person.

    ``partial`` holds what was read all the same (an incomplete download whose
    header is there), or None. Asking again gives the same answer until the file changes,
    unless ``access`` is true: the content was not to blame, or may not have been (no permission, a
    failing disk or share, a reader that somebody killed or that was too slow).
    """

    def __init__(self, reason: str, *, partial: Probe | None = None, access: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.partial = partial
        self.access = access


class ProberUnavailable(Exception):
    """No file can be probed now: not started, stopped, or no reader process can be started.

    This says nothing about the file that was asked for; do not record it as broken.
    """
