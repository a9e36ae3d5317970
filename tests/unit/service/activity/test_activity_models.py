"""Which actions are about security."""

import pytest

from revenge.service.activity.models import SECURITY_ACTIONS, is_security, is_urgent


@pytest.mark.parametrize("action", [*sorted(SECURITY_ACTIONS), "library.scan.failed"])
def test_what_the_go_server_hurries_with_is_urgent_and_about_security(action: str) -> None:
    assert is_urgent(action)
    assert is_security(action)


@pytest.mark.parametrize(
    "action", ["apikey.create", "settings.update", "oidc.provider.create", "mfa.enable", "user.password_change"]
)
def test_what_the_go_server_forgot_is_about_security_too(action: str) -> None:
    assert is_security(action)


@pytest.mark.parametrize("action", ["library.scan", "library.create", "movie.refresh", "user.update"])
def test_the_rest_is_not(action: str) -> None:
    assert not is_security(action)
    assert not is_urgent(action)
