"""Who may call, and who may not."""

from datetime import timedelta

import httpx2
import pytest

from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.security import SESSION_COOKIE, LoginLimiter, new_session, session_valid
from revenge.app.http.services import ApiServices
from tests.fakes.jobs import START
from tests.fakes.services import StoppedClock
from tests.unit.app.http.conftest import KEY

JOBS = "/api/v1/jobs"
SESSION = "/api/v1/session"
CONFIG = HttpConfig(api_key=KEY)


@pytest.mark.parametrize("host", ["localhost", "localhost:8420", "127.0.0.1:8420", "[::1]:8420", "LOCALHOST"])
async def test_loopback_names_are_served(http: httpx2.AsyncClient, host: str) -> None:
    assert (await http.get(JOBS, headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "192.168.1.5", "127.0.0.1.evil.example", ""]
)
@pytest.mark.parametrize("path", [JOBS, "/", "/healthz"])
async def test_a_foreign_host_is_refused(http: httpx2.AsyncClient, host: str, path: str) -> None:
    assert (await http.get(path, headers={"Host": host})).status_code == 421


async def test_a_host_from_the_settings_is_served(services: ApiServices) -> None:
    app = create_app(services, config=HttpConfig(allowed_hosts=("Films.example",)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://films.example:80") as http:
        assert (await http.get(JOBS)).status_code == 200
        assert (await http.get(JOBS, headers={"Host": "localhost"})).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:3000", "null", "file://", "http://localhost.evil.example"]
)
async def test_a_page_of_another_origin_is_refused(http: httpx2.AsyncClient, origin: str) -> None:
    for method in ("GET", "POST"):
        answer = await http.request(method, JOBS, headers={"Origin": origin})
        assert answer.status_code == 403
        assert "server.allowed_origins" not in answer.text


async def test_our_own_page_is_served_behind_tls_too(http: httpx2.AsyncClient) -> None:
    for origin in ("http://localhost", "https://localhost"):
        assert (await http.get(JOBS, headers={"Origin": origin})).status_code == 200


async def test_an_origin_from_the_settings_is_served(services: ApiServices) -> None:
    app = create_app(services, config=HttpConfig(allowed_origins=("https://films.example",)))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as http:
        assert (await http.get(JOBS, headers={"Origin": "https://films.example"})).status_code == 200


async def test_a_picture_tag_elsewhere_reads_nothing_but_a_link_works(http: httpx2.AsyncClient) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await http.get(JOBS, headers=embedded)).status_code == 403
    assert (await http.get("/", headers=followed)).status_code == 200


@pytest.mark.parametrize("path", [JOBS, "/api/v1/events", "/api/v1/queues", "/metrics", "/openapi.json", "/nothing"])
async def test_without_the_key_nothing_but_health_and_the_login_answers(guarded: httpx2.AsyncClient, path: str) -> None:
    answer = await guarded.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await guarded.get(path, headers={"X-API-Key": KEY + "x"})).status_code == 401
    assert (await guarded.get(path, headers={"Authorization": f"Basic {KEY}"})).status_code == 401
    assert (await guarded.get(path, params={"api_key": KEY, "token": KEY})).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/", "/favicon.svg", SESSION])
async def test_health_and_the_login_page_want_no_key(guarded: httpx2.AsyncClient, path: str) -> None:
    assert (await guarded.get(path)).status_code == 200


async def test_both_headers_carry_the_key(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get(JOBS, headers={"X-API-Key": KEY})).status_code == 200
    assert (await guarded.get(JOBS, headers={"Authorization": f"bearer {KEY}"})).status_code == 200


async def test_a_wrong_key_in_a_header_is_not_saved_by_the_cookie(guarded: httpx2.AsyncClient) -> None:
    await guarded.post(SESSION, json={"api_key": KEY})
    assert (await guarded.get(JOBS)).status_code == 200
    assert (await guarded.get(JOBS, headers={"X-API-Key": "wrong"})).status_code == 401


async def test_login_gives_a_cookie_that_no_script_and_no_other_site_can_use(guarded: httpx2.AsyncClient) -> None:
    assert (await guarded.get(SESSION)).json() == {"key_required": True, "signed_in": False}
    answer = await guarded.post(SESSION, json={"api_key": KEY})
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert KEY not in cookie
    assert (await guarded.get(SESSION)).json() == {"key_required": True, "signed_in": True}
    assert (await guarded.get(JOBS)).status_code == 200
    await guarded.delete(SESSION)
    assert (await guarded.get(JOBS)).status_code == 401


