"""What may go wrong with keeping search up to date."""

from revenge.content.search.models import Tally
from revenge.infra.search.models import Collection


class DocumentsRefused(Exception):
    """Some documents could not be stored; the rest is. They are tried again with the next attempt."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        first = tally.refused[0]
        super().__init__(f"{len(tally.refused)} documents were refused, the first, {first.id}, because: {first.reason}")


class BuildIncomplete(Exception):
    """A build has not what the tables have: it does not take over."""

    def __init__(self, collection: Collection, *, expected: int, found: int) -> None:
        self.collection = collection
        self.expected = expected
        self.found = found
        super().__init__(f"the build of {collection} has {found} documents where there should be {expected}")


class WriterLost(Exception):
    """The lease ran out meanwhile, and another may write by now: the attempt is to be repeated."""
