"""What a failure means for the job that met it: one rule for every worker."""

from datetime import timedelta

import structlog

from revenge.infra.jobs import Cancel, Snooze

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Final(Exception):
    """The same again would fail again: the job ends here."""


class Later(Exception):
    """Nothing failed, it only cannot be done now: come back after ``retry_after``, and no attempt is lost."""

    retry_after: timedelta


def verdict_of(error: Exception) -> Cancel | Snooze:
    """Return what a worker returns when it met ``error``: a snooze where it is early, a cancel where it is final.

    Anything else is raised again as it is: the attempt failed, and the job's retries decide.

    A worker calls it once, around its whole work::

        try:
            return await self._films.refresh(job.args.movie_id)
        except (CallFailed, MetadataError) as error:
            return verdict_of(error)
    """
    match error:
        case Later():
            return put_off(error.retry_after, str(error))
        case Final():
            return Cancel(str(error) or type(error).__name__)
        case _:
            raise error


def put_off(for_: timedelta, reason: str) -> Snooze:
    """Return a snooze whose reason is in the job's log: a row that waits has no error to say it."""
    logger.info("job.put_off", reason=reason, retry_after_s=round(for_.total_seconds(), 3))
    return Snooze(for_)
