"""How series are matched and refreshed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from revenge.content.metadata.scoring import MatchConfig

FAME = 5.0
"""So much better known one of two series of one title must be to be meant where no year is named: folders of series seldom name one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowConfig:
    """Checked when it is made."""

    languages: Sequence[str] = ("en",)
    """What is asked for beside the library's own language; one request brings all of them."""
    refresh_after: timedelta = timedelta(days=1)
    """What a provider said is not asked again within this time, unless a refresh is forced."""
    stale_after: timedelta = timedelta(days=7)
    """What is older is refreshed with all series."""
    match: MatchConfig = field(default_factory=lambda: MatchConfig(fame=FAME))
    """When a match is one."""
    at_once: int = 4
    """Seasons, or series, that are asked about at once; the rate that all nodes share is kept all the same."""

    def __post_init__(self) -> None:
        if not self.languages:
            message = "languages must name one at least"
            raise ValueError(message)
        for name in ("refresh_after", "stale_after"):
            value = getattr(self, name)
            if value < timedelta(0):
                message = f"{name} must not be negative, got {value}"
                raise ValueError(message)
        if self.at_once < 1:
            message = f"at_once must be positive, got {self.at_once}"
            raise ValueError(message)

    def languages_for(self, preferred: str | None = None, asked: Sequence[str] = ()) -> Sequence[str]:
        """Return the languages to ask for, the one that plain fields are in first."""
        wanted = asked or [*([preferred] if preferred else []), *self.languages]
        return tuple(dict.fromkeys(wanted))
