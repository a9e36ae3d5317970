"""A named lease of the engine's own, for what one node of a cluster does whichever engine leads."""

from datetime import timedelta

from revenge.infra.jobs.given import check_span
from revenge.infra.jobs.store import Store

MAINTENANCE = "maintenance"
"""The lease of whoever cleans the engine's own tables."""


class Lease:
    """Held by one client at a time, until it is released or runs out by the database's clock."""

    def __init__(self, *, store: Store, name: str, holder: str, ttl: timedelta) -> None:
        """Make it; nothing is taken yet.

        Raises:
            ValueError: ``ttl`` is not positive.
            TypeError: ``ttl`` is no span of time.
        """
        check_span("ttl", ttl)
        if ttl <= timedelta(0):
            message = f"ttl must be positive, got {ttl}"
            raise ValueError(message)
        self._store = store
        self._name = name
        self._holder = holder
        self._ttl = ttl

    async def acquire(self) -> int | None:
        """Take the lease or renew it; return its term, None while another holds it.

        The term grows with every take-over: what is done under it can be fenced by it.

        Raises:
            StoreError: the database could not be written.
        """
        term: int | None = await self._store.fetchval("lease_acquire", self._name, self._holder, self._ttl)
        return term

    async def release(self) -> None:
        """Let another have it at once; does nothing while another holds it.

        Raises:
            StoreError: the database could not be written; the lease then runs out.
        """
        await self._store.execute("lease_release", self._name, self._holder)
