"""Where a page of a list begins: behind a text and an id."""

import base64
import binascii
from uuid import UUID


def encode(key: str, last_id: UUID) -> str:
    """Return the cursor of the page behind ``key`` and ``last_id``."""
    return base64.urlsafe_b64encode(last_id.bytes + key.encode()).decode()


def decode(cursor: str) -> tuple[str, UUID]:
    """Return what `encode` was given.

    Raises:
        ValueError: it is none of ours.
    """
    try:
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        return raw[16:].decode(), UUID(bytes=raw[:16])
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{cursor!r} is no cursor of this list") from error