async def test_the_cookie_is_secure_where_the_server_is(services: ApiServices) -> None:
    app = create_app(services, config=CONFIG)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="https://localhost") as http:
        assert "Secure" in (await http.post(SESSION, json={"api_key": KEY})).headers["set-cookie"]


async def test_wrong_keys_are_limited_and_time_heals(guarded: httpx2.AsyncClient, clock: StoppedClock) -> None:
    tries = [(await guarded.post(SESSION, json={"api_key": f"guess {n}"})).status_code for n in range(5)]
    assert tries == [401] * 5
    blocked = await guarded.post(SESSION, json={"api_key": KEY})
    assert blocked.status_code == 429
    clock.advance(timedelta(seconds=int(blocked.headers["retry-after"])))
    assert (await guarded.post(SESSION, json={"api_key": KEY})).status_code == 204


async def test_login_without_a_key_to_give_is_no_error(http: httpx2.AsyncClient) -> None:
    assert (await http.get(SESSION)).json() == {"key_required": False, "signed_in": True}
    assert (await http.post(SESSION, json={"api_key": "any"})).status_code == 204


def test_a_session_ends_with_its_time_and_with_the_key() -> None:
    cookie = new_session(CONFIG, now=START)
    assert session_valid(cookie, CONFIG, now=START + timedelta(days=6))
    assert not session_valid(cookie, CONFIG, now=START + timedelta(days=7))
    assert not session_valid(cookie, HttpConfig(api_key="another key"), now=START)
    assert not session_valid(cookie, HttpConfig(), now=START)


@pytest.mark.parametrize("cookie", ["", "x", "..", "9999999999.abc.", "9999999999.abc.00", "\u00e9.\u00e9.\u00e9"])
def test_a_made_up_session_is_none(cookie: str) -> None:
    assert not session_valid(cookie, CONFIG, now=START)


def test_a_session_whose_end_was_moved_is_none() -> None:
    expires, nonce, signature = new_session(CONFIG, now=START).split(".")
    assert not session_valid(f"{int(expires) + 1}.{nonce}.{signature}", CONFIG, now=START)


def test_the_limiter_counts_each_address_by_itself_and_forgets_what_succeeded() -> None:
    limiter = LoginLimiter(failures=2, window=timedelta(seconds=60))
    for moment in (0.0, 10.0):
        limiter.failed("a", monotonic=moment)
    assert limiter.wait_s("a", monotonic=20) == 40
    assert limiter.wait_s("b", monotonic=20) == 0
    assert limiter.wait_s("a", monotonic=60) == 0
    limiter.succeeded("a")
    assert limiter.wait_s("a", monotonic=20) == 0


def test_the_limiter_keeps_no_more_than_it_may() -> None:
    limiter = LoginLimiter(failures=2, window=timedelta(seconds=60))
    for number in range(20_000):
        limiter.failed(str(number), monotonic=0)
    assert len(limiter._seen) <= 10_000


async def test_the_cookie_jar_may_hold_anything_else(guarded: httpx2.AsyncClient) -> None:
    for cookie in ("a=b; c", 'x="', f"{SESSION_COOKIE}=", "\x7f=1", f"{SESSION_COOKIE}=..;;"):
        assert (await guarded.get(JOBS, headers={"Cookie": cookie})).status_code == 401


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("api_key", "", "api_key must not be empty"),
        ("allowed_hosts", (), "allowed_hosts must name"),
        ("max_body_bytes", 0, "max_body_bytes must be at least 1, got 0"),
        ("login_failures", 0, "login_failures must be at least 1, got 0"),
        ("login_window", timedelta(0), "login_window must be positive"),
        ("session_lifetime", timedelta(seconds=-1), "session_lifetime must be positive"),
    ],
)
def test_config_refuses_what_makes_no_sense(field: str, value: object, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        HttpConfig(**{field: value})  # type: ignore[arg-type]  # what the test is about


def test_config_does_not_show_its_key() -> None:
    assert KEY not in repr(CONFIG)
