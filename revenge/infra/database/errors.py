"""What can go wrong between Revenge and its PostgreSQL, named for what the caller concludes."""


class DatabaseError(Exception):
    """Root of this package's errors; its text is one line that says what to do."""


class PostgresNotFound(DatabaseError):
    """No PostgreSQL binaries that this machine can run were found."""


class DataDirectoryRefused(DatabaseError):
    """The data directory cannot or must not be used: another version's, another user's, not writable."""


class PostgresStartFailed(DatabaseError):
    """``initdb`` or ``postgres`` gave up, or was not ready in time."""


class PostgresStopFailed(DatabaseError):
    """The server did not end in time; it is left as it is."""


class DatabaseUnreachable(DatabaseError):
    """No connection could be made; the text names host, port and database, never the password."""
