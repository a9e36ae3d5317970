"""Who is told of what."""

import pytest

from revenge.service.notification.agents import Agent, Agents
from revenge.service.notification.catalogue import CATALOGUE, Category, event_type


def _agent(name: str = "phone", **fields: object) -> Agent:
    return Agent(name=name, scheme="ntfy", **fields)  # type: ignore[arg-type]  # what a test is about


def test_agent_without_filters_hears_everything() -> None:
    assert all(_agent().wants(name) for name in CATALOGUE)


def test_agent_hears_of_its_types_and_of_its_categories() -> None:
    agent = _agent(event_types=frozenset({"movie.added"}), categories=frozenset({"auth"}))
    assert agent.wants("movie.added")
    assert agent.wants("auth.login_failed")
    assert not agent.wants("movie.updated")
    assert not agent.wants("library.scan_done")


def test_agent_that_is_switched_off_hears_nothing() -> None:
    assert not _agent(enabled=False).wants("movie.added")


def test_agents_are_asked_in_the_order_of_the_settings() -> None:
    agents = Agents([_agent("b"), _agent("a"), _agent("off", enabled=False)])
    assert agents.wanting("movie.added") == ["b", "a"]
    assert [agent.name for agent in agents.all()] == ["b", "a", "off"]
    assert agents.get("nobody") is None


def test_all_types_of_the_go_server_are_known() -> None:
    """W44: and those that it never raised, of series, failures and jobs, as well."""
    go = """movie.added movie.available movie.updated movie.deleted request.created request.approved request.denied
    library.scan_started library.scan_done library.created library.deleted user.created user.deleted user.updated
    auth.login_success auth.login_failed auth.mfa_enabled auth.mfa_disabled auth.password_changed auth.password_reset
    playback.started playback.stopped system.startup system.shutdown system.backup_created integration.radarr_sync"""
    ours = "series.added episode.added library.scan_failed integration.sonarr_sync integration.failed jobs.discarded"
    assert {*go.split(), *ours.split(), "test.notification"} <= CATALOGUE.keys()


@pytest.mark.parametrize(
    ("name", "category"),
    [("movie.painted", Category.CONTENT), ("auth.guessed", Category.AUTH), ("weather.rain", Category.SYSTEM)],
)
def test_type_that_nobody_described_has_a_category_all_the_same(name: str, category: Category) -> None:
    assert event_type(name).category is category
