"""Settings come from a file and the environment, and what is wrong is said in one line each."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.app.settings import Settings, SettingsError, load_settings, share_out

Write = Callable[[str], Path]
SECTIONS = ", ".join(Settings.model_fields)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "revenge.yaml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(path: Path | None, env: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(path, env)
    assert all("\n" not in line for line in caught.value.lines)
    return caught.value.lines


@pytest.mark.usefixtures("elsewhere")
def test_without_file_and_variables_the_defaults_hold() -> None:
    settings = load_settings(None, {})
    assert settings == Settings()
    assert {name: queue.workers for name, queue in settings.jobs.queues.items()} == {
        "critical": 20,
        "high": 15,
        "default": 10,
        "low": 5,
        "bulk": 3,
    }


def test_the_process_environment_is_not_read_behind_the_callers_back(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    monkeypatch.setenv("SERVER", '{"port": 1}')
    monkeypatch.setenv("DATA_DIR", "/elsewhere")
    assert load_settings(write(""), {}) == Settings()


def test_default_file_is_the_one_in_config(tmp_path: Path, elsewhere: None) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "revenge.yaml").write_text("server: {port: 9999}")
    assert load_settings(None, {}).server.port == 9999


def test_file_overrides_defaults_and_environment_overrides_the_file(write: Write) -> None:
    path = write("server: {port: 1000, host: '::1'}\njobs: {retry: {max_attempts: 7}}\n")
    settings = load_settings(path, {"REVENGE_SERVER__PORT": "2000"})
    assert (settings.server.port, settings.server.host, settings.jobs.retry.max_attempts) == (2000, "::1", 7)


def test_naming_one_queue_leaves_the_others_their_size(write: Write) -> None:
    queues = load_settings(
        write("jobs: {queues: {bulk: {workers: 8}, mine: {workers: 2}}}"), {"REVENGE_JOBS__QUEUES__LOW__WORKERS": "1"}
    ).jobs.queues
    assert {name: queue.workers for name, queue in queues.items()} == {
        "critical": 20,
        "high": 15,
        "default": 10,
        "low": 1,
        "bulk": 8,
        "mine": 2,
    }


def test_empty_sections_and_empty_variables_say_nothing(write: Write) -> None:
    env = {"DATABASE_URL": "", "REVENGE_SERVER__PORT": " "}
    assert load_settings(write("server:\njobs:\n  retry:\n  queues:\n"), env) == Settings()


def test_each_kind_of_value_can_be_given_by_a_variable(write: Write) -> None:
    settings = load_settings(
        write(""),
        {
            "REVENGE_DATA_DIR": "/srv/revenge data",
            "REVENGE_DEMO": "off",
            "REVENGE_LIBRARY__IGNORE": "a, b c,",
            "REVENGE_LIBRARY__PROBE__ENABLED": "off",
            "REVENGE_JOBS__RETRY__INITIAL_INTERVAL": "1m30s",
            "REVENGE_JOBS__RETRY__BACKOFF_MULTIPLIER": "1.5",
            "REVENGE_JOBS__CLEANUP__DISCARDED_JOBS_RETENTION": "never",
            "REVENGE_DATABASE__SCHEMA": "river",
            "REVENGE_DATABASE__EMBEDDED__SETTINGS__SHARED_BUFFERS": "1GB",
            "REVENGE_LOG__LEVEL": "debug",
        },
    )
    assert settings.data_dir == Path("/srv/revenge data")
    assert settings.demo is False
    assert settings.postgres_dir == Path("/srv/revenge data/postgres")
    assert settings.demo_dir == Path("/srv/revenge data/demo")
    assert settings.library.ignore == ("a", "b c")
    assert settings.library.probe.enabled is False
    assert settings.jobs.retry.initial_interval == timedelta(seconds=90)
    assert settings.jobs.retry.backoff_multiplier == 1.5
    assert settings.jobs.cleanup.discarded_jobs_retention is None
    assert settings.database.schema_name == "river"
    assert settings.database.embedded.settings == {"shared_buffers": "1GB"}
    assert settings.log.level == "debug"


def test_short_names_of_the_contract_are_understood(write: Write) -> None:
    settings = load_settings(
        write(""),
        {
            "DATABASE_URL": "postgres://u:sesame@db/x",
            "DATABASE_LISTEN_URL": "postgres://u:sesame@direct/x",
            "JOBS_ENABLED": "false",
            "JOBS_TIMEOUT": "30m",
            "JOBS_MAX_RETRIES": "3",
        },
    )
    assert settings.database.url
    assert settings.database.url.get_secret_value() == "postgres://u:sesame@db/x"
    assert settings.database.listen_url
    assert settings.jobs.enabled is False
    assert settings.jobs.timeout == timedelta(minutes=30)
    assert settings.jobs.retry.max_attempts == 4
    assert "sesame" not in repr(settings)


def test_no_retries_is_one_attempt(write: Write) -> None:
    assert load_settings(write(""), {"JOBS_MAX_RETRIES": "0"}).jobs.retry.max_attempts == 1


def test_prepared_statements_are_off_behind_pgbouncer_unless_set(write: Write) -> None:
    through = {"DATABASE_URL": "postgres://pooler/x", "DATABASE_LISTEN_URL": "postgres://direct/x"}
    polling = {"DATABASE_URL": "postgres://pooler/x", "REVENGE_JOBS__POLL_ONLY": "true"}
    assert load_settings(write(""), {}).prepared_statements is None
    assert load_settings(write(""), {"REVENGE_JOBS__POLL_ONLY": "true"}).prepared_statements is None
    assert load_settings(write(""), through).prepared_statements == 0
    assert load_settings(write(""), polling).prepared_statements == 0
    kept = through | {"REVENGE_DATABASE__STATEMENT_CACHE_SIZE": "50"}
    assert load_settings(write(""), kept).prepared_statements == 50


def test_db_parts_make_an_address(write: Write) -> None:
    env = {"DB_HOST": "db", "DB_PORT": "6543", "DB_USER": "me", "DB_PASS": "p@ss/w", "DB_NAME": "films"}
    url = load_settings(write(""), env).database.url
    assert url
    assert url.get_secret_value() == "postgresql://me:p%40ss%2Fw@db:6543/films"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"DB_HOST": "h", "DATABASE_URL": "postgres://short/x"}, "postgres://short/x"),
        ({"DATABASE_URL": "postgres://short/x", "REVENGE_DATABASE__URL": "postgres://long/x"}, "postgres://long/x"),
    ],
)
def test_more_exact_variable_comes_first(write: Write, env: dict[str, str], expected: str) -> None:
    url = load_settings(write("database: {url: 'postgres://file/x'}"), env).database.url
    assert url
    assert url.get_secret_value() == expected


@pytest.mark.parametrize(
    "name", ["REVENGE_SERVER__API_KEY_FILE", "DATABASE_URL_FILE", "REVENGE_DATABASE__URL_FILE", "DB_PASS_FILE"]
)
def test_secrets_may_be_in_a_file(write: Write, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("postgres://long-enough-to-be-a-key/x\n")
    settings = load_settings(write(""), {name: str(tmp_path / "secret")})
    secret = settings.server.api_key or settings.database.url
    assert secret
    assert "long-enough-to-be-a-key" in secret.get_secret_value()


def test_secret_given_twice_is_refused(write: Write, tmp_path: Path) -> None:
    (line,) = problems(write(""), {"DATABASE_URL": "postgres://h/x", "DATABASE_URL_FILE": str(tmp_path / "x")})
    assert line == "DATABASE_URL_FILE: DATABASE_URL is set too, allowed: one of them"


def test_secret_file_that_is_missing_is_named(write: Write) -> None:
    (line,) = problems(write(""), {"DATABASE_URL_FILE": "/no/such"})
    assert line == "DATABASE_URL_FILE: found '/no/such', allowed: a file that can be read (No such file or directory)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("server: {port: 70000}", "line 1: server.port: found 70000, allowed: a whole number from 1 to 65535"),
        ("server:\n  port: http", "line 2: server.port: found 'http', allowed: a whole number from 1 to 65535"),
        ("server: {port: true}", "line 1: server.port: found true, allowed: a whole number from 1 to 65535"),
        ("server: {port: }", "line 1: server.port: found nothing, allowed: a whole number from 1 to 65535"),
        ("server: {prot: 1}", "line 1: server.prot: found an unknown key, allowed in server: host, port, api_key, allowed_hosts (did you mean port?)"),
        ("database: {schema: a-b}", "line 1: database.schema: found 'a-b', allowed: a name of letters, digits and _ that begins with no digit, at most 46 characters"),
        ("jobs: {enabled: maybe}", "line 1: jobs.enabled: found 'maybe', allowed: true or false"),
        ("jobs: {timeout: 30}", "line 1: jobs.timeout: found 30, allowed: a duration such as 250ms, 30s, 5m, 1h30m or 7d, from 1s to 3650d"),
        ("jobs: {retry: 5}", "line 1: jobs.retry: found 5, allowed: a section with the keys max_attempts, initial_interval, backoff_multiplier, max_interval"),
        ("jobs: {queues: {low: {workers: many}}}", "line 1: jobs.queues.low.workers: found 'many', allowed: a whole number from 0 to 10000"),
        ("jobs: {queues: {mine: {}}}", "line 1: jobs.queues.mine.workers: found nothing, allowed: a value, it has no default"),
        ("log: {level: loud}", "line 1: log.level: found 'loud', allowed: debug, info, warning, error"),
        ("library: {ignore: {}}", "line 1: library.ignore: found a section, allowed: a list of texts (in a variable: separated by commas)"),
        ("server: {host: 0.0.0.0}", "line 1: server.host: found '0.0.0.0', allowed: 127.0.0.1, ::1 or localhost while server.api_key is not set"),
        ("database: {pool: {min: 20}}", "line 1: database.pool.min: found 20, allowed: at most database.pool.max, which is 10"),
        ("jobs: {retry: {max_interval: 5m}}", "line 1: jobs.retry.max_interval: found '5m', allowed: only the default while jobs.retry.initial_interval is null"),
        ("server: {port: 1}\nserver: {port: 2}", "line 2: server: found twice, allowed: once"),
        ("a: [", "line 1: is not YAML: expected the node content, but found '<stream end>'"),
        ("jobs: {timeout: !!python/object:os.system x}", "line 1: jobs.timeout: found what YAML cannot read, allowed: plain values"),
    ],
)  # fmt: skip
def test_wrong_file_is_answered_with_place_key_found_and_allowed(write: Write, text: str, line: str) -> None:
    path = write(text)
    assert problems(path, {})[0].removeprefix(f"{path} ") == line


@pytest.mark.parametrize("depth", [60, 150, 240, 330, 500, 900, 5000])
@pytest.mark.parametrize("bracket", ["{a: ", "["])
def test_file_that_is_nested_too_deeply_is_refused_in_words(write: Write, bracket: str, depth: int) -> None:
    """It was a RecursionError's traceback."""
    close = "}" if bracket.startswith("{") else "]"
    for text in (f"{bracket * depth}1{close * depth}", f"jobs: {{queues: {bracket * depth}1{close * depth}}}"):
        assert problems(write(text), {})


