"""Keeps a program from starting once more in the process that reads its file to find a worker."""

from collections.abc import Iterator
from contextlib import contextmanager

from revenge.infra.jobs.errors import ProgramNotGuarded


class ProgramGuard:
    """Knows whether this process reads a program at present, and which programs start clients when they are read."""

    def __init__(self) -> None:
        self._reads = False
        self._has_met_start = False
        self._unguarded: set[object] = set()

    def check_start(self) -> None:
        """Let a client start, unless a program that is only read wants that.

        Raises:
            ProgramNotGuarded: it does.
        """
        if self._reads:
            self._has_met_start = True
            raise ProgramNotGuarded

    @contextmanager
    def reading(self, program: object) -> Iterator[None]:
        """Refuse starts while ``program`` is read.

        Raises:
            ProgramNotGuarded: it wanted to start a client, whatever it made of the refusal, now or when it was read before.
        """
        # Not read again: what it does before it starts its client would be done for every job.
        if program in self._unguarded:
            raise ProgramNotGuarded
        self._reads = True
        try:
            yield
        except BaseException as error:
            if not self._has_met_start:
                raise
            self._unguarded.add(program)
            raise ProgramNotGuarded from error
        finally:
            self._reads = self._has_met_start = False


PROGRAM_GUARD = ProgramGuard()
"""This process's: a program that is read knows of no other object."""
