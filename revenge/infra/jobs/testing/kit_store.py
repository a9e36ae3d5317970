"""Where the test kit's statements go: to a client's store, or to one connection of it."""

from typing import Any

import asyncpg

from revenge.infra.jobs.client import Client
from revenge.infra.jobs.drivers import AsyncConnection
from revenge.infra.jobs.sql import load
from revenge.infra.jobs.store import Store
from revenge.infra.jobs.testing.memory_store import MemoryStore


class KitStore(Store):
    """A client's store with the test kit's statements, on one connection if there is one."""

    def __init__(self, store: Store, conn: AsyncConnection | None) -> None:
        # Whatever that is made of, this one goes to the same place.
        vars(self).update(vars(store))
        self.sql = {**store.sql, **load("revenge.infra.jobs.testing.sql", schema=store.schema)}
        self._conn = conn

    async def fetch(self, name: str, *args: Any, conn: Any = None) -> list[asyncpg.Record]:
        """Return all rows of the statement ``name``."""
        return await super().fetch(name, *args, conn=conn or self._conn)

    async def execute(self, name: str, *args: Any, conn: Any = None) -> int:
        """Run the statement ``name``; return how many rows it touched."""
        return await super().execute(name, *args, conn=conn or self._conn)


def store_of(client: Client, conn: AsyncConnection | None = None) -> Store:
    """Return the store for what the test kit does with ``client``."""
    return client.store if isinstance(client.store, MemoryStore) else KitStore(client.store, conn)
