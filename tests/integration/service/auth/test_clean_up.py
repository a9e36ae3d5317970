"""W47: clean-ups do what their arguments say, in bounded batches, and count what they did."""

import json
from datetime import timedelta
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from revenge.infra.jobs import Client, InvalidJob, JobArgs, JobState, Workers
from revenge.infra.jobs.testing import drain
from revenge.service.auth.clean_up import CleanupService, Target
from revenge.service.auth.jobs import CleanupArgs, CleanupWorker, SessionMaintenanceArgs, SessionMaintenanceWorker
from revenge.service.auth.models import TokenKind
from tests.integration.service.auth.conftest import Accounts

HOUR = 3600 * 10**9
KINDS = {
    Target.PASSWORD_RESETS: TokenKind.PASSWORD_RESET,
    Target.EMAIL_VERIFICATIONS: TokenKind.EMAIL_VERIFICATION,
    Target.MFA_CHALLENGES: TokenKind.MFA_CHALLENGE,
    Target.WEBAUTHN_CHALLENGES: TokenKind.WEBAUTHN_CHALLENGE,
    Target.OIDC_STATES: TokenKind.OIDC_STATE,
    Target.API_KEYS: TokenKind.API_KEY,
}


class House:
    """Tokens of every kind, and a client that cleans them up."""

    def __init__(self, world: Accounts, **config: Any) -> None:
        self.world = world
        self.pool = world.pool
        world.configure(**config)
        self.removed: list[tuple[str, int]] = []
        service = CleanupService(
            self.pool,
            config=world.config,
            removed=lambda target, rows: self.removed.append((target, rows)),
            batch=2,
        )
        self.client = Client(self.pool, workers=Workers([CleanupWorker(service), SessionMaintenanceWorker(service)]))

    async def work(self, args: JobArgs) -> Any:
        job = (await self.client.insert(args)).job
        await drain(self.client)
        return (await self.client.get(job.id)).metadata.get("output")

    async def token(self, kind: TokenKind, **hours_ago: float) -> None:
        columns = {"created_at": 100.0, "expires_at": -1000.0, **hours_ago}
        if kind is TokenKind.API_KEY and "expires_at" not in hours_ago:
            columns.pop("expires_at")
        await self.pool.execute(
            f"INSERT INTO revenge.account_token (id, kind, token_hash, {', '.join(columns)})"
            f" VALUES ($1, $2, $3, {', '.join(f'now() - make_interval(secs => {hours} * 3600)' for hours in columns.values())})",
            uuid7(),
            kind.value,
            uuid7().bytes,
        )

    async def failed_login(self, hours_ago: int) -> None:
        await self.pool.execute(
            "INSERT INTO revenge.failed_login (id, username, attempted_at) VALUES ($1, 'x', now() - make_interval(hours => $2))",
            uuid7(),
            hours_ago,
        )

    async def tokens(self) -> int:
        return int(await self.pool.fetchval("SELECT count(*) FROM revenge.account_token"))


@pytest.fixture
def house(world: Accounts) -> House:
    return House(world)


@pytest.mark.parametrize("target", KINDS)
async def test_each_kind_of_token_goes_once_it_has_been_over_for_long_enough(house: House, target: Target) -> None:
    kind = KINDS[target]
    ended = ("expires_at", "revoked_at") if kind is TokenKind.API_KEY else ("expires_at", "used_at", "revoked_at")
    for column in ended:
        await house.token(kind, **{column: 5})
        await house.token(kind, **{column: 3})
    await house.token(kind)
    output = await house.work(CleanupArgs(target_type=target, older_than=4 * HOUR))
    assert output == {"rows": {target.value: len(ended)}, "dry_run": False}
    assert await house.tokens() == len(ended) + 1


async def test_refresh_tokens_that_ran_out_and_that_were_revoked_are_two_targets(house: House) -> None:
    await house.token(TokenKind.REFRESH, expires_at=5)
    await house.token(TokenKind.REFRESH, revoked_at=5)
    await house.token(TokenKind.REFRESH, used_at=5)
    assert (await house.work(CleanupArgs(target_type="revoked_tokens", older_than=HOUR)))["rows"] == {
        "revoked_tokens": 1
    }
    assert (await house.work(CleanupArgs(target_type="expired_tokens", older_than=HOUR)))["rows"] == {
        "expired_tokens": 1
    }
    # The one that was used stays, so that it gives itself away if it comes again.
    assert await house.tokens() == 1


async def test_failed_logins_go_by_their_age(house: House) -> None:
    for hours in (1, 5, 9):
        await house.failed_login(hours)
    assert (await house.work(CleanupArgs(target_type="failed_logins", older_than=4 * HOUR)))["rows"] == {
        "failed_logins": 2
    }


