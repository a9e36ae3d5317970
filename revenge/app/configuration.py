"""Settings, as the parts want them."""

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import structlog

from revenge.app.bad_args import BadArgs
from revenge.app.enqueue import ScanQueue
from revenge.app.http.config import LOOPBACK_HOSTS, HttpConfig
from revenge.app.http.services import ServerView
from revenge.app.settings import Settings
from revenge.content.library.live import LibraryWatching, WatchConfig
from revenge.content.library.probe import Prober
from revenge.content.library.scans import ScanConfig
from revenge.content.library.service import LibraryService
from revenge.content.library.upkeep import UpkeepConfig
from revenge.content.metadata.people import PeopleConfig
from revenge.content.metadata.scoring import MatchConfig
from revenge.content.movie.refreshing import RefreshConfig
from revenge.content.tvshow.config import FAME, ShowConfig
from revenge.infra.jobs import ClientConfig, ExponentialRetry, JobLog, Plugin, RetryPolicy, RiverRetry, Worker, Workers
from revenge.infra.jobs.client import Client
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.config import RetentionConfig, StopConfig, default_client_id
from revenge.infra.jobs.job_log import LineFormatter
from revenge.infra.telemetry.secrets import mask, mask_text
from revenge.service.auth.config import AuthConfig
from revenge.service.mail.models import MailConfig
from revenge.service.notification.agents import Agent, Agents
from revenge.service.notification.sender import AppriseSender
from revenge.service.playback.clean_up import PlaybackCleanup
from revenge.service.playback.jobs import PlaybackCleanupWorker
from revenge.service.playback.models import PlaybackConfig

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def make_prober(settings: Settings) -> Prober | None:
    """Return what reads media files; None where that is switched off or PyAV is not installed."""
    probe = settings.library.probe
    if not probe.enabled:
        return None
    if importlib.util.find_spec("av") is None:
        logger.warning("probe.not_installed", advice="install revenge[probe], or set library.probe.enabled to false")
        return None
    return Prober(processes=probe.processes, deadline=probe.deadline)


def make_scan_config(settings: Settings) -> ScanConfig:
    """Return how scans are run.

    Raises:
        ValueError: a value that the settings let pass is not one for scans.
    """
    library = settings.library
    return ScanConfig(
        missing_grace=library.missing_grace,
        chunk_size=library.chunk_size,
        probes_at_once=library.probe.processes,
        follow_links=library.follow_symlinks,
        ignore_patterns=library.ignore,
    )


def make_watch_config(settings: Settings) -> WatchConfig:
    """Return how libraries are watched."""
    quiet = settings.library.watch_quiet
    return WatchConfig(enabled=settings.library.watch, quiet=quiet, longest=max(30 * quiet, timedelta(minutes=1)))


def make_library_watching(
    *, libraries: LibraryService, scans: ScanQueue, client: Client, clock: Clock, config: WatchConfig
) -> LibraryWatching:
    """Return what watches libraries; of all nodes one watches each."""
    return LibraryWatching(
        libraries=libraries,
        scans=scans,
        hold_on=lambda name: client.once_per_cluster(name, ttl=config.hold),
        clock=clock,
        config=config,
    )


def make_upkeep_config(settings: Settings) -> UpkeepConfig:
    """Return what is kept of scans."""
    return UpkeepConfig(scan_retention=settings.library.scan_retention, scans_kept=settings.library.scans_kept)


def make_match_config(settings: Settings) -> MatchConfig:
    """Return when a match is one."""
    return MatchConfig(min_confidence=settings.matching.min_confidence, min_lead=settings.matching.min_lead)


def make_refresh_config(settings: Settings) -> RefreshConfig:
    """Return how old may be what is known."""
    refresh = settings.refresh
    return RefreshConfig(
        fresh_for=refresh.fresh_for,
        stale_after=refresh.stale_after,
        new_stale_after=refresh.new_stale_after,
        batch=refresh.batch,
        languages=settings.metadata.languages,
    )


def make_people_config(settings: Settings) -> PeopleConfig:
    """Return how old may be what is known of people."""
    refresh = settings.refresh
    return PeopleConfig(fresh_for=refresh.fresh_for, stale_after=refresh.stale_after, batch=refresh.batch)


def make_auth_config(settings: Settings) -> AuthConfig:
    """Return how logins behave."""
    auth = settings.auth
    return AuthConfig(
        token_lifetime=auth.token_lifetime,
        session_lifetime=auth.session_lifetime,
        idle=auth.session_idle,
        max_sessions=auth.max_sessions,
        window=auth.failure_window,
        failures_by_name=auth.failures_by_name,
        failures_by_address=auth.failures_by_address,
        retention=auth.session_retention,
    )


def make_show_config(settings: Settings) -> ShowConfig:
    """Return how series are matched and refreshed."""
    refresh = settings.refresh
    return ShowConfig(
        languages=settings.metadata.languages or ("en",),
        refresh_after=refresh.fresh_for,
        stale_after=refresh.new_stale_after,
        match=replace(make_match_config(settings), fame=FAME),
    )


