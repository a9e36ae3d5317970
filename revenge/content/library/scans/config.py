"""How scans are run."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanConfig:
    """The settings of all scans of a process."""

    missing_grace: timedelta = timedelta(days=30)
    """How long a vanished file is remembered as missing: a disk may come back."""
    chunk_size: int = 500
    """New and changed files per transaction; after a crash at most so many are read again. Files that did not change
    cost no write and come in chunks of their own size."""
    probes_at_once: int = 2
    """As many as the prober has processes."""
    follow_links: bool = True
    """A library's ``scanner_config`` may say otherwise."""
    ignore_patterns: tuple[str, ...] = ()
    """For all libraries, beside what the walk leaves out by itself."""
    heartbeat: timedelta = timedelta(seconds=5)
    """How often a scan that has nothing to commit says that it lives."""
    lease: timedelta = timedelta(seconds=30)
    """A scan whose run has not been heard of for so long may be taken over by another job; its own job need not wait."""
    stop_limit: timedelta = timedelta(seconds=1)
    """How long a cancelled run may take to tell the database."""

    def __post_init__(self) -> None:
        if self.missing_grace < timedelta(0):
            raise ValueError(f"missing_grace must not be negative, got {self.missing_grace}")
        for name in ("chunk_size", "probes_at_once"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not timedelta(0) < self.heartbeat < self.lease / 2:
            raise ValueError(
                f"heartbeat must be positive and less than half of lease, got {self.heartbeat} and {self.lease}"
            )
