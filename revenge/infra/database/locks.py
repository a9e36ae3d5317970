"""Locks on files that the kernel frees when their holder dies, however it dies."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Self


class FileLock:
    """An open file with a ``flock`` on it, held until ``release`` or the death of every process that inherited it."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    @classmethod
    def try_exclusive(cls, path: Path) -> Self | None:
        """Take the lock for us alone; None when anybody holds it."""
        return cls._try(path, fcntl.LOCK_EX)

    @classmethod
    def try_shared(cls, path: Path) -> Self | None:
        """Take the lock together with others; None when somebody holds it alone."""
        return cls._try(path, fcntl.LOCK_SH)

    @classmethod
    def wait(cls, attempt: Callable[[Path], Self | None], path: Path, *, pause: Callable[[], None]) -> Self:
        """Return ``attempt(path)`` as soon as it succeeds; ``pause`` waits between tries and raises to give up."""
        while (lock := attempt(path)) is None:
            pause()
        return lock

    @classmethod
    def _try(cls, path: Path, mode: int) -> Self | None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except BaseException:
            os.close(fd)
            raise
        return cls(fd)

    def release(self) -> None:
        """Free the lock, also for children that inherited the file."""
        fcntl.flock(self.fd, fcntl.LOCK_UN)
        os.close(self.fd)

    def leave_to_child(self) -> None:
        """Close our side only: the lock lives as long as the child that inherited it, and its children."""
        os.close(self.fd)


def is_held(path: Path) -> bool:
    """Tell whether somebody holds ``path`` alone at this moment."""
    try:
        lock = FileLock.try_shared(path)
    except FileNotFoundError:
        return False
    if lock is None:
        return True
    lock.release()
    return False
