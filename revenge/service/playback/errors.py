"""What can go wrong with playing."""

from uuid import UUID


class PlaybackError(Exception):
    """Anything a caller of this package may want to tell a person."""


class NothingToPlay(PlaybackError):
    """There is no such film, episode or file, or not for this account."""

    def __init__(self, entity_id: UUID) -> None:
        super().__init__(f"there is no film, episode or file {entity_id}")


class NotWatched(PlaybackError):
    """The account has not watched any of it."""

    def __init__(self, entity_id: UUID) -> None:
        super().__init__(f"you have watched nothing of {entity_id} yet")


class WrongFile(PlaybackError):
    """The file is none of the film or the episode."""

    def __init__(self, file_id: UUID, entity_id: UUID) -> None:
        super().__init__(f"the file {file_id} is none of {entity_id}")


class BeyondTheEnd(PlaybackError):
    """Nobody can be there: it ends before."""

    def __init__(self, position_s: int, duration_s: int) -> None:
        super().__init__(f"position_s is {position_s}, beyond the end after {duration_s} seconds")


class PlaybackNotFound(PlaybackError):
    """The account plays nothing by this id, or no longer."""

    def __init__(self, playback_id: UUID) -> None:
        super().__init__(f"nothing is played as {playback_id}, or no longer: start it again")


class TooManyPlaybacks(PlaybackError):
    """The account plays as much as it may."""

    def __init__(self, most: int) -> None:
        super().__init__(f"an account plays at most {most} things at once: stop one first")
