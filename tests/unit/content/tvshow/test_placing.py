"""Which episodes an item is of, whatever its name tells of them."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from revenge.content.tvshow.models import Item, Known
from revenge.content.tvshow.placing import NAMED_FROM, Index, Wanting, needs_all, place


def item(**values: Any) -> Item:
    return Item(id=uuid4(), key="episode:show::x", series_key="episode:show:", title="Show", **values)


def known(season: int, number: int, **values: Any) -> Known:
    return Known(id=UUID(int=season * 10_000 + number), season=season, number=number, told=True, **values)


def at(season: int, *numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=season * 10_000 + number) for number in numbers)


SEASONS = [known(season, number) for season in (1, 2) for number in range(1, 13)]
ALL = Index(SEASONS, complete=True)


def test_number_of_a_season_is_that_episode() -> None:
    assert place(item(season=2, episodes=(3,)), ALL).found == at(2, 3)


def test_several_episodes_of_one_file_are_all_found() -> None:  # W23
    placed = place(item(season=1, episodes=(1, 2, 3)), ALL)
    assert (placed.found, placed.wanting) == (at(1, 1, 2, 3), ())


def test_episode_that_nobody_told_of_is_made_with_the_name_s_title() -> None:
    placed = place(item(season=2, episodes=(13,), episode_title="Lost"), ALL)
    assert placed.wanting == (Wanting(season=2, number=13, title="Lost"),)
    several = place(item(season=2, episodes=(12, 13), episode_title="Lost"), ALL)
    assert (several.found, several.wanting) == (at(2, 12), (Wanting(season=2, number=13),))


def test_running_number_is_counted_through_the_seasons() -> None:  # W23
    placed = place(item(episodes=(15,), absolute=(15,)), ALL)
    assert (placed.found, placed.how) == (at(2, 3), "absolute")


def test_provider_s_running_numbers_win_over_counting() -> None:
    index = Index([known(1, 1, absolute=5), known(1, 2, absolute=6)], complete=True)
    assert place(item(absolute=(6,), episodes=(6,)), index).found == at(1, 2)
    assert place(item(absolute=(7,), episodes=(7,)), index).wanting == (Wanting(season=1, number=7, absolute=7),)


def test_running_number_in_a_season_s_folder_is_a_running_number() -> None:
    assert place(item(season=2, episodes=(20,)), ALL).found == at(2, 8)
    # In a season that has such a number it is that.
    assert place(item(season=2, episodes=(10,)), ALL).found == at(2, 10)


def test_specials_are_not_counted_through() -> None:
    index = Index([known(0, 1), *SEASONS], complete=True)
    assert place(item(absolute=(1,), episodes=(1,)), index).found == at(1, 1)


DAY = date(2024, 1, 15)


@pytest.mark.parametrize("aired", [DAY, DAY - timedelta(days=1), DAY + timedelta(days=1)])
def test_day_is_the_episode_of_it_or_of_a_day_beside_it(aired: date) -> None:  # W23
    index = Index([known(29, 1, air_date=aired), known(29, 2, air_date=DAY + timedelta(days=9))], complete=True)
    assert place(item(season=2024, air_date=DAY), index).found == at(29, 1)


def test_of_two_on_one_day_the_title_tells() -> None:
    index = Index([known(1, 1, air_date=DAY, title="One"), known(1, 2, air_date=DAY, title="Two")], complete=True)
    assert place(item(air_date=DAY, episode_title="two"), index).found == at(1, 2)


def test_day_that_nobody_told_of_is_an_episode_of_its_year() -> None:
    first = place(item(season=2024, air_date=DAY), ALL)
    assert first.wanting == (Wanting(season=2024, number=115, air_date=DAY),)
    made = Index([known(2024, 115)])
    assert place(item(season=2024, air_date=DAY), made).found == at(2024, 115)


def test_special_is_found_by_its_title() -> None:  # W23
    index = Index([known(0, 4, title="The Making Of"), known(0, 5, title="Gag Reel")], complete=True)
    assert place(item(season=0, episode_title="The making of"), index).found == at(0, 4)
    assert place(item(season=0, episodes=(5,)), index).found == at(0, 5)


def test_special_of_an_unknown_title_gets_a_number_that_is_nobody_s() -> None:
    index = Index([known(0, 4, title="The Making Of")])
    placed = place(item(season=0, episode_title="Christmas"), index, taken=[(0, NAMED_FROM + 1)])
    assert placed.wanting == (Wanting(season=0, number=NAMED_FROM + 2, title="Christmas"),)


def test_name_that_says_nothing_is_placed_nowhere() -> None:
    placed = place(item(season=1), ALL)
    assert (placed.found, placed.wanting) == ((), ())


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({"season": 1, "episodes": (3,)}, False),
        ({"season": 9, "episodes": (3,)}, False),
        ({"season": 21, "episodes": (1001,)}, True),
        ({"absolute": (1001,), "episodes": (1001,)}, True),
        ({"air_date": DAY, "season": 2024}, True),
        ({"season": 0, "episode_title": "Christmas"}, True),
    ],
)
def test_provider_is_asked_for_all_seasons_only_where_a_number_does_not_do(
    values: dict[str, Any], needed: bool
) -> None:
    assert needs_all(item(**values), Index([])) is needed
    assert not needs_all(item(**values), ALL)
