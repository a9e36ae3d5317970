"""How far a scan is: what a run that takes it over needs to go on."""

import base64
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import orjson


class Phase(StrEnum):
    """What a scan does, in this order."""

    SCANNING = "scanning"
    """Walks, compares with what is known, reads names and NFO files."""
    PROBING = "probing"
    """Reads what is in new and changed files."""
    FINISHING = "finishing"
    """Settles moves, forgets what has been missing for too long."""


PHASES = {Phase.SCANNING: 0.3, Phase.PROBING: 0.65, Phase.FINISHING: 0.05}
"""Each with its share of the whole, for the percent of a job."""


@dataclass(slots=True)
class Checkpoint:
    """Saved with every chunk."""

    phase: Phase = Phase.SCANNING
    scope: int = 0
    """Which of the folders to walk."""
    done: bytes = b""
    """Everything before this path is in the tables."""
    links: bool = False
    """A link to a folder was followed, so that a resumed walk must not skip folders."""
    first: bool = False
    """The library had no files when the scan began: nothing can have moved."""
    to_probe: int | None = None
    """How many files there were to read when reading began."""

    def to_json(self) -> str:
        """Return what `from_json` makes an equal checkpoint of."""
        values = asdict(self) | {"done": base64.b64encode(self.done).decode()}
        return orjson.dumps(values).decode()

    @classmethod
    def from_json(cls, text: str) -> "Checkpoint | None":
        """Return the checkpoint, None for the empty one of a scan that has not begun."""
        values: dict[str, Any] = orjson.loads(text)
        if not values:
            return None
        return cls(**values | {"phase": Phase(values["phase"]), "done": base64.b64decode(values["done"])})
