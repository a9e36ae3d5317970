"""Decides which episodes of a series an item is of: by number, by running number, by day, by title. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from revenge.content.metadata.scoring import likeness_of
from revenge.content.tvshow.models import Item, Known

NAMED_FROM: Final = 1000
"""Specials that only a title names get numbers from here on, where no provider's are: those it may tell of later."""
_TITLE_FROM = 0.85
_TITLE_MARGIN = 0.05
_ZONE = timedelta(days=1)
"""A programme of the evening is of the next day elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanting:
    """An episode that nobody has told of, to be made."""

    season: int
    number: int
    absolute: int | None = None
    air_date: date | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Which episodes an item is of."""

    found: tuple[UUID, ...] = ()
    wanting: tuple[Wanting, ...] = ()
    how: str = ""
    """``number``, ``absolute``, ``air_date``, ``title``; ``new`` behind it where the episode is not known."""


class Index:
    """The episodes of a series, to be found."""

    def __init__(self, episodes: Iterable[Known], *, complete: bool = False) -> None:
        """``complete``: a provider told of all seasons, so that episodes can be counted through."""
        self.episodes = sorted(episodes, key=lambda each: (each.season, each.number))
        self.complete = complete
        self._by_number = {(each.season, each.number): each for each in self.episodes}
        self._by_absolute = {each.absolute: each for each in self.episodes if each.absolute is not None and each.season}
        if complete and not any(each.absolute is not None and each.told for each in self.episodes):
            aired = [each for each in self.episodes if each.season and each.told]
            self._by_absolute = dict(enumerate(aired, start=1)) | self._by_absolute
        self._by_date: dict[date, list[Known]] = {}
        for each in self.episodes:
            if each.air_date is not None:
                self._by_date.setdefault(each.air_date, []).append(each)

    def by_number(self, season: int, number: int) -> Known | None:
        """Return the episode of a season and a number."""
        return self._by_number.get((season, number))

    def by_absolute(self, number: int) -> Known | None:
        """Return the episode that is the nth of all but the specials."""
        return self._by_absolute.get(number)

    def by_running(self, season: int, number: int) -> Known | None:
        """Return the episode of a season that ``number`` counts through all seasons.

        None where it may as well be the season's next one, which no provider told of yet.
        """
        last = max((each.number for each in self.episodes if each.season == season), default=0)
        found = self.by_absolute(number) if self.complete and season and number > last + 1 else None
        return found if found is not None and found.season == season else None

    def by_date(self, day: date) -> Sequence[Known]:
        """Return the episodes of a day; where there are none, the only one of the days around it."""
        exact = self._by_date.get(day, [])
        if exact:
            return exact
        around = [*self._by_date.get(day - _ZONE, []), *self._by_date.get(day + _ZONE, [])]
        return around if len(around) == 1 else []

    def by_title(self, season: int, title: str) -> Known | None:
        """Return the one episode of a season whose title is much like ``title``."""
        ranked = sorted(
            ((likeness_of(title, each.title), each) for each in self.episodes if each.season == season and each.title),
            key=lambda pair: -pair[0],
        )
        if not ranked or ranked[0][0] < _TITLE_FROM:
            return None
        return ranked[0][1] if len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= _TITLE_MARGIN else None

    def free_special(self, season: int, taken: Iterable[tuple[int, int]] = ()) -> int:
        """Return a number for an episode that has none; ``taken`` are given out, too."""
        used = [number for at, number in (*self._by_number, *taken) if at == season and number >= NAMED_FROM]
        return max(used, default=NAMED_FROM) + 1


def needs_all(item: Item, index: Index) -> bool:
    """Return whether ``item`` can only be placed once a provider has told of every season."""
    if index.complete:
        return False
    if item.season is not None and item.episodes and item.air_date is None:
        # A number that is in no season's range may be a running one in a season's folder.
        return any(number > 99 and index.by_number(item.season, number) is None for number in item.episodes)
    placed = place(item, index)
    return bool(placed.wanting)


def place(item: Item, index: Index, taken: Iterable[tuple[int, int]] = ()) -> Placement:
    """Return the episodes of an item, those that are to be made among them; ``taken`` are numbers given out already."""
    if item.air_date is not None and not item.episodes:
        return _by_date(item, item.air_date, index)
    if item.season is None and (item.absolute or item.episodes):
        return _by_absolute(item, item.absolute or item.episodes, index)
    if item.season is not None and item.episodes:
        return _by_number(item, item.season, index)
    if item.season is not None and item.episode_title:
        return _by_title(item, item.season, item.episode_title, index, taken)
    return Placement()


def _by_number(item: Item, season: int, index: Index) -> Placement:
    known = [index.by_number(season, number) for number in item.episodes]
    found = tuple(each.id for each in known if each is not None)
    if len(found) == len(known):
        return Placement(found=found, how="number")
    running = [index.by_running(season, number) for number in item.episodes]
    if not found and all(each is not None for each in running):
        return Placement(found=tuple(each.id for each in running if each is not None), how="absolute")
    absolute = dict(zip(item.episodes, item.absolute, strict=False))
    wanting = tuple(
        Wanting(season=season, number=number, absolute=absolute.get(number), title=_own_title(item))
        for number, each in zip(item.episodes, known, strict=True)
        if each is None
    )
    return Placement(found=found, wanting=wanting, how="number, new")


def _by_absolute(item: Item, numbers: Sequence[int], index: Index) -> Placement:
    known = [index.by_absolute(number) or index.by_number(1, number) for number in numbers]
    found = tuple(each.id for each in known if each is not None)
    wanting = tuple(
        Wanting(season=1, number=number, absolute=number, title=_own_title(item))
        for number, each in zip(numbers, known, strict=True)
        if each is None
    )
    return Placement(found=found, wanting=wanting, how="absolute, new" if wanting else "absolute")


def _by_date(item: Item, day: date, index: Index) -> Placement:
    same_day = index.by_date(day)
    if len(same_day) > 1 and item.episode_title:
        titled = max(same_day, key=lambda each: likeness_of(item.episode_title or "", each.title or ""))
        same_day = [titled]
    if same_day:
        return Placement(found=(same_day[0].id,), how="air_date")
    # Until somebody tells its number: seasons of daily shows are often years, and the day is unlike any other.
    number = day.month * 100 + day.day
    known = index.by_number(day.year, number)
    if known is not None:
        return Placement(found=(known.id,), how="air_date")
    wanting = Wanting(season=day.year, number=number, air_date=day, title=item.episode_title)
    return Placement(wanting=(wanting,), how="air_date, new")


def _by_title(item: Item, season: int, title: str, index: Index, taken: Iterable[tuple[int, int]]) -> Placement:
    known = index.by_title(season, title)
    if known is None and season:
        known = index.by_title(0, title)
    if known is not None:
        return Placement(found=(known.id,), how="title")
    wanting = Wanting(season=season, number=index.free_special(season, taken), title=title)
    return Placement(wanting=(wanting,), how="title, new")


def _own_title(item: Item) -> str | None:
    """Return the title that is the episode's, and not that of one of several."""
    return item.episode_title if len(item.episodes or item.absolute) == 1 else None
