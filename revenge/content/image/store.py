"""Pictures on this node's disk, by the hash of their content; smaller ones lie beside what they were made of."""

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{64}")
_PART = ".part"


class ImageStore:
    """Blocking, for a thread; a file is there whole or not at all, whoever is killed while it is written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, hash: str, size: str = "") -> Path:
        """Return where a picture is, or would be.

        Raises:
            ValueError: ``hash`` is none.
        """
        if not _HASH.fullmatch(hash):
            raise ValueError(f"not a hash: {hash!r}")
        name = f"{hash}.{size}" if size else hash
        return self._folder / hash[:2] / hash[2:4] / name

    def put(self, data: bytes) -> str:
        """Keep ``data``, and return its hash."""
        found = hashlib.sha256(data).hexdigest()
        self.put_as(self.path(found), data)
        return found

    def put_as(self, path: Path, data: bytes) -> None:
        """Write a file whole: beside its place first, and moved there when it is on the disk."""
        if path.exists():
            os.utime(path)  # it is in use: see `files`
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(suffix=_PART, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise

    def read(self, path: Path) -> bytes | None:
        """Return a file's content; None where this node does not have it."""
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None

    def files(self, *, older_than: float) -> Iterator[tuple[str, Path]]:
        """Yield files written before ``older_than`` (seconds of the epoch), with their hash; "" where one broke off."""
        for path in sorted(self._folder.glob("??/??/*")):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < older_than:
                    yield ("" if path.suffix == _PART else path.name.partition(".")[0]), path
