"""What callers of the film package may act on."""

from uuid import UUID


class MovieNotFound(Exception):
    """There is no such film, or whoever asks may not see it."""

    def __init__(self, movie_id: UUID) -> None:
        self.movie_id = movie_id
        super().__init__(f"there is no film {movie_id}")


class CollectionNotFound(Exception):
    """There is no such collection."""

    def __init__(self, collection_id: UUID) -> None:
        self.collection_id = collection_id
        super().__init__(f"there is no collection {collection_id}")


class ItemNotFound(Exception):
    """The library has no such item."""

    def __init__(self, item_id: UUID) -> None:
        self.item_id = item_id
        super().__init__(f"the library has no item {item_id}")


class CandidateNotFound(Exception):
    """The item has no such candidate."""

    def __init__(self, item_id: UUID, position: int) -> None:
        self.item_id = item_id
        self.position = position
        super().__init__(f"the item {item_id} has no candidate {position}; candidates change when it is matched anew")


class WrongChoice(Exception):
    """What was chosen cannot be: of another kind, or an id that is none."""


class FileNotKnown(Exception):
    """No library has the file, so nobody may look at it. Final until a scan finds it."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"no library knows the file {path}; scan its library first")


class FileNamesNothing(Exception):
    """Neither the file's name nor an NFO file says what film it is, or it is no film. Final until either changes."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        super().__init__(f"{path}: {reason}")
