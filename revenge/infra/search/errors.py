"""What may go wrong with a search: the names say what to do."""

from datetime import timedelta

from revenge.infra.failures import Final, Later


class SearchError(Exception):
    """Root of what searching and indexing raise. The text never holds a key."""


class SearchUnavailable(SearchError, Later):
    """The search server cannot be reached, was too slow, or is not ready: worth another try after ``retry_after``."""

    def __init__(self, reason: str, *, retry_after: timedelta = timedelta(seconds=30)) -> None:
        self.retry_after = retry_after
        super().__init__(reason)


class SearchRefused(SearchError, Final):
    """The search server refuses what we ask: a wrong key, a request that it does not understand. Final."""


class SearchDisabled(SearchError):
    """Search is switched off. Final until the settings change."""


class NoIndex(SearchUnavailable):
    """The collection has not been built yet: a rebuild makes it."""


class InvalidSearch(SearchError):
    """A query asks for what its collection does not have."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{field}: {reason}")


class OutOfReach(InvalidSearch):
    """A page is further than pages reach."""
