"""What a job ends in when whoever it asked did not answer as it hoped: one table for all workers."""

from revenge.content.metadata.errors import (
    EntityGone,
    MetadataError,
    NoSource,
    SourceBusy,
    SourceRefused,
    UnknownTitle,
)
from revenge.infra.jobs import Cancel, Snooze


def verdict(error: MetadataError | EntityGone) -> Cancel | Snooze:
    """Return what a worker returns for ``error``.

    What is final ends the job; what passes by itself brings it back without losing an attempt.

    Raises:
        MetadataError: ``error`` itself where the attempt has failed and another is worth it.
    """
    match error:
        case SourceBusy():
            return Snooze(error.retry_after)
        case NoSource() | SourceRefused() | UnknownTitle() | EntityGone():
            return Cancel(str(error) or type(error).__name__)
        case _:
            raise error
