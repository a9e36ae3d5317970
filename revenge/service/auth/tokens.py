"""Tokens: random text that is shown once, known by its prefix, and kept as a hash. Pure but for the randomness."""

import hashlib
import secrets
from typing import NamedTuple

SESSION_PREFIX = "rvs_"
KEY_PREFIX = "rvk_"
REFRESH_PREFIX = "rvr_"
ONCE_PREFIX = "rvo_"
_LENGTH = len(SESSION_PREFIX) + 43


class Token(NamedTuple):
    """A new token: its text for whoever gets it, its hash for the table."""

    text: str
    hash: bytes


def new_token(prefix: str) -> Token:
    """Return a token of 256 random bits, so that its hash needs neither salt nor time to keep it."""
    text = prefix + secrets.token_urlsafe(32)
    return Token(text, hash_of(text))


def hash_of(text: str) -> bytes:
    """Return what the table knows a token by.

    A token is looked up by its hash and never compared: how long that takes says nothing about the token of another.
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def has_form(text: str, *prefixes: str) -> bool:
    """Return whether ``text`` may be a token of one of these prefixes at all."""
    return len(text) == _LENGTH and text.startswith(prefixes)


def is_token(text: str) -> bool:
    """Return whether ``text`` claims to be a session's token or an account's key."""
    return text.startswith((SESSION_PREFIX, KEY_PREFIX))
