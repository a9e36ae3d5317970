"""What runs on schedule: declared once, changeable by the settings, never without somebody who works it."""

from datetime import timedelta
from pathlib import Path

import pytest
from dependency_injector import providers

from revenge.app.container import build_container
from revenge.app.periodic import PERIODIC, make_periodic
from revenge.app.settings import Settings, SettingsError, load_settings
from revenge.app.settings.auth import Playback
from revenge.app.settings.periodic import SCHEDULES, Schedule, default_schedules
from revenge.infra.jobs import Cron, Every, JobArgs, MissedPolicy, PeriodicJob, Workers


def declared(settings: Settings | None = None) -> dict[str, PeriodicJob]:
    wanted = settings or Settings()
    container = build_container(wanted)
    container.database.override(providers.Object(_NoDatabase()))
    return {job.id: job for job in make_periodic(wanted, container.workers())}


class _NoDatabase:
    pool: object = object()
    jobs_pool: object = object()


def load(tmp_path: Path, text: str, **env: str) -> Settings:
    path = tmp_path / "revenge.yaml"
    path.write_text(text)
    return load_settings(path, env)


def test_every_periodic_job_has_a_default_schedule_and_every_schedule_a_job() -> None:
    assert sorted(planned.id for planned in PERIODIC) == sorted(SCHEDULES)


def test_every_kind_that_is_planned_has_a_worker_and_makes_its_arguments() -> None:
    container = build_container(Settings())
    container.database.override(providers.Object(_NoDatabase()))
    for planned in PERIODIC:
        assert planned.kind.kind in container.workers().kinds, planned.id
        assert isinstance(planned.make(Settings()), planned.kind)


def test_daily_run_that_fell_into_a_downtime_is_made_up_for_once() -> None:
    """W03: daily jobs run although the server is restarted every day."""
    dailies = [job for job in declared().values() if job.id.endswith("_daily")]
    assert dailies
    assert {job.missed for job in dailies} == {MissedPolicy.ONCE}


def test_frequent_run_that_was_missed_is_not_made_up_for() -> None:
    assert declared()["periodic_library_scan"].missed is MissedPolicy.SKIP


def test_process_that_works_other_kinds_declares_none_of_ours() -> None:
    """W04: nothing inserts what nobody works."""
    assert make_periodic(Settings(), Workers([])) == []


def test_one_that_is_switched_off_is_not_declared() -> None:
    off = Settings(periodic={**default_schedules(), "scan_reaper": Schedule(schedule="5m", enabled=False)})
    assert "scan_reaper" not in declared(off)


def test_schedules_are_changed_by_file_and_environment(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "periodic: {library_scan_cleanup_daily: {schedule: '30 4 * * *', zone: Europe/Berlin}}",
        REVENGE_PERIODIC__SCAN_REAPER__SCHEDULE="90s",
        REVENGE_PERIODIC__PERIODIC_LIBRARY_SCAN__ENABLED="no",
    )
    jobs = declared(settings)
    assert jobs["library_scan_cleanup_daily"].schedule == Cron("30 4 * * *", "Europe/Berlin")
    assert jobs["scan_reaper"].schedule == Every(timedelta(seconds=90))
    assert "periodic_library_scan" not in jobs


@pytest.mark.parametrize("wrong", ["often", "0s", "61 * * * *", "5", "* * *"])
def test_schedule_that_is_none_stops_the_start(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(SettingsError, match="cron expression"):
        load(tmp_path, f"periodic: {{scan_reaper: {{schedule: '{wrong}'}}}}")


def test_unknown_periodic_job_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="scan_reaper"):
        load(tmp_path, "periodic: {scan_raeper: {schedule: 5m}}")


def test_unknown_time_zone_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"scan_reaper\.zone: found 'Mars/Olympus'"):
        load(tmp_path, "periodic: {scan_reaper: {schedule: '5 * * * *', zone: Mars/Olympus}}")


def test_arguments_are_made_for_a_kind() -> None:
    for planned in PERIODIC:
        assert issubclass(planned.kind, JobArgs)


def test_playback_that_is_switched_off_has_neither_worker_nor_schedule() -> None:
    """W04: no job is inserted that nobody works."""
    off = Settings(playback=Playback(enabled=False))
    assert "playback_health_check" not in declared(off)
    assert "playback_health_check" in declared()
    container = build_container(off)
    container.database.override(providers.Object(_NoDatabase()))
    assert "playback_cleanup" not in container.workers().kinds
