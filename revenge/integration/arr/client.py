"""What both programs are asked alike, over one caller."""

from datetime import timedelta

from pydantic import TypeAdapter

from revenge.infra.http.caller import Caller
from revenge.infra.http.config import Bounds
from revenge.integration.arr.spool import Spool
from revenge.integration.arr.wire import QualityProfile, RootFolder, SystemStatus

API = "/api/v3"
LIST_BOUNDS = Bounds(
    connect=timedelta(seconds=10),
    read=timedelta(minutes=2),
    total=timedelta(minutes=5),
    max_bytes=4 * 1024**3,
)
"""A list of all titles: it is put together before its first byte comes, and may be long; it goes to disk, not to memory."""

_STATUS = TypeAdapter(SystemStatus)
_PROFILES = TypeAdapter(list[QualityProfile])
_FOLDERS = TypeAdapter(list[RootFolder])


class ArrClient:
    """The program itself, its profiles and its folders. Every call asks: nothing is kept."""

    def __init__(self, caller: Caller, *, list_bounds: Bounds = LIST_BOUNDS) -> None:
        self._caller = caller
        self._list_bounds = list_bounds

    async def status(self) -> SystemStatus:
        """Return what the program says of itself; errors are those of ``Caller``, as for all calls here."""
        return await self._caller.get(f"{API}/system/status", _STATUS)

    async def quality_profiles(self) -> list[QualityProfile]:
        """Return its quality profiles."""
        return await self._caller.get(f"{API}/qualityprofile", _PROFILES)

    async def root_folders(self) -> list[RootFolder]:
        """Return the folders that it puts titles in, as it sees them."""
        return await self._caller.get(f"{API}/rootfolder", _FOLDERS)

    async def spool(self, path: str, into: Spool) -> None:
        """Read a list of titles into ``into``, however long."""
        async with self._caller.stream("GET", f"{API}{path}", bounds=self._list_bounds) as answer:
            await into.fill(self._caller.name, answer.chunks())
