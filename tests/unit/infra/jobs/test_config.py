"""A client's settings check themselves; the message names the field, the limit and the value."""

from datetime import timedelta
from typing import Any

import pytest

from revenge.infra.jobs import ClientConfig, InvalidJob, Queue, QueueConfig
from revenge.infra.jobs.config import check_queue_name, default_client_id


def test_the_defaults_are_the_five_tiers() -> None:
    config = ClientConfig()
    assert config.queues == {"critical": 20, "high": 15, "default": 10, "low": 5, "bulk": 3}
    assert {type(name) for name in config.queues} == {str}
    assert (config.max_attempts, config.timeout, config.rescue_after) == (25, timedelta(minutes=1), timedelta(hours=1))


def test_each_client_has_an_id_of_its_own_in_rivers_form() -> None:
    first, second = default_client_id(), default_client_id()
    assert first != second
    assert "." not in first
    assert len(first) <= 100


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"client_id": ""}, "client_id must have 1 to 100 characters, got 0"),
        ({"client_id": "x" * 101}, "got 101"),
        ({"queues": {Queue.LOW: 0}}, "queue 'low': a queue needs 1 to 10000 workers, got 0"),
        ({"queues": {"low": 10_001}}, "got 10001"),
        ({"max_attempts": 0}, "max_attempts must be 1 to 32767"),
        ({"max_attempts": 32_768}, "got 32768"),
        ({"timeout": timedelta(0)}, "timeout must be positive"),
        ({"poll_interval": timedelta(0)}, "poll_interval must be positive"),
        ({"poll_only_interval": timedelta(0)}, "poll_only_interval must be positive"),
        ({"rescue_after": timedelta(0)}, "rescue_after must be positive"),
        ({"max_worker_losses": 0}, "max_worker_losses must be at least 1, got 0"),
        ({"stuck_after": timedelta(0)}, "stuck_after must be positive"),
        ({"loop_blocked_after": timedelta(0)}, "loop_blocked_after must be positive"),
        ({"hand_over_blocked_after": timedelta(seconds=4)}, "hand_over_blocked_after must be longer than a beat"),
        ({"fetch_cooldown": timedelta(seconds=-1)}, "fetch_cooldown must not be negative"),
    ],
)
def test_a_value_out_of_its_limits_is_named(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ClientConfig(**fields)


@pytest.mark.parametrize("name", ["a", "default", "a_b-c|d", "7", "x" * 64])
def test_queue_names_that_river_takes(name: str) -> None:
    assert check_queue_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "a b", "_a", "a_", "a__b", "a_-b", "x" * 65, "é", "a\n"])
def test_queue_names_that_river_refuses(name: str) -> None:
    with pytest.raises(InvalidJob, match="queue name must be 1 to 64"):
        ClientConfig(queues={name: 1})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"workers": 0}, "a queue needs 1 to 10000 workers, got 0"),
        ({"workers": 10_001}, "got 10001"),
        ({"workers": 1, "poll_interval": timedelta(0)}, "poll_interval must be positive"),
        ({"workers": 1, "fetch_cooldown": timedelta(seconds=-1)}, "fetch_cooldown must not be negative"),
    ],
)
def test_a_queues_value_out_of_its_limits_is_named(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        QueueConfig(**fields)
