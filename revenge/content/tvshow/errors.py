"""What can go wrong with series."""

from collections.abc import Sequence
from uuid import UUID

from revenge.infra.failures import Final


class ShowError(Exception):
    """Anything a caller of this package may want to tell a person."""


class SeriesNotFound(ShowError, Final):
    """There is no such series."""

    def __init__(self, series_id: UUID) -> None:
        super().__init__(f"there is no series {series_id}")


class SeasonNotFound(ShowError, Final):
    """There is no such season."""

    def __init__(self, season: UUID | str) -> None:
        super().__init__(f"there is no season {season}")


class EpisodeNotFound(ShowError, Final):
    """There is no such episode."""

    def __init__(self, episode_id: UUID) -> None:
        super().__init__(f"there is no episode {episode_id}")


class UnidentifiedSeries(ShowError, Final):
    """No provider is known to have the series, so that nobody can be asked about it."""

    def __init__(self, title: str) -> None:
        super().__init__(f"no provider is known to have {title!r}: match one of its files by hand, then refresh it")


class UnknownFile(ShowError, Final):
    """No library of series has this file, or its name does not say which episode it is."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")


class ItemsNotFound(ShowError, Final):
    """Some of what is to be matched is not there."""

    def __init__(self, item_ids: Sequence[UUID]) -> None:
        super().__init__(f"there are no items {', '.join(map(str, item_ids))} of episodes")


class SameSeries(ShowError, Final):
    """A series cannot be merged with itself."""

    def __init__(self, series_id: UUID) -> None:
        super().__init__(f"{series_id} cannot be merged with itself")


class WrongChoice(ShowError, Final):
    """What was chosen for an item cannot be chosen."""
