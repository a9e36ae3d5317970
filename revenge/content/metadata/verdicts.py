"""What a job ends in when whoever it asked about a title did not answer as it hoped."""

from typing import Any

from revenge.content.metadata.errors import NoSource
from revenge.infra.failures import verdict_of
from revenge.infra.jobs import Cancel, Snooze


def verdict(error: Exception) -> dict[str, Any] | Snooze | Cancel:
    """Return what a worker returns for ``error``.

    Where nobody is set up to be asked, the job is done and its output says so: that is no failure, on films and series
    alike. All else is as `verdict_of` has it.

    Raises:
        Exception: ``error`` itself where the attempt has failed and another is worth it.
    """
    if isinstance(error, NoSource):
        return {"status": "no source", "reason": str(error)}
    return verdict_of(error)
