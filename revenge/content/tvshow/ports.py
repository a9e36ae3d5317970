"""What series need of others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from revenge.content.library.ports import ChoiceMade, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesAdded:
    """A series that nobody knew."""

    series_id: UUID
    title: str
    year: int | None
    identified: bool
    """A provider has it, and can be asked about it."""
    library_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodesAdded:
    """Files of a series were found to be episodes, those of one step together."""

    series_id: UUID
    title: str
    library_id: UUID
    episode_ids: Sequence[UUID]
    series_is_new: bool
    untold: bool
    """A provider knows the series, and told nothing of some of these yet."""


class ShowEvents(Protocol):
    """Where events go, each with the connection whose transaction makes it true."""

    async def series_added(self, conn: Connection, added: SeriesAdded) -> None:
        """A series was made."""
        ...

    async def episodes_added(self, conn: Connection, added: EpisodesAdded) -> None:
        """Episodes have files that had none."""
        ...

    async def changed(
        self, conn: Connection, series_ids: Collection[UUID], *, people: Collection[UUID] = (), images: bool = False
    ) -> None:
        """Series, or what is in them, changed; ``images``: pictures that are not there yet are wanted."""
        ...

    async def deleted(self, conn: Connection, series_ids: Collection[UUID], *, asked_for: bool = False) -> None:
        """Series are gone; ``asked_for``: since somebody wanted that."""
        ...

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        """Series were found to be one."""
        ...

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        """A person said what items are."""
        ...


class NoShowEvents:
    """Tells nobody."""

    async def series_added(self, conn: Connection, added: SeriesAdded) -> None:
        """Do nothing."""

    async def episodes_added(self, conn: Connection, added: EpisodesAdded) -> None:
        """Do nothing."""

    async def changed(
        self, conn: Connection, series_ids: Collection[UUID], *, people: Collection[UUID] = (), images: bool = False
    ) -> None:
        """Do nothing."""

    async def deleted(self, conn: Connection, series_ids: Collection[UUID], *, asked_for: bool = False) -> None:
        """Do nothing."""

    async def merged(self, conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
        """Do nothing."""

    async def chosen(self, conn: Connection, made: ChoiceMade) -> None:
        """Do nothing."""
