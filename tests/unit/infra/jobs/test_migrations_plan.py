"""Which versions a migration touches."""

import pytest

from revenge.infra.jobs.migrations import Line, NewerVersions, UnknownVersion, Version
from revenge.infra.jobs.migrations.plan import plan_down, plan_up

LINE = Line(
    name="x", versions=tuple(Version(number=number, name=f"v{number}", up="", down="") for number in range(1, 6))
)


def up(applied: set[int], target: int | None = None) -> list[int]:
    return [version.number for version in plan_up(LINE, applied, target)]


def down(applied: set[int], target: int | None = None) -> list[int]:
    return [version.number for version in plan_down(LINE, applied, target)]


def test_up_applies_all_that_is_missing_lowest_first() -> None:
    assert up(set()) == [1, 2, 3, 4, 5]
    assert up({1, 2}) == [3, 4, 5]
    assert up({1, 2, 3, 4, 5}) == []


def test_up_fills_gaps() -> None:
    assert up({1, 3}) == [2, 4, 5]


def test_up_stops_at_the_target() -> None:
    assert up({1}, target=3) == [2, 3]


def test_up_to_an_applied_target_changes_nothing_even_below_it() -> None:
    assert up({1, 3}, target=3) == []


def test_up_leaves_versions_of_a_newer_program_alone() -> None:
    assert up({1, 2, 3, 4, 5, 6, 9}) == []
    assert up({1, 2, 3, 4, 9}) == [5]


@pytest.mark.parametrize("target", [-1, 0, 6])
def test_up_refuses_a_target_that_does_not_exist(target: int) -> None:
    with pytest.raises(UnknownVersion, match=f"no version {target}: its versions are 1 to 5"):
        up(set(), target=target)


def test_down_is_one_step_by_default() -> None:
    assert down({1, 2, 3}) == [3]
    assert down(set()) == []


def test_down_keeps_the_target() -> None:
    assert down({1, 2, 3, 4, 5}, target=2) == [5, 4, 3]


def test_down_to_nothing_takes_all_away() -> None:
    assert down({1, 2, 3}, target=0) == [3, 2, 1]


def test_down_below_a_newer_programs_version_is_refused() -> None:
    with pytest.raises(NewerVersions, match=r"does not know \(6, 9\)"):
        down({1, 2, 3, 4, 5, 6, 9})


@pytest.mark.parametrize("target", [-1, 6])
def test_down_refuses_a_target_that_does_not_exist(target: int) -> None:
    with pytest.raises(UnknownVersion):
        down({1}, target=target)
