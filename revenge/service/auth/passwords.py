"""Passwords: Argon2id, in threads, a few at a time."""

import asyncio
from functools import partial
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 8, 1000
AT_ONCE = 2
"""Each takes 64 MiB for some 50 ms: more at once would let whoever logs in take the machine's memory."""


class Passwords(Protocol):
    """Hashes and verifies."""

    async def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        ...

    async def verify(self, password: str, kept: str | None) -> bool:
        """Return whether ``password`` is the one; takes as long where nothing is kept."""
        ...

    def is_outdated(self, kept: str) -> bool:
        """Return whether the password should be hashed anew, with today's parameters."""
        ...


class Argon2Passwords:
    """Argon2id as RFC 9106 recommends it where memory is scarce."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Return what is kept of a password."""
        async with self._turn:
            return await asyncio.to_thread(partial(self._hasher.hash, password))

    async def verify(self, password: str, kept: str | None) -> bool:
        """Return whether ``password`` is the one; takes as long where nothing is kept."""
        if self._nobodys is None:
            self._nobodys = await self.hash("of nobody")
        async with self._turn:
            fits = await asyncio.to_thread(partial(self._fits, password, kept or self._nobodys))
        return fits and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Return whether the password should be hashed anew, with today's parameters."""
        return self._hasher.check_needs_rehash(kept)

    def _fits(self, password: str, kept: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
