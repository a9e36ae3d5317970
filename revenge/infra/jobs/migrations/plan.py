"""Which versions a migration touches: pure decisions over what is applied."""

from collections.abc import Collection

from .errors import NewerVersions, UnknownVersion
from .lines import Line, Version


def plan_up(line: Line, applied: Collection[int], target: int | None) -> tuple[Version, ...]:
    """Return the versions to apply, lowest first; versions that only the database knows are left alone.

    A target that is applied already plans nothing, though earlier versions may be missing: as River does.

    Raises:
        UnknownVersion: the line has no version ``target``.
    """
    if target is not None:
        if not 1 <= target <= line.latest:
            raise UnknownVersion(line.name, target, line.latest)
        if target in applied:
            return ()
    last = line.latest if target is None else target
    return tuple(version for version in line.versions if version.number <= last and version.number not in applied)


def plan_down(line: Line, applied: Collection[int], target: int | None) -> tuple[Version, ...]:
    """Return the versions to take away, highest first: down to ``target``, which stays, or one step without it.

    Raises:
        UnknownVersion: the line has no version ``target`` (0 is allowed: nothing stays).
        NewerVersions: the database has versions above that this program does not know.
    """
    if target is not None and not 0 <= target <= line.latest:
        raise UnknownVersion(line.name, target, line.latest)
    newer = unknown(line, applied)
    if newer:
        raise NewerVersions(line.name, newer)
    present = [version for version in reversed(line.versions) if version.number in applied]
    if target is None:
        return tuple(present[:1])
    return tuple(version for version in present if version.number > target)


def unknown(line: Line, applied: Collection[int]) -> tuple[int, ...]:
    """Return the applied versions that the line does not have, in order."""
    return tuple(sorted(number for number in applied if not 1 <= number <= line.latest))
