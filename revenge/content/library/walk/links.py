"""Decides which symbolic links a walk follows: none that leads back, and none to what is walked anyway."""

import os
from collections.abc import Sequence

from revenge.content.library.walk.names import is_hidden, is_system


class Links:
    """The links of one walk."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        self._roots = [os.path.realpath(root) for root in roots]
        self.followed: set[bytes] = set()
        """Real paths of the folders that links led to."""

    def follow_folder(self, path: bytes) -> bytes | None:
        """Return the real path of a link to a folder, None when it leads back or to a folder walked anyway."""
        real = os.path.realpath(path)
        within = real.rstrip(b"/") + b"/"
        if any((root + b"/").startswith(within) for root in self._roots) or self._is_walked(real):
            return None
        if any(within.startswith(other + b"/") for other in self.followed):
            return None
        self.followed.add(real)
        return real

    def is_duplicate_file(self, path: bytes) -> bool:
        """Whether a link to a file leads to one that is walked under its own name."""
        return self._is_walked(os.path.realpath(path))

    def _is_walked(self, real: bytes) -> bool:
        for root in self._roots:
            if real == root or real.startswith(root + b"/"):
                # A folder of hidden files that links give readable names to is not walked by itself.
                return not any(is_hidden(name) or is_system(name) for name in real[len(root) + 1 :].split(b"/"))
        return False
