"""Where a page of a list begins: behind the key of the last row of the page before, as text that means nothing to others."""

import base64
import binascii
from datetime import datetime
from uuid import UUID


def encode(key: bytes) -> str:
    """Return the cursor of the page behind ``key``."""
    return base64.urlsafe_b64encode(key).decode()


def decode(cursor: str) -> bytes:
    """Return what `encode` was given.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise _none_of_ours(cursor) from error


def encode_text(key: str) -> str:
    """Return the cursor of the page behind a text."""
    return encode(key.encode())


def decode_text(cursor: str) -> str:
    """Return what `encode_text` was given; ``ValueError`` as from `decode`."""
    try:
        return decode(cursor).decode()
    except UnicodeDecodeError as error:
        raise _none_of_ours(cursor) from error


def encode_row(key: str, last_id: UUID) -> str:
    """Return the cursor of the page behind a text and, of rows with the same text, an id."""
    return encode(last_id.bytes + key.encode())


def decode_row(cursor: str) -> tuple[str, UUID]:
    """Return what `encode_row` was given; ``ValueError`` as from `decode`."""
    raw = decode(cursor)
    try:
        return raw[16:].decode(), UUID(bytes=raw[:16])
    except ValueError as error:
        raise _none_of_ours(cursor) from error


def encode_moment(at: datetime, last_id: UUID) -> str:
    """Return the cursor of the page behind a moment and, of rows of that moment, an id."""
    return encode_row(at.isoformat(), last_id)


def decode_moment(cursor: str) -> tuple[datetime, UUID]:
    """Return what `encode_moment` was given; ``ValueError`` as from `decode`."""
    moment, last_id = decode_row(cursor)
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise _none_of_ours(cursor) from error
    if at.tzinfo is None:
        raise _none_of_ours(cursor)
    return at, last_id


def _none_of_ours(cursor: str) -> ValueError:
    return ValueError(f"{cursor!r} is no cursor of this list")
