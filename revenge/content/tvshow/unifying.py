"""Makes one series of two that are the same: seasons and episodes by their numbers, then the series."""

from collections.abc import Sequence
from uuid import UUID

from revenge.content.library.ports import Connection
from revenge.content.metadata.merging import merge_entities, same_by_ids
from revenge.content.metadata.repository import Clash, EntityRepository
from revenge.content.tvshow.statements import statements


async def merge_series(conn: Connection, keep: UUID, gone: Sequence[UUID]) -> None:
    """Move all that libraries and people have to do with series over to ``keep``, and delete them.

    An episode of the same number takes over what the other has; one that ``keep`` lacks moves with its season.

    Raises:
        EntityGone: one of them does not exist.
    """
    sql = statements()
    for other in gone:
        await conn.execute(sql["merge_seasons_missing"], keep, other)
        await conn.execute(sql["merge_episodes_missing"], keep, other)
        for name in ("merge_episode_pairs", "merge_season_pairs"):
            pairs = {row["gone"]: row["keep"] for row in await conn.fetch(sql[name], keep, other)}
            if pairs:
                await merge_entities(conn, pairs)
        await conn.execute(sql["merge_networks"], keep, other)
        await merge_entities(conn, {other: keep})


async def unite(conn: Connection, series_id: UUID, clashes: Sequence[Clash]) -> list[UUID]:
    """Take in series that have an id of this one, and none that contradicts; return them. Others are left alone."""
    holders = {clash.holder_id for clash in clashes if clash.entity_id == series_id}
    if not holders:
        return []
    same = same_by_ids(series_id, holders, await EntityRepository().ids_of(conn, {series_id, *holders}))
    if same:
        await merge_series(conn, series_id, same)
    return same
