"""What a failure means for the job that met it: one rule for every worker."""

from datetime import timedelta

from revenge.infra.jobs import Cancel, Snooze


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
            return Snooze(error.retry_after)
        case Final():
            return Cancel(str(error))
        case _:
            raise error
