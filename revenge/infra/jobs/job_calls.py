"""What people do to jobs that are there: look, list, cancel, retry, delete, change."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from revenge.infra.jobs.drivers import AsyncConnection
from revenge.infra.jobs.errors import InvalidJob, StoreError
from revenge.infra.jobs.insertion import metadata_object, metadata_text
from revenge.infra.jobs.job_listing import JobListing
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import JobFilter, JobListParams, JobPage, JobRow
from revenge.infra.jobs.outcome import MAX_OUTPUT_BYTES
from revenge.infra.jobs.store import Store

logger = logging.getLogger("revenge.jobs")

UNSET: Final[Any] = object()
"""An output that is not given, since None is one."""


class JobCalls:
    """The part of ``Client`` that needs River's table alone. ``conn`` is the caller's connection, as for all its methods."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs = JobStore(store)
        self._listing = JobListing(store, self._jobs)

    async def get(self, job_id: int, *, conn: AsyncConnection | None = None) -> JobRow:
        """Return a job.

        Raises:
            JobNotFound: there is none.
        """
        return await self._jobs.get(job_id, conn=conn)

    async def list(self, params: JobListParams | None = None, *, conn: AsyncConnection | None = None) -> JobPage:
        """Return a page of jobs, newest first where nothing else is asked for.

        Raises:
            InvalidCursor: the cursor is not one that a list returned.
            InvalidJob: the limit is out of range, or jobs of these states can't be ordered so.
            TypeError: there are no such parameters.
        """
        return await self._listing.page(JobListParams() if params is None else params, conn=conn)

    async def cancel(self, job_id: int, *, conn: AsyncConnection | None = None) -> JobRow:
        """Cancel a job that waits, tell one that runs to end, leave one that has ended; return its row.

        Raises:
            JobNotFound: there is none.
        """
        return await self._jobs.cancel(job_id, conn=conn)

    async def cancel_many(
        self, wanted: JobFilter, *, limit: int = 100, conn: AsyncConnection | None = None
    ) -> Sequence[JobRow]:
        """Cancel the first ``limit`` unfinished jobs that match, as ``cancel`` does; return their rows.

        Raises:
            InvalidJob: the filter is empty, or the limit is not 1 to 10,000.
            TypeError: the filter is none.
        """
        return await self._listing.cancel_many(wanted, limit=limit, conn=conn)

    async def retry(self, job_id: int, *, conn: AsyncConnection | None = None) -> JobRow:
        """Make a job available now, whatever it ended in; one that runs or is due already stays as it is.

        Raises:
            JobNotFound: there is none.
            UniqueConflict: an unfinished job with the same unique key exists.
        """
        row = await self._jobs.retry(job_id, conn=conn)
        # River's clients would find it at their next poll; ours need not wait.
        payload = f'{{"queue": {orjson.dumps(row.queue).decode()}}}'
        try:
            await self._store.notify("river_insert", [payload], conn=conn)
        except StoreError as error:
            if conn is not None:
                # The caller's transaction is broken, and with it the retry.
                raise
            logger.warning("retry.untold", extra={"job_id": job_id, "error": str(error)})
        return row

    async def retry_many(
        self, wanted: JobFilter, *, limit: int = 100, conn: AsyncConnection | None = None
    ) -> Sequence[JobRow]:
        """Make the first ``limit`` jobs that match available now; return their rows.

        What runs, is due already, or has a unique key that another job holds is left as it is.

        Raises:
            InvalidJob: the filter is empty, or the limit is not 1 to 10,000.
            TypeError: the filter is none.
        """
        return await self._listing.retry_many(wanted, limit=limit, conn=conn)

    async def delete(self, job_id: int, *, conn: AsyncConnection | None = None) -> JobRow:
        """Delete a job that does not run; return it as it was.

        Raises:
            JobNotFound: there is none.
            JobIsRunning: it is being worked.
        """
        return await self._jobs.delete(job_id, conn=conn)

    async def delete_many(
        self,
        wanted: JobFilter | None = None,
        *,
        unsafe_all: bool = False,
        limit: int = 100,
        conn: AsyncConnection | None = None,
    ) -> Sequence[JobRow]:
        """Delete the first ``limit`` jobs that match and do not run; return them as they were.

        Jobs that somebody changes in this moment are passed over. ``unsafe_all`` takes the place of a filter.

        Raises:
            InvalidJob: there is neither a filter nor ``unsafe_all``, or both, or the limit is not 1 to 10,000.
            TypeError: the filter is none.
        """
        wanted = JobFilter() if wanted is None else wanted
        return await self._listing.delete_many(wanted, unsafe_all=unsafe_all, limit=limit, conn=conn)

    async def update(
        self,
        job_id: int,
        *,
        output: Any = UNSET,
        metadata: Mapping[str, Any] | None = None,
        conn: AsyncConnection | None = None,
    ) -> JobRow:
        """Set a job's output, or some keys of its metadata, in whatever state it is; return its row.

        A worker's own output takes the place of this one when its attempt ends.

        Raises:
            JobNotFound: there is none.
            InvalidJob: there is nothing to set, it has no JSON form or is too large, or a key is one of River's own.
        """
        changes = {} if metadata is None else dict(metadata_object(metadata))
        if reserved := [key for key in changes if str(key).startswith(("river:", "revenge:"))]:
            message = f"metadata keys that begin with 'river:' or 'revenge:' are the engine's own, got {reserved}"
            raise InvalidJob(message)
        if output is not UNSET:
            changes["output"] = output
        if not changes:
            message = "nothing to update: give output or metadata"
            raise InvalidJob(message)
        text = metadata_text(changes)
        if len(text.encode()) > MAX_OUTPUT_BYTES:
            message = f"output and metadata are {len(text.encode())} bytes of JSON; {MAX_OUTPUT_BYTES} are allowed"
            raise InvalidJob(message)
        return await self._jobs.update(job_id, text, conn=conn)
