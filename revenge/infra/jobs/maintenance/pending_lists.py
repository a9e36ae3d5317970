"""Sorts in what the GIN indexes of ``river_job`` have put off; run by every node that works, in proportion to its work."""

from datetime import timedelta

from revenge.infra.jobs.store import Store

INTERVAL = timedelta(seconds=2)
"""Least time between two passes of a node. Measured beside eleven million rows (docs/performance.md)."""
ENOUGH = 1000
"""Settled jobs from which on a pass is worth a statement: a node that does little asks for little, one that is idle nothing."""
TIMEOUT = timedelta(minutes=1)
"""For one pass. A list of PostgreSQL's 4 MB took 16 s beside eleven million rows when its pages were not in memory."""


class PendingLists:
    """Keeps those lists short.

    River's indexes on ``args`` and ``metadata`` collect what is written and sort it in when their list is full: then it
    is somebody's insert, claim or end of a job that waits for all of it, beside millions of rows for many seconds. While
    a list is sorted in here, nobody else begins to.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._settled = 0

    def settled(self, count: int) -> None:
        """Count what was written."""
        self._settled += count

    async def run_once(self) -> int:
        """Sort in what has been put off, if this node has done enough for it; return how many pages it was.

        Indexes of another owner are left alone, and all of them while another node does the same.

        Raises:
            StoreError: the database could not be written.
        """
        if self._settled < ENOUGH:
            return 0
        self._settled = 0
        async with self._store.transaction() as conn:
            pages: int = await conn.fetchval(self._store.sql["indexes_clean_pending"], timeout=TIMEOUT.total_seconds())
        return pages
