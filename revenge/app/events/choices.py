"""What people choose by hand, as the activity log keeps it."""

from revenge.app.events.sinks import Done
from revenge.content.library.ports import ChoiceMade


def choice_done(feature: str, made: ChoiceMade) -> Done:
    """Return the entry of a choice: found under what was chosen, as far as something was.

    Args:
        feature: ``movie`` or ``tvshow``, as in the other actions of the feature.
    """
    of = "episode" if made.is_episode else feature
    return Done(
        action=f"{feature}.choose",
        resource_type=of if made.entity_id else "library",
        resource_id=str(made.entity_id or made.library_id),
        changes={
            "choice": made.kind.value,
            "library_id": str(made.library_id),
            "item_ids": [str(item_id) for item_id in made.item_ids],
        },
    )
