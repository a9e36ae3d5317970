"""The composition root: all of it fits together, and any one part may be a fake."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from dependency_injector import providers
from pydantic import SecretStr

from revenge.app.bad_args import BadArgs
from revenge.app.configuration import (
    make_client_config,
    make_http_config,
    make_match_config,
    make_plugins,
    make_prober,
    make_scan_config,
    make_show_config,
)
from revenge.app.container import Container, build_container
from revenge.app.process import command_steps, server_steps, worker_steps
from revenge.app.settings import Settings
from revenge.app.settings.matching import Matching
from revenge.app.settings.model import JobLogs, Jobs, Library, Probe, QueueSettings, Retry, Server
from revenge.infra.jobs import ExponentialRetry, Job, JobArgs, JobLog, RiverRetry, Worker, Workers
from revenge.infra.jobs.outcome import LOG
from tests.fakes.engine import attempt


class FakeDatabase:
    """A database that nobody connects to."""

    pool: object = object()
    jobs_pool: object = object()

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def open_pools(self) -> None: ...

    async def close_pools(self) -> None: ...

    async def cut_connections(self) -> None: ...

    async def listen(self) -> Any: ...


class GreetArgs(JobArgs, kind="greet"):
    """No arguments."""


class GreetWorker(Worker[GreetArgs]):
    """Does nothing."""

    async def work(self, job: Job[GreetArgs]) -> None: ...


@pytest.fixture
def container() -> Container:
    found = build_container(Settings())
    found.database.override(providers.Object(FakeDatabase()))
    return found


def test_every_part_can_be_made_and_is_made_once(container: Container) -> None:
    for name, provider in container.providers.items():
        first = provider()
        if isinstance(provider, providers.Singleton):
            assert provider() is first, name


def test_overriding_one_provider_gives_a_test_its_fake(container: Container) -> None:
    fake = object()
    with container.prober.override(providers.Object(fake)):
        assert container.scans()._prober is fake


def test_engine_and_application_have_pools_of_their_own(container: Container) -> None:
    pools: list[object] = [container.client()._store.pool, container.library_repository()._pool]
    assert pools == [FakeDatabase.jobs_pool, FakeDatabase.pool]


def test_two_containers_share_nothing() -> None:
    first, second = build_container(Settings()), build_container(Settings())
    assert first.database() is not second.database()


def test_user_s_workers_take_the_place_of_ours() -> None:
    container = build_container(Settings(), workers=Workers([GreetWorker()]))
    container.database.override(providers.Object(FakeDatabase()))
    assert container.client().workers.kinds == ["greet"]


def test_our_own_kinds_are_those_that_the_documents_name(container: Container) -> None:
    assert set(container.workers().kinds) == {
        "activity_cleanup",
        "activity_log",
        "cleanup",
        "image_cleanup",
        "library_missing_cleanup",
        "library_scan_cleanup",
        "library_scan_reaper",
        "mail",
        "metadata_answer_cleanup",
        "metadata_download_image",
        "metadata_enrich_content",
        "metadata_refresh_episode",
        "metadata_refresh_movie",
        "metadata_refresh_person",
        "metadata_refresh_season",
        "metadata_refresh_stale",
        "metadata_refresh_tvshow",
        "movie_file_match",
        "movie_library_scan",
        "movie_search_index",
        "notification",
        "notification_cleanup",
        "periodic_library_scan",
        "playback_cleanup",
        "radarr_sync",
        "radarr_webhook",
        "search_check",
        "session_maintenance",
        "sonarr_sync",
        "sonarr_webhook",
        "stats_aggregation",
        "tvshow_file_match",
        "tvshow_library_scan",
        "tvshow_metadata_refresh",
        "tvshow_search_index",
        "tvshow_series_refresh",
    }


def test_steps_stand_in_the_order_of_what_they_stand_on(container: Container) -> None:
    command = [step.name for step in command_steps(container)]
    server = [step.name for step in server_steps(container)]
    assert command == ["database", "schema", "pools", "calls"]
    assert server == [
        "port",
        *command,
        "sharing",
        "prober",
        "scans",
        "segments",
        "heap",
        "engine",
        "alerts",
        "scan on start",
        "watching",
        "http",
    ]
    assert [step.name for step in worker_steps(container, media=False)] == [*command, "sharing", "heap", "engine"]


def test_steps_are_put_together_before_any_pool_is_open() -> None:
    assert [step.name for step in server_steps(build_container(Settings()))]


def test_server_that_works_no_jobs_starts_no_engine() -> None:
    container = build_container(Settings(jobs=Jobs(enabled=False)))
    container.database.override(providers.Object(FakeDatabase()))
    assert [step.name for step in server_steps(container)] == [
        "port",
        "database",
        "schema",
        "pools",
        "calls",
        "sharing",
        "http",
    ]


def test_prober_is_left_out_where_it_is_switched_off() -> None:
    container = build_container(Settings(library=Library(probe=Probe(enabled=False))))
    container.database.override(providers.Object(FakeDatabase()))
    assert container.prober() is None
    assert "prober" not in [step.name for step in worker_steps(container)]


def test_engine_is_configured_by_the_settings() -> None:
    jobs = Jobs(
        queues={"bulk": QueueSettings(workers=7), "low": QueueSettings(workers=0)},
        retry=Retry(max_attempts=4, initial_interval=timedelta(seconds=2)),
        timeout=timedelta(minutes=3),
        client_id="node-1",
    )
    config = make_client_config(Settings(jobs=jobs))
    assert config.queues == {"bulk": 7}
    assert config.client_id == "node-1"
    assert (config.max_attempts, config.timeout) == (4, timedelta(minutes=3))
    assert isinstance(config.retry_policy, ExponentialRetry)
    assert config.known_kinds_only
    assert isinstance(make_client_config(Settings()).retry_policy, RiverRetry)


async def test_logs_of_jobs_are_kept_without_secrets_unless_that_is_switched_off(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    assert [type(one) for one in make_plugins(Settings(jobs=Jobs(log=JobLogs(enabled=False))))] == [BadArgs]
    assert container.client().plugins.around_work
    kept, _ = make_plugins(Settings(jobs=Jobs(log=JobLogs(max_attempt_bytes=2048, max_total_bytes=1024))))
    assert isinstance(kept, JobLog)
    job = attempt().job
    assert job is not None
    caplog.set_level("INFO")

    async def work() -> None:
        logging.getLogger("mine").info("asked postgresql://me:hunter2@db", extra={"cookie": "hunter2", "tries": 2})

    await kept.around_work(job, work)
    [entry] = (job.staged or {})[LOG]
    assert entry["log"].endswith("INFO mine: asked postgresql://me:***@db cookie=*** tries=2\n")


def test_scans_are_configured_by_the_settings() -> None:
    config = make_scan_config(
        Settings(library=Library(missing_grace=timedelta(days=3), chunk_size=50, follow_symlinks=False))
    )
    assert (config.missing_grace, config.chunk_size, config.follow_links) == (timedelta(days=3), 50, False)


def test_films_and_series_are_matched_by_the_same_limits() -> None:
    settings = Settings(matching=Matching(min_confidence=0.9, min_lead=0.2))
    for match in (make_match_config(settings), make_show_config(settings).match):
        assert (match.min_confidence, match.min_lead) == (0.9, 0.2)


def test_missing_probe_library_switches_probing_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert make_prober(Settings()) is None


def test_server_s_own_names_are_always_served() -> None:
    config = make_http_config(
        Settings(server=Server(host="192.0.2.7", api_key=SecretStr("k" * 16), allowed_hosts=("films.example",)))
    )
    assert config.api_key == "k" * 16
    assert {"localhost", "127.0.0.1", "192.0.2.7", "films.example"} <= set(config.allowed_hosts)
