"""Sonarr's series among ours."""

from collections.abc import Sequence

from revenge.infra.database.connection import Connection
from revenge.integration.arr.facts import ShowFacts
from revenge.integration.arr.ports import Saved


class ShowTitles:
    """Keeps what Sonarr says to itself, while nobody writes series."""

    async def save(self, conn: Connection, facts: Sequence[ShowFacts]) -> Sequence[Saved]:
        """Write nothing."""
        return [Saved(None) for _ in facts]
