"""What can go wrong with libraries and their scans."""

from uuid import UUID


class LibraryError(Exception):
    """Anything a caller of this package may want to tell a person."""


class LibraryNotFound(LibraryError):
    """No library has this id or name, or it was deleted."""

    def __init__(self, library: UUID | str) -> None:
        super().__init__(f"there is no library {library}")
        self.library = library


class LibraryBusy(LibraryError):
    """Somebody restores or forgets the library at this moment."""

    def __init__(self, library_id: UUID) -> None:
        super().__init__(f"library {library_id} is being restored or forgotten: look again in a moment")
        self.library_id = library_id


class LibraryNameTaken(LibraryError):
    """Another library has this name, in whatever case."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a library named {name!r} already; choose another name, or give that library one")
        self.name = name


class InvalidLibrary(LibraryError):
    """A field of a library cannot be what was asked for."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class ScanNotFound(LibraryError):
    """The library has no scan of this id."""

    def __init__(self, scan_id: UUID) -> None:
        super().__init__(f"there is no scan {scan_id} of this library")
        self.scan_id = scan_id


class ScanConflict(LibraryError):
    """A scan of the library is waiting or running already; ``scan_id`` is None while its job waits without a row."""

    def __init__(self, *, library_id: UUID, scan_id: UUID | None, job_id: int | None) -> None:
        super().__init__(
            f"library {library_id} is being scanned: scan {scan_id}, job {job_id}; wait for it or cancel it"
        )
        self.library_id = library_id
        self.scan_id = scan_id
        self.job_id = job_id


class ScanBusy(ScanConflict):
    """Another run holds the library's scan; the same call works when that has ended."""


class PathOutsideLibrary(LibraryError):
    """A scan was asked to walk what is in none of the library's folders."""

    def __init__(self, path: bytes, library: str) -> None:
        super().__init__(f"{path.decode(errors='replace')} is outside of the library {library!r}")
        self.path = path


class ScanFailed(LibraryError):
    """The scan cannot be done, and trying again at once would not help; its row says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnscannableLibrary(ScanFailed):
    """Libraries of this type hold what no scan can read yet."""

    def __init__(self, library_type: str) -> None:
        super().__init__(f"libraries of type {library_type} cannot be scanned")


class WrongLibraryType(LibraryError):
    """The library holds something else than what is to be done is for."""

    def __init__(self, library: str, library_type: str) -> None:
        super().__init__(f"the library {library!r} is of type {library_type}: that is done for others alone")
        self.library_type = library_type


class ScanLost(LibraryError):
    """This run may not write any more: another took the scan over, or it was cancelled or its library deleted."""

    def __init__(self, scan_id: UUID) -> None:
        super().__init__(f"scan {scan_id} is no longer this run's")
        self.scan_id = scan_id
