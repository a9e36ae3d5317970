"""What libraries' events set going: matches of what scans found, and telling people how scans went."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Protocol
from uuid import UUID

from revenge.app.events.sinks import ActivityLog, Done, Happened, Notifications
from revenge.content.library.models import Library, LibraryFields, Scan, ScanStatus, show_path
from revenge.content.library.ports import Connection, FilesChanged


class FileListener(Protocol):
    """A feature that looks what files are: films, series. Each is asked about every library, and knows its own."""

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Files of one chunk changed; a fixed number of statements, however many."""
        ...

    async def scan_done(self, conn: Connection, library: Library) -> None:
        """All files of a library are known."""
        ...

    async def visibility_changed(self, conn: Connection, library_id: UUID) -> None:
        """A library was hidden, or restored: what it has is to be found no more, or again."""
        ...


class LibraryFanOut:
    """Passes events on, each within the transaction that makes it true."""

    def __init__(
        self, listeners: Sequence[FileListener], *, notifications: Notifications, activity: ActivityLog
    ) -> None:
        self._listeners = listeners
        self._notifications = notifications
        self._activity = activity

    async def scan_started(self, conn: Connection, scan: Scan, library: Library) -> None:
        """Tell who wants to hear of it."""
        await self._notifications.raise_event(conn, _happened("library.scan_started", scan, library))

    async def files_changed(self, conn: Connection, change: FilesChanged) -> None:
        """Have files matched."""
        for listener in self._listeners:
            await listener.files_changed(conn, change)

    async def scan_done(self, conn: Connection, scan: Scan, library: Library) -> None:
        """Have matched what still waits, and tell how it went."""
        for listener in self._listeners:
            await listener.scan_done(conn, library)
        await self._notifications.raise_event(conn, _happened("library.scan_done", scan, library))
        await self._activity.log(conn, _done(scan, library))

    async def scan_failed(self, conn: Connection, scan: Scan, library: Library) -> None:
        """Tell why; a scan that somebody cancelled is no news."""
        for listener in self._listeners:
            # What it found before it ended is true.
            await listener.scan_done(conn, library)
        if scan.status is ScanStatus.FAILED:
            await self._notifications.raise_event(conn, _happened("library.scan_failed", scan, library))
        await self._activity.log(conn, _done(scan, library))

    async def library_made(self, conn: Connection, library: Library) -> None:
        """Tell who wants to hear of it, and write down who made it."""
        await self._told(conn, library, "library.created")
        await self._activity.log(conn, _of_library("library.create", library))

    async def library_changed(self, conn: Connection, before: Library, after: Library) -> None:
        """Tell who wants to hear of it, and write down who changed what."""
        changes = _differences(before, after)
        if not changes:
            return
        await self._told(conn, after, "library.updated")
        await self._activity.log(conn, _of_library("library.update", after, changes))

    async def library_hidden(self, conn: Connection, library: Library) -> None:
        """Have what it holds found no more."""
        await self._visibility_changed(conn, library, "library.deleted")
        await self._activity.log(conn, _of_library("library.delete", library))

    async def library_restored(self, conn: Connection, library: Library) -> None:
        """Have what it holds found again."""
        await self._visibility_changed(conn, library, "library.restored")
        await self._activity.log(conn, _of_library("library.restore", library))

    async def _visibility_changed(self, conn: Connection, library: Library, type_: str) -> None:
        for listener in self._listeners:
            await listener.visibility_changed(conn, library.id)
        await self._told(conn, library, type_)

    async def _told(self, conn: Connection, library: Library, type_: str) -> None:
        data = {"library_id": str(library.id), "library_name": library.name, "library_type": library.type.value}
        await self._notifications.raise_event(conn, Happened(type=type_, data=data, target_id=library.id))


def _happened(type_: str, scan: Scan, library: Library) -> Happened:
    return Happened(type=type_, data=_data(scan, library), target_id=library.id)


def _data(scan: Scan, library: Library) -> Mapping[str, Any]:
    told = scan.to_dict()
    counts = ("files_seen", "added", "updated", "moved", "missing", "removed", "unmatched", "failed", "duration_s")
    return {
        "library_id": str(library.id),
        "library_name": library.name,
        "library_type": library.type.value,
        "scan_id": str(scan.id),
        "scan_type": scan.type.value,
        **{name: told[name] for name in counts},
        **({"error": scan.error_message} if scan.error_message else {}),
    }


def _done(scan: Scan, library: Library) -> Done:
    return Done(
        action="library.scan",
        resource_type="library",
        resource_id=str(library.id),
        metadata=_data(scan, library),
        success=scan.status is ScanStatus.COMPLETED,
        error_message=scan.error_message,
    )


def _of_library(action: str, library: Library, changes: Mapping[str, Any] | None = None) -> Done:
    return Done(action=action, resource_type="library", resource_id=str(library.id), changes=changes)


def _differences(before: Library, after: Library) -> Mapping[str, Any]:
    return {
        field.name: {"from": _shown(getattr(before, field.name)), "to": _shown(getattr(after, field.name))}
        for field in fields(LibraryFields)
        if getattr(before, field.name) != getattr(after, field.name)
    }


def _shown(value: object) -> object:
    return [show_path(path) for path in value] if isinstance(value, list) and _are_paths(value) else value


def _are_paths(values: list[Any]) -> bool:
    return all(isinstance(value, bytes) for value in values)
