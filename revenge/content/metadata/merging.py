"""Makes one of two entities that are the same thing."""

from collections.abc import Collection, Mapping
from uuid import UUID

from revenge.content.library.ports import Connection
from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.models import Ids
from revenge.content.metadata.repository import EntityRepository
from revenge.content.metadata.statements import statements

_IN_ORDER = (
    "merge_external_ids",
    "merge_items",
    "merge_item_episodes",
    "merge_choices",
    "merge_watched",
    "merge_playback",
    "merge_arr_titles",
    "merge_credits",
)


def same_by_ids(entity_id: UUID, holders: Collection[UUID], ids: Mapping[UUID, Ids]) -> list[UUID]:
    """Return those of ``holders``, who each have an id of ``entity_id``, whose ids contradict none of it or of each other."""
    own = dict(ids[entity_id])
    same: list[UUID] = []
    for holder in sorted(holders):
        if all(own.get(provider, value) == value for provider, value in ids[holder].items()):
            own |= ids[holder]
            same.append(holder)
    return same


async def merge_entities(conn: Connection, keep_by_gone: Mapping[UUID, UUID]) -> None:
    """Move what others have to do with each key over to its value, and delete the keys; in the caller's transaction.

    Moved are ids that the other lacks, libraries' items, choices made by hand, what was watched and is playing, Radarr's and
    Sonarr's titles, and credits where there are none. What else providers say of the one that goes is dropped: of the one that
    stays it is known, or a refresh finds it out. Merge seasons and episodes of series before the series, in a call each.

    Raises:
        EntityGone: one of them does not exist.
        ValueError: one is to be merged into itself, or into one that goes.
    """
    if keep_by_gone.keys() & set(keep_by_gone.values()):
        message = "what is merged into must stay"
        raise ValueError(message)
    entities = EntityRepository()
    involved = {*keep_by_gone, *keep_by_gone.values()}
    missing = involved - await entities.lock(conn, involved)
    if missing:
        raise EntityGone(missing)
    gone, keep = list(keep_by_gone), list(keep_by_gone.values())
    for name in _IN_ORDER:
        await conn.execute(statements()[name], keep, gone)
    await entities.delete(conn, gone)
