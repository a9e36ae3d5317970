"""Which runs of a periodic job are due, and what code may declare."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.cron import Cron, InvalidSchedule
from revenge.infra.jobs.models import InsertOpts
from revenge.infra.jobs.periodic import (
    Every,
    MissedPolicy,
    PeriodicJob,
    PeriodicJobs,
    Plan,
    Schedule,
    decide,
    describe,
    first_run,
    read_schedule,
)

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class CleanArgs(JobArgs, kind="clean"):
    days: int = 30


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return NOON.replace(hour=hour, minute=minute, second=second)


def hourly(after: datetime) -> datetime:
    return after + HOUR


def nightly(after: datetime) -> datetime | None:
    return Cron("0 3 * * *", zone="Europe/Berlin")(after)


def look(schedule: Schedule, policy: MissedPolicy, *, planned: datetime, now: datetime, most: int = 1000) -> Plan:
    return decide(schedule, policy, next_run_at=planned, now=now, tolerance=timedelta(minutes=1), most=most)


HOURLY: list[Schedule] = [Every(HOUR), Cron("0 * * * *"), Cron("@every 1h"), hourly]
each_way_to_say_hourly = pytest.mark.parametrize("schedule", HOURLY, ids=["every", "cron", "cron-every", "function"])


@pytest.mark.parametrize("policy", MissedPolicy)
@each_way_to_say_hourly
def test_before_its_time_nothing_is_due(schedule: Schedule, policy: MissedPolicy) -> None:
    assert look(schedule, policy, planned=at(12), now=at(11, 59, 59)) == Plan(runs=[], next_run_at=at(12))


@pytest.mark.parametrize("policy", MissedPolicy)
@each_way_to_say_hourly
def test_a_run_is_due_at_its_time_and_a_moment_later_and_the_plan_does_not_drift(
    schedule: Schedule, policy: MissedPolicy
) -> None:
    for now in (at(12), at(12, 0, 1), at(12, 1)):
        assert look(schedule, policy, planned=at(12), now=now) == Plan(runs=[at(12)], next_run_at=at(13))


@each_way_to_say_hourly
def test_missed_runs_are_skipped_made_up_for_once_or_all(schedule: Schedule) -> None:
    planned, now = at(8), at(11, 30)
    assert look(schedule, MissedPolicy.SKIP, planned=planned, now=now) == Plan(
        runs=[], next_run_at=at(12), is_missing=True
    )
    assert look(schedule, MissedPolicy.ONCE, planned=planned, now=now) == Plan(
        runs=[at(11)], next_run_at=at(12), is_missing=True
    )
    assert look(schedule, MissedPolicy.ALL, planned=planned, now=now) == Plan(
        runs=[at(8), at(9), at(10), at(11)], next_run_at=at(12)
    )


@each_way_to_say_hourly
def test_a_skipping_one_runs_when_only_its_latest_run_is_just_due(schedule: Schedule) -> None:
    assert look(schedule, MissedPolicy.SKIP, planned=at(8), now=at(11, 0, 30)) == Plan(
        runs=[at(11)], next_run_at=at(12), is_missing=True
    )


@each_way_to_say_hourly
def test_of_too_many_missed_runs_the_latest_are_made_up_for(schedule: Schedule) -> None:
    assert look(schedule, MissedPolicy.ALL, planned=at(1), now=at(11, 30), most=3) == Plan(
        runs=[at(9), at(10), at(11)], next_run_at=at(12), is_missing=True
    )
    assert look(schedule, MissedPolicy.ALL, planned=at(9), now=at(11, 30), most=3).is_missing is False


@pytest.mark.parametrize("schedule", [Every(SECOND), Cron("* * * * * *"), Cron("@every 1s")])
def test_years_of_missed_seconds_are_passed_over_quickly(schedule: Schedule) -> None:
    now = NOON + timedelta(days=3000)
    plan = look(schedule, MissedPolicy.ALL, planned=NOON, now=now, most=10)
    assert plan.runs == [now - index * SECOND for index in range(9, -1, -1)]
    assert plan.next_run_at == now + SECOND
    assert plan.is_missing


def test_a_function_that_missed_too_much_goes_on_from_now() -> None:
    calls = 0

    def each_second(after: datetime) -> datetime:
        nonlocal calls
        calls += 1
        return after + SECOND

    now = NOON + timedelta(days=3000)
    plan = look(each_second, MissedPolicy.SKIP, planned=NOON, now=now)
    assert plan == Plan(runs=[], next_run_at=now + SECOND, is_missing=True)
    assert calls < 11_000
    assert look(each_second, MissedPolicy.ALL, planned=NOON, now=now, most=10).is_missing


def test_the_last_run_of_all_leaves_nothing_planned() -> None:
    assert look(lambda _: None, MissedPolicy.ONCE, planned=NOON, now=NOON) == Plan(runs=[NOON], next_run_at=None)


def test_an_interval_that_leads_beyond_the_calendar_ends() -> None:
    assert Every(HOUR)(datetime(9999, 12, 31, 23, 30, tzinfo=UTC)) is None


@pytest.mark.parametrize("answer", [NOON, NOON - SECOND, NOON.replace(tzinfo=None) + HOUR])
def test_a_function_that_does_not_lead_forward_is_refused(answer: datetime) -> None:
    with pytest.raises(InvalidSchedule, match="must return an aware time later than"):
        look(lambda _: answer, MissedPolicy.ONCE, planned=NOON, now=NOON)


@given(
    schedule=st.sampled_from([*HOURLY, Cron("7,8,50 */3 * * *"), Cron("0 3 29 * MON"), Every(timedelta(minutes=13))]),
    policy=st.sampled_from(MissedPolicy),
    behind=st.integers(0, 40 * 24 * 3600),
    most=st.integers(1, 20),
)
def test_whatever_was_missed_the_plan_is_what_going_from_run_to_run_gives(
    schedule: Schedule, policy: MissedPolicy, behind: int, most: int
) -> None:
    now = NOON + timedelta(seconds=behind)
    due, run = [], schedule(NOON - timedelta(days=1)) or NOON
    planned = run
    while run <= now:
        due.append(run)
        run = schedule(run) or run
    plan = look(schedule, policy, planned=planned, now=now, most=most)
    assert plan.next_run_at == run
    if not due:
        assert plan.runs == []
    elif policy is MissedPolicy.ALL:
        assert plan.runs == due[-most:]
    elif policy is MissedPolicy.ONCE or now - due[-1] <= timedelta(minutes=1):
        assert plan.runs == due[-1:]
    else:
        assert plan.runs == []
    assert plan.is_missing == (len(plan.runs) < len(due))


def test_runs_are_planned_in_utc_wherever_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        run = Every(HOUR)(NOON.astimezone())
        planned = first_run(lambda after: after.astimezone() + HOUR, last_run_at=None, now=NOON)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert run == planned == at(13)
    assert run is not None
    assert planned is not None
    assert run.utcoffset() == planned.utcoffset() == timedelta(0)


def test_a_new_schedule_runs_first_after_now() -> None:
    assert first_run(Every(HOUR), last_run_at=None, now=NOON) == at(13)


def test_a_changed_schedule_counts_from_the_last_run_but_is_never_due_at_once() -> None:
    assert first_run(Every(3 * HOUR), last_run_at=at(10), now=NOON) == at(13)
    assert first_run(Every(HOUR), last_run_at=at(2), now=NOON) == at(13)
    assert first_run(Every(3 * HOUR), last_run_at=at(9), now=NOON) == at(15)
    assert first_run(Cron("0 11 * * *"), last_run_at=at(3), now=NOON) == at(11) + timedelta(days=1)


# What is declared


@pytest.mark.parametrize(
    ("schedule", "described"),
    [
        (Every(timedelta(days=1)), {"every_s": 86_400.0}),
        (Cron("*/5 * * * *", zone="Europe/Berlin"), {"cron": "*/5 * * * *", "zone": "Europe/Berlin"}),
        (Cron("@hourly"), {"cron": "@hourly"}),
    ],
)
def test_schedules_that_are_data_come_back_from_their_description(
    schedule: Schedule, described: dict[str, object]
) -> None:
    assert describe(schedule) == described
    assert read_schedule(described) == schedule


def test_a_function_is_described_by_its_name_and_stays_in_code() -> None:
    described = describe(nightly)
    assert described["function"].endswith("test_periodic:nightly")
    assert read_schedule(described) is None


def test_an_object_that_is_called_is_described_by_its_class() -> None:
    class Tides:
        def __call__(self, after: datetime) -> datetime:
            return after + HOUR

    assert describe(Tides())["function"].endswith("Tides")


def test_what_is_no_schedule_is_named() -> None:
    with pytest.raises(InvalidSchedule, match=r"^this is no schedule: \{'moon': 'full'\}$"):
        read_schedule({"moon": "full"})


@pytest.mark.parametrize("described", [{}, {"moon": "full"}, {"every_s": 0}, {"cron": "* *"}, {"every_s": "1"}])
def test_an_unreadable_description_is_refused(described: dict[str, object]) -> None:
    with pytest.raises(InvalidSchedule):
        read_schedule(described)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Every(timedelta(0)), "interval must be positive, got 0:00:00"),
        (lambda: PeriodicJob("x", Every(HOUR), CleanArgs()), "id has 2 to 127 letters, digits .*, got 'x'"),
        (lambda: PeriodicJob("two words", Every(HOUR), CleanArgs()), "got 'two words'"),
        (lambda: PeriodicJob("x" * 128, Every(HOUR), CleanArgs()), "2 to 127"),
    ],
)
def test_declarations_check_themselves(make: Callable[[], object], text: str) -> None:
    with pytest.raises(InvalidSchedule, match=text):
        make()


def test_a_second_job_of_an_id_is_refused_with_rivers_words() -> None:
    jobs = PeriodicJobs([PeriodicJob("clean", Every(HOUR), CleanArgs())])
    with pytest.raises(InvalidSchedule, match="periodic job with ID already registered: clean"):
        jobs.add(PeriodicJob("clean", Every(HOUR), CleanArgs()))
    jobs.remove("clean")
    jobs.add(again := PeriodicJob("clean", Every(2 * HOUR), CleanArgs()))
    assert list(jobs) == [again]


def test_a_job_that_was_taken_out_is_not_written_and_may_be_taken_out_again() -> None:
    jobs = PeriodicJobs([PeriodicJob("clean", Every(HOUR), CleanArgs())])
    jobs.remove("clean")
    jobs.remove("clean")
    assert jobs.undeclared() == []


def test_a_job_that_was_replaced_while_it_was_written_is_written_again() -> None:
    jobs = PeriodicJobs([old := PeriodicJob("clean", Every(HOUR), CleanArgs())])
    jobs.remove("clean")
    jobs.add(new := PeriodicJob("clean", Every(2 * HOUR), CleanArgs()))
    assert jobs.get("clean") is new
    jobs.declared([old])
    assert jobs.undeclared() == [new]
    jobs.declared([new])
    assert jobs.undeclared() == []


def test_jobs_are_marked_as_rivers_are_beside_their_own_metadata() -> None:
    opts = InsertOpts(queue="low", metadata={"mine": 1})
    built = PeriodicJob("clean", Every(HOUR), lambda: (CleanArgs(days=7), opts)).build()
    assert built is not None
    args, built_opts = built
    assert args == CleanArgs(days=7)
    assert built_opts.queue == "low"
    assert built_opts.metadata == {"mine": 1, "periodic": True, "river:periodic_job_id": "clean"}
    assert opts.metadata == {"mine": 1}


def test_options_of_the_declaration_hold_where_make_gives_none() -> None:
    built = PeriodicJob("clean", Every(HOUR), CleanArgs(), opts=InsertOpts(queue="bulk")).build()
    assert built is not None
    assert built[1].queue == "bulk"


def test_make_may_leave_a_run_out() -> None:
    assert PeriodicJob("clean", Every(HOUR), lambda: None).build() is None


def test_the_kind_is_known_where_no_function_decides_it() -> None:
    assert PeriodicJob("clean", Every(HOUR), CleanArgs()).kind == "clean"
    assert PeriodicJob("clean", Every(HOUR), CleanArgs).kind is None


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda wrong: Every(wrong), r"^interval must be a timedelta, .*got '1h'$"),
        (
            lambda wrong: PeriodicJob("clean", wrong, CleanArgs()),
            r"^the schedule of 'clean' must be Every\(\.\.\.\), Cron\(\.\.\.\) or a function, got '1h'$",
        ),
        (
            lambda wrong: PeriodicJob("clean", Every(HOUR), wrong),
            r"^make of 'clean' must be the arguments or a function that makes them, got '1h'$",
        ),
    ],
)
def test_what_is_of_another_type_is_refused_in_words(make: Callable[[Any], object], says: str) -> None:
    with pytest.raises(TypeError, match=says):
        make("1h")