def test_variable_that_is_nested_too_deeply_is_refused_in_words() -> None:
    """It was a RecursionError's traceback."""
    (told,) = problems(None, {"REVENGE_" + "__".join(["A"] * 3000): "1"})
    assert told.endswith("...: is nested too deeply, allowed: REVENGE_<SECTION>__<KEY>")


@pytest.mark.parametrize("text", ["just text", "- a list", "1"])
def test_file_without_sections_is_refused(write: Write, text: str) -> None:
    path = write(text)
    assert problems(path, {}) == (f"{path}: found no sections, allowed: {SECTIONS}",)


def test_named_file_must_exist(tmp_path: Path) -> None:
    path = tmp_path / "no.yaml"
    assert problems(path, {}) == (f"{path}: cannot be read: No such file or directory",)


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"REVENGE_SERVER__PORT": "x"}, "REVENGE_SERVER__PORT: server.port: found 'x', allowed: a whole number from 1 to 65535"),
        ({"REVENGE_SERVER__PROT": "1"}, "REVENGE_SERVER__PROT: server.prot: found an unknown key, allowed in server: host, port, api_key, allowed_hosts (did you mean port?)"),
        ({"REVENGE_NOPE__X": "1"}, "REVENGE_NOPE__X: nope: found an unknown key, allowed in the top level: " + SECTIONS),
        ({"REVENGE_DATADIR": "/x"}, "REVENGE_DATADIR: no such setting, allowed: REVENGE_DATA_DIR"),
        ({"REVENGE_FOO": "1"}, "REVENGE_FOO: no such setting, allowed: REVENGE_DATA_DIR, REVENGE_DEMO, REVENGE_<SECTION>__<KEY>"),
        ({"REVENGE_SERVER_PORT": "8080"}, "REVENGE_SERVER_PORT: no such setting, allowed: REVENGE_DATA_DIR, REVENGE_DEMO, REVENGE_<SECTION>__<KEY>"),
        ({"JOBS_TIMEOUT": "soon"}, "JOBS_TIMEOUT: jobs.timeout: found 'soon', allowed: a duration such as 250ms, 30s, 5m, 1h30m or 7d, from 1s to 3650d"),
        ({"JOBS_WORKER_COUNT": "0"}, "JOBS_WORKER_COUNT: found '0', allowed: a whole number from 1 to 10000"),
        ({"JOBS_MAX_RETRIES": "-1"}, "JOBS_MAX_RETRIES: found '-1', allowed: a whole number from 0 to 32766"),
        ({"DB_PORT": "x"}, "DB_PORT: found 'x', allowed: a whole number from 1 to 65535"),
    ],
)  # fmt: skip
def test_wrong_variable_is_answered_with_its_name(write: Write, env: dict[str, str], line: str) -> None:
    assert problems(write(""), env) == (line,)


