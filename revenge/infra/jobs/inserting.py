"""From arguments and options to rows in the table: what ``Client`` and ``SyncClient`` share."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from datetime import datetime

from revenge.infra.jobs.announcer import Say
from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.given import check_lists
from revenge.infra.jobs.insert_chain import InsertChain
from revenge.infra.jobs.insert_store import InsertStore, Turn
from revenge.infra.jobs.insertion import Builder, NewJob
from revenge.infra.jobs.models import InsertOpts, InsertResult
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.store import AnyConnection, Store

logger = logging.getLogger("revenge.jobs")

OnInsert = Callable[[str, str, int], None]
"""Called with kind, queue and number of the jobs that a call inserted."""
Wake = Callable[[Iterable[NewJob]], bool]
"""Tells those who work jobs in this process, and returns whether there are any."""
InsertItem = JobArgs | tuple[JobArgs, InsertOpts]


class Inserter:
    """Checks, builds, inserts and counts."""

    def __init__(
        self,
        *,
        config: ClientConfig,
        clock: Clock,
        store: Store,
        on_insert: OnInsert | None,
        chain: InsertChain,
        say: Say | None = None,
        turn: Turn = nullcontext,
    ) -> None:
        """Make it; with ``say``, the announcer's, every call without ``conn`` needs a ``wake``. ``turn``: as in InsertStore."""
        self._config = config
        self._chain = chain
        self._clock = clock
        self._inserts = InsertStore(store, say=say, turn=turn)
        self._on_insert = on_insert

    async def insert_many(
        self,
        items: Sequence[InsertItem],
        *,
        workers: Workers,
        conn: AnyConnection | None = None,
        wake: Wake | None = None,
    ) -> Sequence[InsertResult]:
        """Insert jobs in one round trip, all or none, and ``wake`` those who work them; results are in the same order.

        Raises:
            InvalidJob: there is nothing to insert, or an option breaks one of River's rules.
            UnknownKind: there are workers, and none of them, nor a declaration, is for one of the kinds.
        """
        rows, now, args = self._build(items, workers)

        async def insert(rows: Sequence[NewJob]) -> Sequence[InsertResult]:
            results = await self._inserts.insert_many(rows, now=now, conn=conn)
            self.count(results.new_jobs())
            is_worked_here = wake is not None and wake(results.new_jobs())
            if conn is None:
                # A process that works jobs lives on; another may end with this call.
                await self._inserts.announce(rows, wait=not is_worked_here)
            return results

        return await (insert(rows) if args is None else self._chain.run(rows, args, insert))

    async def insert_many_fast(
        self,
        items: Sequence[InsertItem],
        *,
        workers: Workers,
        conn: AnyConnection | None = None,
        wake: Wake | None = None,
    ) -> int:
        """Insert jobs by COPY, all or none, and ``wake`` those who work them; return how many.

        Raises:
            InvalidJob, UnknownKind: as for ``insert_many``.
            UniqueKeyTaken: one is a unique job that is there already; nothing was inserted.
        """
        rows, now, args = self._build(items, workers)
        count = 0

        async def copy(rows: Sequence[NewJob]) -> Sequence[InsertResult]:
            nonlocal count
            count += await self._inserts.copy_many(rows, now=now, conn=conn)
            self.count(rows)
            if wake is not None:
                wake(rows)
            if conn is None:
                await self._inserts.announce(rows, wait=True)
            return ()

        await (copy(rows) if args is None else self._chain.run(rows, args, copy))
        return count

    def count(self, inserted: Iterable[NewJob]) -> None:
        """Tell whoever counts what was inserted."""
        if self._on_insert is not None:
            numbers: Counter[tuple[str, str]] = Counter()
            for shape, number in Counter(job.shape for job in inserted).items():
                numbers[shape.kind, shape.queue] += number
            try:
                for (kind, queue), number in numbers.items():
                    self._on_insert(kind, queue, number)
            except Exception:
                # They are inserted, and their caller is to know.
                logger.exception("client.on_insert_failed")

    def _build(
        self, items: Sequence[InsertItem], workers: Workers
    ) -> tuple[Sequence[NewJob], datetime, Sequence[JobArgs] | None]:
        """Return the rows, what was taken for now, and the arguments where plugins have a say."""
        _check_list(items)
        items = list(items)  # they are gone through more than once
        if not items:
            message = "no jobs to insert"
            raise InvalidJob(message)
        now = self._clock.now()
        builder = Builder(config=self._config, now=now)
        build = builder.build
        rows = [build(*item) if isinstance(item, tuple) else build(item, None) for item in items]
        if len(workers):
            for kind in {shape.kind for shape in {row.shape for row in rows}}:
                workers.args_type(kind)
        if not self._chain.applies(builder.args_types):
            return rows, now, None
        return rows, now, [item[0] if isinstance(item, tuple) else item for item in items]


def _check_list(items: object) -> None:
    if isinstance(items, JobArgs):
        name = type(items).__name__
        message = f"several jobs are inserted as a list, got one {name}: write [{name}(...)]"
        raise InvalidJob(message)
    check_lists(items=items)
