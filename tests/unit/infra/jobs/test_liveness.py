"""Which node is dead: by its lock, its beats, and the time it has looked so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from revenge.infra.jobs.liveness import LivenessConfig, NodeState, OtherNode, Watch, is_suspect, state_of

SECOND = timedelta(seconds=1)
BEATEN = datetime(2026, 1, 2, tzinfo=UTC)
CONFIG = LivenessConfig()
LONG_UP = timedelta(days=1)


def node(
    *, silence: float, lock_key: int | None = 7, is_locked: bool = False, beaten_at: datetime = BEATEN
) -> OtherNode:
    return OtherNode(id="other", beaten_at=beaten_at, silence=silence * SECOND, lock_key=lock_key, is_locked=is_locked)


@pytest.mark.parametrize(
    ("other", "suspect"),
    [
        (node(silence=100_000, is_locked=True), False),  # stopped, or its loop is blocked: it lives
        (node(silence=0.1), True),  # its lock is free
        (node(silence=20, lock_key=None), False),  # without a lock the beat alone counts
        (node(silence=20.1, lock_key=None), True),
    ],
)
def test_a_node_is_suspect_when_neither_lock_nor_beat_speaks_for_it(other: OtherNode, suspect: bool) -> None:
    assert is_suspect(other, CONFIG) is suspect


@pytest.mark.parametrize(
    ("other", "state"),
    [
        (node(silence=4, is_locked=True), NodeState.ALIVE),
        (node(silence=15.1, is_locked=True), NodeState.BLOCKED),
        (node(silence=100_000, is_locked=True), NodeState.BLOCKED),
        (node(silence=0.1), NodeState.ALIVE),  # it may have lost its connection just now
        (node(silence=3), NodeState.DEAD),
        (node(silence=10, lock_key=None), NodeState.ALIVE),
        (node(silence=19, lock_key=None), NodeState.BLOCKED),
        (node(silence=21, lock_key=None), NodeState.DEAD),
    ],
)
def test_a_silent_node_with_its_lock_is_blocked_and_not_dead(other: OtherNode, state: NodeState) -> None:
    assert state_of(other, CONFIG) is state


def test_a_blocked_node_is_dead_by_setting_alone() -> None:
    config = LivenessConfig(hand_over_blocked_after=60 * SECOND)
    assert not is_suspect(node(silence=60, is_locked=True), config)
    assert is_suspect(node(silence=60.1, is_locked=True), config)
    watch = Watch(config)
    assert not judge(watch, node(silence=61, is_locked=True), 0.0)
    assert judge(watch, node(silence=63, is_locked=True), 2.0)


def test_jobs_are_never_handed_over_between_two_beats() -> None:
    with pytest.raises(
        ValueError, match="hand_over_blocked_after must be longer than a beat's interval 0:00:05, got 0:00:05"
    ):
        LivenessConfig(hand_over_blocked_after=5 * SECOND)


def judge(watch: Watch, other: OtherNode, at: float, uptime: timedelta = LONG_UP) -> bool:
    return bool(watch.judge([other], monotonic=at, server_uptime=uptime))


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.6, 1.0, 1.5, 1.99])
def test_a_killed_node_is_dead_within_five_seconds(phase: float) -> None:
    # Its last beat was right before the kill at 0; the first look is `phase` later, the next ones every interval.
    watch, at = Watch(CONFIG), phase
    while not judge(watch, node(silence=at), at):
        at += CONFIG.interval.total_seconds()
    assert at < 4.8


@pytest.mark.parametrize("phase", [0.0, 2.5, 4.99])
def test_a_killed_node_without_a_lock_is_dead_within_thirty_seconds_even_after_a_fault(phase: float) -> None:
    watch, at = Watch(CONFIG), phase
    watch.disturb(monotonic=at)
    while not judge(watch, node(silence=at, lock_key=None), at):
        at += CONFIG.interval.total_seconds()
    assert at < 30


def test_one_look_is_never_enough() -> None:
    assert not judge(Watch(CONFIG), node(silence=100), 0.0)


def test_a_beat_between_two_looks_clears_the_suspicion() -> None:
    watch = Watch(CONFIG)
    assert not judge(watch, node(silence=3), 0.0)
    assert not judge(watch, node(silence=3, beaten_at=BEATEN + SECOND), 2.0)
    assert judge(watch, node(silence=5, beaten_at=BEATEN + SECOND), 4.0)


def test_a_node_that_lost_its_connection_and_said_so_lives_by_its_beats() -> None:
    watch = Watch(CONFIG)
    assert not judge(watch, node(silence=1), 0.0)
    assert not judge(watch, node(silence=4, lock_key=None), 2.0)
    assert not judge(watch, node(silence=6, lock_key=None), 4.0)


def test_a_node_that_beats_with_a_free_lock_is_not_judged() -> None:
    # Its connection is half dead: the server has given it up, the node does not know yet.
    watch = Watch(CONFIG)
    for step in range(20):
        other = node(silence=1.9, beaten_at=BEATEN + step * 2 * SECOND)
        assert not judge(watch, other, step * 2.0)


def test_after_a_fault_of_our_own_the_others_get_time_to_come_back() -> None:
    watch = Watch(CONFIG)
    assert not judge(watch, node(silence=10), 0.0)
    watch.disturb(monotonic=1.0)
    for at in (2.0, 4.0, 6.0):
        assert not judge(watch, node(silence=10 + at), at)
    assert judge(watch, node(silence=18), 8.0)


def test_after_a_restart_of_the_server_the_others_get_time_to_come_back() -> None:
    watch = Watch(CONFIG)
    uptime = [3 * SECOND, 5 * SECOND, 9 * SECOND]
    assert not judge(watch, node(silence=10), 0.0, uptime[0])
    assert not judge(watch, node(silence=12), 2.0, uptime[1])
    assert judge(watch, node(silence=16), 6.0, uptime[2])


def test_calm_returns_after_a_fault() -> None:
    watch = Watch(CONFIG)
    watch.disturb(monotonic=0.0)
    assert not judge(watch, node(silence=3), 31.0)
    assert judge(watch, node(silence=5), 33.0)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("interval", timedelta(0), "interval must be positive, got 0:00:00"),
        ("interval_alone", timedelta(0), "interval_alone must be positive"),
        ("calm_grace", timedelta(0), "calm_grace must be positive"),
        ("lock_grace", 2 * SECOND, "lock_grace must be longer than a beat's interval 0:00:02, got 0:00:02"),
        ("beat_lease", 5 * SECOND, "beat_lease must be longer than a beat's interval 0:00:05, got 0:00:05"),
    ],
)
def test_a_wrong_config_says_what_is_wrong(field: str, value: timedelta, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        replace(CONFIG, **{field: value})
