"""What becomes of a job whose arguments its kind cannot read."""

from typing import Any

from pydantic import ValidationError

from revenge.infra.jobs import Cancel
from revenge.infra.jobs.job import Job


class BadArgs:
    """Ends such a job at its first attempt: the same arguments will be as bad at every other.

    River retries them, days on end. Here they are a mistake of whoever enqueued: keys that a kind does not know are ignored,
    so that a newer program's arguments are read all the same.
    """

    async def handle_error(self, job: Job[Any], error: BaseException) -> Cancel | None:
        """Cancel it; the error that is recorded says which argument is wrong."""
        if isinstance(error, ValidationError) and not job.is_decoded:
            return Cancel("the arguments are none of this kind")
        return None
