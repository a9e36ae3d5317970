"""Inserts from programs without an event loop, Flask's and Django's for instance, on the caller's own connection."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import SystemClock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.drivers import SyncConnection, at_once
from revenge.infra.jobs.insert_chain import InsertChain
from revenge.infra.jobs.inserting import Inserter, InsertItem, OnInsert
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import InsertOpts, InsertResult, JobRow
from revenge.infra.jobs.plugins import Plugin, look_up
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.store import Store


class SyncClient:
    """Inserts, looks, cancels, retries and deletes; works nothing, and is safe to share between threads.

    ``conn`` is the caller's, one that blocks: of psycopg 3, or SQLAlchemy 2's connection or session. The call becomes part
    of its transaction, which the caller commits; after an error it is to be rolled back. Rows, results and errors are
    those of ``Client``, whose code this is.

    Raises:
        StoreError: from every method, when the database could not do it.
        TypeError: from every method, when ``conn`` is of another sort.
    """

    def __init__(
        self,
        *,
        config: ClientConfig | None = None,
        workers: Workers | None = None,
        schema: str | None = None,
        on_insert: OnInsert | None = None,
        plugins: Iterable[Plugin] = (),
        store: Store | None = None,
    ) -> None:
        """Make it; with ``workers`` it refuses kinds that they neither work nor declare.

        ``plugins`` are as the ``Client``'s, but must not wait for anything: there is no event loop. ``store`` is where the
        statements go instead of to the callers' connections, for the test kit.
        """
        self.config = config or ClientConfig()
        self.workers = Workers.of(workers)
        store = store or Store(None, schema=schema, blocking=True)
        self._jobs = JobStore(store)
        self._inserter = Inserter(
            config=self.config,
            clock=SystemClock(),
            store=store,
            on_insert=on_insert,
            chain=InsertChain(look_up(plugins)),
        )

    def insert(self, args: JobArgs, opts: InsertOpts | None = None, *, conn: SyncConnection) -> InsertResult:
        """Insert one job; a unique job that is there already is returned as a duplicate.

        Raises:
            InvalidJob: an option breaks one of River's rules.
            UnknownKind: this client has workers, and none of them, nor a declaration, is for this kind.
        """
        return self.insert_many([(args, opts or InsertOpts())], conn=conn)[0]

    def insert_many(self, items: Sequence[InsertItem], *, conn: SyncConnection) -> Sequence[InsertResult]:
        """Insert jobs in one round trip, all or none; results are in the same order.

        Raises:
            InvalidJob: there is nothing to insert, or an option breaks one of River's rules.
            UnknownKind: as for ``insert``.
        """
        return at_once(self._inserter.insert_many(items, workers=self.workers, conn=conn))

    def insert_many_fast(self, items: Sequence[InsertItem], *, conn: SyncConnection) -> int:
        """Insert jobs by COPY, all or none; return how many. Rows are not returned, and duplicates are errors.

        Raises:
            InvalidJob, UnknownKind: as for ``insert_many``.
            UniqueKeyTaken: one is a unique job that is there already; nothing was inserted.
        """
        return at_once(self._inserter.insert_many_fast(items, workers=self.workers, conn=conn))

    def insert_raw(
        self, kind: str, args: Mapping[str, Any], opts: InsertOpts | None = None, *, conn: SyncConnection
    ) -> InsertResult:
        """Insert a job by its kind's name; ``args`` are checked by the kind's own class, and not where none is known at all.

        Raises:
            UnknownKind: this client has workers or declarations, and none of them names the kind.
            pydantic.ValidationError: the arguments do not fit.
            InvalidJob: an option breaks one of River's rules.
        """
        return self.insert(self.workers.read(kind, args), opts, conn=conn)

    def get(self, job_id: int, *, conn: SyncConnection) -> JobRow:
        """Return a job.

        Raises:
            JobNotFound: there is none.
        """
        return at_once(self._jobs.get(job_id, conn=conn))

    def cancel(self, job_id: int, *, conn: SyncConnection) -> JobRow:
        """Cancel a job that waits, tell one that runs to end, leave one that has ended; return its row.

        Raises:
            JobNotFound: there is none.
        """
        return at_once(self._jobs.cancel(job_id, conn=conn))

    def retry(self, job_id: int, *, conn: SyncConnection) -> JobRow:
        """Make a job available now, whatever it ended in; one that runs or is due already stays as it is.

        Raises:
            JobNotFound: there is none.
            UniqueConflict: an unfinished job with the same unique key exists.
        """
        return at_once(self._jobs.retry(job_id, conn=conn))

    def delete(self, job_id: int, *, conn: SyncConnection) -> JobRow:
        """Delete a job that does not run; return it as it was.

        Raises:
            JobNotFound: there is none.
            JobIsRunning: it is being worked.
        """
        return at_once(self._jobs.delete(job_id, conn=conn))