def test_everything_wrong_is_said_at_once(write: Write) -> None:
    text = "server: {port: x}\nlog: {level: info}\nlog: {}"
    lines = problems(write(text), {"JOBS_WORKER_COUNT": "x", "JOBS_TIMEOUT": "x"})
    for part in ("line 1: server.port", "line 3: log: found twice", "JOBS_WORKER_COUNT: ", "JOBS_TIMEOUT: "):
        assert sum(part in line for line in lines) == 1
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("server: {api_key: hunter2}", {}),
        ("server: {api_key: 12345678}", {}),
        ("database: {url: 'mysql://u:hunter2@h/x'}", {}),
        ("database: {url: 'postgres://u:hunter2#x@h/x'}", {}),
        ("database: {url: [hunter2]}", {}),
        ("", {"DATABASE_URL": "postgres://u:hunter2/x@h/x"}),
        ("", {"REVENGE_SERVER__API_KEY": "hunter2"}),
    ],
)
def test_secrets_are_never_shown(write: Write, text: str, env: dict[str, str]) -> None:
    (line,) = problems(write(text), env)
    assert "found (hidden)" in line
    assert "hunter2" not in line
    assert "1234" not in line


def test_other_address_is_allowed_with_a_key(write: Write) -> None:
    settings = load_settings(write("server: {host: 0.0.0.0, api_key: abcdefghijklmnop}"), {})
    assert settings.server.host == "0.0.0.0"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_key(write: Write, host: str) -> None:
    assert load_settings(write(""), {"REVENGE_SERVER__HOST": host}).server.host == host