def all_workers(workers: Sequence[Worker[Any]], *features: Sequence[Worker[Any]]) -> Workers:
    """Return all workers of the process: single ones, and those that features bring."""
    return Workers([*workers, *(worker for feature in features for worker in feature)])


def make_playback_config(settings: Settings) -> PlaybackConfig:
    """Return how playing is looked after."""
    playback = settings.playback
    return PlaybackConfig(
        timeout=playback.session_timeout, max_sessions=playback.max_sessions, retention=playback.retention
    )


def make_playback_workers(settings: Settings, cleanup: PlaybackCleanup) -> list[Worker[Any]]:
    """Return what cleans up behind players; nothing where it is switched off, so that nobody plans it either."""
    return [PlaybackCleanupWorker(cleanup)] if settings.playback.enabled else []


def make_client_config(settings: Settings) -> ClientConfig:
    """Return how the engine behaves.

    Raises:
        ValueError, InvalidJob: a value that the settings let pass is not one for the engine.
    """
    jobs = settings.jobs
    return ClientConfig(
        client_id=jobs.client_id or default_client_id(),
        queues={name: queue.workers for name, queue in jobs.queues.items() if queue.workers},
        max_attempts=jobs.retry.max_attempts,
        timeout=jobs.timeout,
        retry_policy=make_retry_policy(settings),
        # Go services may share a queue's name: their kinds are theirs.
        known_kinds_only=True,
        lead=jobs.lead,
        poll_only=jobs.poll_only,
        fetch_cooldown=jobs.fetch_cooldown,
        poll_interval=jobs.fetch_poll_interval,
        rescue_after=jobs.rescue_after,
        max_worker_losses=jobs.max_worker_losses,
        stuck_after=jobs.stuck_after,
        loop_blocked_after=jobs.loop_blocked_after,
        hand_over_blocked_after=jobs.hand_over_blocked_after,
        stop=StopConfig(soft=jobs.stop.soft, cancel=jobs.stop.cancel),
        retention=RetentionConfig(
            completed=jobs.cleanup.completed_jobs_retention,
            cancelled=jobs.cleanup.cancelled_jobs_retention,
            discarded=jobs.cleanup.discarded_jobs_retention,
        ),
    )


def make_plugins(settings: Settings) -> Sequence[Plugin]:
    """Return what is done around all jobs: their logs are kept, with secrets masked as on stderr, and bad arguments end them.

    Raises:
        ValueError: limits that do not fit each other.
    """
    log = settings.jobs.log
    if not log.enabled:
        return (BadArgs(),)
    return (
        JobLog(
            level=logging.getLevelNamesMapping()[log.level.upper()],
            formatter=LineFormatter(field=lambda key, value: mask(value, key=key)),
            clean=mask_text,
            max_attempt_bytes=log.max_attempt_bytes,
            max_total_bytes=max(log.max_attempt_bytes, log.max_total_bytes),
        ),
        BadArgs(),
    )


def make_retry_policy(settings: Settings) -> RetryPolicy:
    """Return when a failed job runs again, where its worker does not say."""
    retry = settings.jobs.retry
    if retry.initial_interval is None:
        return RiverRetry()
    return ExponentialRetry(
        initial=retry.initial_interval, multiplier=retry.backoff_multiplier, longest=retry.max_interval
    )


def make_http_config(settings: Settings) -> HttpConfig:
    """Return how the HTTP side behaves."""
    server = settings.server
    return HttpConfig(
        api_key=server.api_key.get_secret_value() if server.api_key else None,
        allowed_hosts=tuple(dict.fromkeys((*LOOPBACK_HOSTS, server.host, *server.allowed_hosts))),
    )


def make_agents(settings: Settings) -> Agents:
    """Return who is told of events, and of which; their addresses stay out of it."""
    return Agents(
        Agent(
            name=name,
            scheme=agent.url.get_secret_value().partition("://")[0].lower(),
            enabled=agent.enabled,
            event_types=frozenset(agent.event_types),
            categories=frozenset(agent.categories),
        )
        for name, agent in settings.notifications.agents.items()
    )


def make_sender(settings: Settings, *, clock: Clock) -> AppriseSender:
    """Return what tells them."""
    notifications = settings.notifications
    addresses = {name: agent.url.get_secret_value() for name, agent in notifications.agents.items()}
    return AppriseSender(addresses, clock=clock, deadline=notifications.deadline)


def make_mail_config(settings: Settings) -> MailConfig:
    """Return how mails are sent."""
    email, smtp = settings.email, settings.email.smtp
    return MailConfig(
        enabled=email.enabled,
        host=smtp.host,
        port=smtp.port,
        security=smtp.security,
        verify=smtp.verify,
        username=smtp.username,
        password=smtp.password,
        timeout=smtp.timeout,
        from_address=email.from_address,
        from_name=email.from_name,
        base_url=email.base_url,
    )


def make_view(*, settings: Settings, client_config: ClientConfig, clock: Clock) -> ServerView:
    """Return what the dashboard tells about this process."""
    return ServerView(
        version=version("revenge"),
        started_at=clock.now(),
        client_id=client_config.client_id,
        works=settings.jobs.enabled,
    )
