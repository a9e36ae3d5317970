"""Whether a writer may go on: its lease is held, and its time is not over."""

from dataclasses import dataclass

from revenge.content.search.errors import WriterLost
from revenge.content.search.ports import Hold, Monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Asked before each batch."""

    hold: Hold
    monotonic: Monotonic
    until_s: float

    def may_go_on(self) -> bool:
        """Return whether there is time for another batch.

        Raises:
            WriterLost: another may write by now.
        """
        if not self.hold:
            message = "the lease on the index ran out: another may write to it by now"
            raise WriterLost(message)
        return self.monotonic() < self.until_s