def test_what_container_platforms_set_is_left_alone(write: Write) -> None:
    env = {"REVENGE_PORT": "tcp://10.0.0.1:80", "REVENGE_SERVICE_HOST": "10.0.0.1", "REVENGE_VERSION": "1"}
    env |= {"REVENGE_DB_PORT_5432_TCP_ADDR": "10.0.0.2", "REVENGE_DB_SERVICE_PORT_SQL": "5432"}
    assert load_settings(write(""), env) == Settings()


def test_aliases_that_go_in_circles_are_refused(write: Write) -> None:
    assert "a" in problems(write("a: &a {b: *a}"), {})[0]


@given(st.integers(1, 10_000))
def test_workers_are_shared_out_with_at_least_one_each(total: int) -> None:
    shares = share_out(total)
    assert sum(shares.values()) == max(total, 5)
    assert min(shares.values()) >= 1
    sizes = [shares[name] for name in ("critical", "high", "default", "low", "bulk")]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("factor", [1, 2, 10])
def test_shares_are_those_of_the_tiers(factor: int) -> None:
    assert list(share_out(53 * factor).values()) == [20 * factor, 15 * factor, 10 * factor, 5 * factor, 3 * factor]


@pytest.mark.parametrize(
    ("env", "line"),
    [
        (
            {"DATABASE_URL": "postgresql://me:hunter2@db:99999/films"},
            "DATABASE_URL: database.url: found (hidden), allowed: its port must be a number from 1 to 65535",
        ),
        ({"DB_HOST": "db", "DB_PORT": "99999"}, "DB_PORT: found '99999', allowed: a whole number from 1 to 65535"),
        ({"DB_HOST": "db", "DB_PORT": "0"}, "DB_PORT: found '0', allowed: a whole number from 1 to 65535"),
    ],
)
def test_port_of_the_database_is_one(env: dict[str, str], line: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(None, env)
    assert refused.value.lines == (line,)
