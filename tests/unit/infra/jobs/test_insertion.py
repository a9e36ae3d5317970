"""From arguments and options to a new row: what is not said falls back, once for all jobs of one kind."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from revenge.infra.jobs import ClientConfig, InsertOpts, InvalidJob, JobArgs, JobState, UniqueOpts
from revenge.infra.jobs.insertion import Builder
from tests.fakes.engine import NOW, ActArgs


class Daily(JobArgs, kind="daily"):
    insert_opts = InsertOpts(queue="low", unique=UniqueOpts(by_period=timedelta(days=1)))
    number: int = 0


@pytest.fixture
def builder() -> Builder:
    return Builder(config=ClientConfig(max_attempts=9), now=NOW)


def test_what_nobody_says_is_rivers_and_the_clients(builder: Builder) -> None:
    row = builder.build(ActArgs(), None)
    shape = row.shape
    assert (shape.queue, shape.priority, shape.max_attempts, shape.state) == ("default", 1, 9, JobState.AVAILABLE)
    assert (shape.scheduled_at, shape.metadata, shape.tags, row.unique) == (NOW, "{}", (), None)


def test_a_time_of_another_zone_is_stored_in_utc(builder: Builder) -> None:
    at = datetime(2026, 5, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    row = builder.build(ActArgs(), InsertOpts(scheduled_at=at)).shape
    assert (row.scheduled_at, row.scheduled_at.tzinfo, row.state) == (at, UTC, JobState.SCHEDULED)


def test_empty_unique_options_leave_the_classs_own(builder: Builder) -> None:
    of_class = builder.build(Daily(), InsertOpts(unique=UniqueOpts())).unique
    assert of_class == builder.build(Daily(), None).unique
    assert of_class is not None
    assert of_class != builder.build(Daily(), InsertOpts(unique=UniqueOpts(by_args=True))).unique


def test_a_period_is_that_of_the_time_it_is_scheduled_for(builder: Builder) -> None:
    today, tomorrow = NOW.replace(hour=23), NOW.replace(hour=23) + timedelta(days=1)
    keys = [builder.build(Daily(), InsertOpts(scheduled_at=at)).unique for at in (today, tomorrow)]
    assert keys[0] == builder.build(Daily(), None).unique != keys[1]


def test_arguments_are_each_jobs_own_though_options_are_shared(builder: Builder) -> None:
    opts = InsertOpts(tags=["a_tag"])
    rows = [builder.build(ActArgs(number=number), opts) for number in range(3)]
    assert [row.args for row in rows] == [f'{{"what":"","number":{number}}}' for number in range(3)]


def test_arguments_of_no_kind_say_how_to_name_one(builder: Builder) -> None:
    class Nameless(JobArgs):
        pass

    with pytest.raises(InvalidJob, match=r"class Nameless\(JobArgs, kind=\.\.\.\)"):
        builder.build(Nameless(), None)
