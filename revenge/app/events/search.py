"""Changes that search is to be told, as rows and one waiting job; and its rebuilds, as jobs."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from uuid_utils.compat import uuid7

from revenge.content.library.ports import Connection
from revenge.content.search.changes import ChangeLog
from revenge.content.search.jobs import MovieSearchIndexArgs, TVShowSearchIndexArgs
from revenge.content.search.models import Group
from revenge.infra.jobs import Client, InsertResult, JobArgs, JobNotFound, JobState


class SearchQueue:
    """Where features say what has changed. A job tells it: one that waits already will do, one that runs will not.

    No unique key decides that: it would make every transaction that has a change wait for the others.
    """

    def __init__(self, client: Client, changes: ChangeLog) -> None:
        self._client = client
        self._changes = changes

    async def touch(
        self,
        conn: Connection,
        *,
        movies: Collection[UUID] = (),
        series: Collection[UUID] = (),
        people: Collection[UUID] = (),
    ) -> None:
        """Index these anew once the caller's transaction has committed, or take them out where they are gone by then."""
        await self._touch(conn, Group.TVSHOWS, series)
        await self._touch(conn, Group.MOVIES, movies)
        await self._touch(conn, Group.PEOPLE, people)

    async def rebuild(self, groups: Sequence[Group]) -> Mapping[Group, int]:
        """Return the jobs that build these anew; one that waits or runs already is as good. People come with either."""
        wanted = [group for group in groups if group is not Group.PEOPLE] or [Group.MOVIES]
        return {group: (await self.reindex(group)).job.id for group in wanted}

    async def tell(self, group: Group) -> int:
        """Insert a job that tells a group's changes; return its id."""
        return (await self._client.insert(_teller(group))).job.id

    async def reindex(self, group: Group) -> InsertResult:
        """Insert the job that builds a group anew, unless one waits or runs."""
        args: JobArgs = (
            TVShowSearchIndexArgs(full_reindex=True)
            if group is Group.TVSHOWS
            else MovieSearchIndexArgs(operation="reindex")
        )
        return await self._client.insert(args)

    async def _touch(self, conn: Connection, group: Group, entities: Collection[UUID]) -> None:
        if not entities:
            return
        job_id = await self._changes.waiting_job(conn, group)
        if job_id is None or not await self._waits(conn, job_id):
            job_id = (await self._client.insert(_teller(group), conn=conn)).job.id
        await self._changes.put(conn, group, sorted(set(entities)), job_id=job_id)

    async def _waits(self, conn: Connection, job_id: int) -> bool:
        try:
            row = await self._client.get(job_id, conn=conn)
        except JobNotFound:
            return False
        return not row.is_final and row.state is not JobState.RUNNING


def _teller(group: Group) -> JobArgs:
    """Return the job that tells a group's changes; people's are told by films'."""
    if group is Group.TVSHOWS:
        return TVShowSearchIndexArgs(change=uuid7())
    return MovieSearchIndexArgs(operation="index", change=uuid7())