async def test_all_is_every_target(house: House) -> None:
    for kind in TokenKind:
        await house.token(kind, expires_at=30)
    await house.failed_login(30)
    output = await house.work(CleanupArgs(target_type="all", older_than=24 * HOUR))
    assert output["rows"] == {target.value: 0 if target is Target.REVOKED_TOKENS else 1 for target in Target}


async def test_rows_go_in_batches_of_the_size_that_was_asked_for(house: House) -> None:
    for _ in range(7):
        await house.failed_login(30)
    output = await house.work(CleanupArgs(target_type="failed_logins", older_than=HOUR, batch_size=3))
    assert output["rows"] == {"failed_logins": 7}
    assert house.removed == [("failed_logins", 3), ("failed_logins", 3), ("failed_logins", 1)]


async def test_dry_run_counts_what_a_real_one_deletes(house: House) -> None:
    for kind in TokenKind:
        await house.token(kind, expires_at=30)
    await house.failed_login(30)
    dry = await house.work(CleanupArgs(target_type="all", older_than=HOUR, dry_run=True))
    assert await house.tokens() == len(TokenKind)
    real = await house.work(CleanupArgs(target_type="all", older_than=HOUR))
    assert (dry["dry_run"], dry["rows"]) == (True, real["rows"])
    assert sum(real["rows"].values()) == len(TokenKind) + 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"target_type": ""},
        {"target_type": "everything"},
        {"older_than": 0},
        {"older_than": -HOUR},
        {"older_than": 2**63 - 1},
        {"batch_size": -1},
        {"batch_size": 10**9},
    ],
)
async def test_arguments_that_can_never_work_are_refused_and_cancel_a_job_of_others(
    house: House, wrong: dict[str, Any]
) -> None:
    good = {"target_type": "all", "older_than": HOUR}
    with pytest.raises(InvalidJob, match=next(iter(wrong))):
        await house.client.insert_raw("cleanup", good | wrong)
    job = (await house.client.insert_raw("cleanup", good)).job
    await house.world.pool.execute("UPDATE river_job SET args = $1 WHERE id = $2", json.dumps(good | wrong), job.id)
    await drain(house.client)
    row = await house.client.get(job.id)
    assert (row.state, row.attempt) == (JobState.CANCELLED, 1)


async def test_second_clean_up_waits_for_the_first(house: House) -> None:
    async with house.client.once_per_cluster("cleanup", ttl=timedelta(minutes=1)) as hold:
        assert hold
        job = (await house.client.insert(CleanupArgs(target_type="all", older_than=HOUR))).job
        await drain(house.client)
        assert (await house.client.get(job.id)).state is JobState.SCHEDULED


async def test_idle_sessions_are_ended_and_old_ones_forgotten(world: Accounts) -> None:
    house = House(world, idle=timedelta(hours=4), retention=timedelta(hours=10))
    await world.account()
    logins = [await world.login() for _ in range(7)]
    for login in logins[:3]:
        await world.age(login.session_id, last_activity_at="-5 hours")
    await world.age(logins[3].session_id, token_expires_at="-11 hours", expires_at="-11 hours")
    await world.age(logins[4].session_id, token_expires_at="-9 hours", expires_at="-9 hours")
    await world.age(logins[5].session_id, revoked_at="-11 hours")
    output = await house.work(SessionMaintenanceArgs())
    assert output == {"sessions_idle": 3, "sessions_expired": 1, "sessions_revoked": 1}
    assert await world.sessions.count_active() == 1
    assert house.removed == [
        ("sessions_idle", 2),
        ("sessions_idle", 1),
        ("sessions_expired", 1),
        ("sessions_revoked", 1),
    ]


async def test_sessions_may_rest_for_ever_where_the_settings_say_so(world: Accounts) -> None:
    house = House(world, idle=None)
    await world.account()
    login = await world.login()
    await world.age(login.session_id, last_activity_at="-2000 hours")
    assert (await house.work(SessionMaintenanceArgs()))["sessions_idle"] == 0
    assert await world.sessions.identify(login.token) is not None


async def test_locked_rows_are_left_for_the_next_time(house: House) -> None:
    await house.failed_login(30)
    async with house.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT id FROM revenge.failed_login FOR UPDATE")
        output = await house.work(CleanupArgs(target_type="failed_logins", older_than=HOUR))
    assert output["rows"] == {"failed_logins": 0}


def test_arguments_are_those_of_the_go_server() -> None:
    plain = CleanupArgs(target_type="all", older_than=86_400_000_000_000)
    assert plain.wire_text() == '{"target_type":"all","older_than":86400000000000}'
    full = CleanupArgs(target_type="all", older_than=1, batch_size=5, dry_run=True)
    assert full.wire_text() == '{"target_type":"all","older_than":1,"batch_size":5,"dry_run":true}'
    assert SessionMaintenanceArgs().wire_text() == "{}"
