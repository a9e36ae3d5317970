"""Deletes tokens, failed logins and sessions that are over, in bounded batches, each a transaction of its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, assert_never

from revenge.infra.database.connection import Pool
from revenge.infra.limits import LONGEST
from revenge.service.auth.config import AuthConfig
from revenge.service.auth.errors import InvalidCleanup
from revenge.service.auth.models import TokenKind
from revenge.service.auth.statements import statements

BATCH = 1000
GREATEST_BATCH = 100_000
ALL = "all"

Removed = Callable[[str, int], object]
"""Told what was removed, and how many rows."""
Report = Callable[[str, int], object]
"""Told the target, and how many rows of it are gone so far."""


class Target(StrEnum):
    """What is cleaned up, by the names of the jobs' arguments: the Go server's first."""

    EXPIRED_TOKENS = "expired_tokens"
    REVOKED_TOKENS = "revoked_tokens"
    PASSWORD_RESETS = "password_resets"  # noqa: S105 - what is cleaned up, not a password
    EMAIL_VERIFICATIONS = "email_verifications"
    FAILED_LOGINS = "failed_logins"
    MFA_CHALLENGES = "mfa_challenges"
    WEBAUTHN_CHALLENGES = "webauthn_challenges"
    OIDC_STATES = "oidc_states"
    API_KEYS = "api_keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """Which tokens of a kind are over."""

    kind: TokenKind
    expired: bool = True
    used: bool = True
    revoked: bool = True


_TOKENS: Mapping[Target, _Ended] = {
    # One that was used stays until it has run out: coming again, it gives away that somebody else has it.
    Target.EXPIRED_TOKENS: _Ended(kind=TokenKind.REFRESH, used=False, revoked=False),
    Target.REVOKED_TOKENS: _Ended(kind=TokenKind.REFRESH, expired=False, used=False),
    Target.PASSWORD_RESETS: _Ended(kind=TokenKind.PASSWORD_RESET),
    Target.EMAIL_VERIFICATIONS: _Ended(kind=TokenKind.EMAIL_VERIFICATION),
    Target.MFA_CHALLENGES: _Ended(kind=TokenKind.MFA_CHALLENGE),
    Target.WEBAUTHN_CHALLENGES: _Ended(kind=TokenKind.WEBAUTHN_CHALLENGE),
    Target.OIDC_STATES: _Ended(kind=TokenKind.OIDC_STATE),
    Target.API_KEYS: _Ended(kind=TokenKind.API_KEY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """What is to be cleaned up; checked when it is made.

    Raises:
        InvalidCleanup: it can never be done.
    """

    target: str
    """A ``Target``, or ``all``."""
    older_than: timedelta
    """Since a row was over: expired, used, revoked, or tried."""
    batch: int = BATCH
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.target != ALL and self.target not in set(Target):
            allowed = ", ".join([*Target, ALL])
            raise InvalidCleanup(f"target_type must be one of {allowed}, got {self.target[:50]!r}")
        if not timedelta(0) < self.older_than <= LONGEST:
            raise InvalidCleanup(f"older_than must be above 0 and at most {LONGEST}, got {self.older_than}")
        if not 1 <= self.batch <= GREATEST_BATCH:
            raise InvalidCleanup(f"batch_size must be 1 to {GREATEST_BATCH}, got {self.batch}")

    @property
    def targets(self) -> tuple[Target, ...]:
        """What it is about, one by one."""
        return tuple(Target) if self.target == ALL else (Target(self.target),)


class CleanupService:
    """Cleans up what accounts leave behind."""

    def __init__(
        self,
        pool: Pool,
        *,
        config: AuthConfig | None = None,
        removed: Removed = lambda target, rows: None,
        batch: int = BATCH,
    ) -> None:
        self._pool = pool
        self._config = config or AuthConfig()
        self._removed = removed
        self._batch = batch
        self._sql = statements()

    async def clean(self, wanted: Cleanup, *, report: Report = lambda target, rows: None) -> dict[str, int]:
        """Delete what ``wanted`` says, or count it for a dry run; return how many rows by target.

        What was deleted before something fails stays so, and the next call finds less to do.
        """
        return {target.value: await self._clean(target, wanted, report) for target in wanted.targets}

    async def maintain_sessions(self, *, report: Report = lambda target, rows: None) -> dict[str, int]:
        """End sessions that nobody uses, forget those that are over for long enough; return how many of each."""
        kept, batch = self._config.retention, self._batch
        counts = {"sessions_idle": 0}
        if (idle := self._config.idle) is not None:
            counts["sessions_idle"] = await self._delete(
                "sessions_idle", batch, report, lambda: self._rows("session_revoke_idle", idle, batch)
            )
        for name, statement in (
            ("sessions_expired", "session_delete_expired"),
            ("sessions_revoked", "session_delete_revoked"),
        ):
            counts[name] = await self._delete(name, batch, report, self._deleter(statement, kept, batch))
        return counts

    async def _clean(self, target: Target, wanted: Cleanup, report: Report) -> int:
        ended = _TOKENS.get(target)
        if ended is not None:
            chosen = (ended.kind, wanted.older_than, ended.expired, ended.used, ended.revoked)
            if wanted.dry_run:
                return int(await self._pool.fetchval(self._sql["token_count_ended"], *chosen))
            delete = self._deleter("token_delete_ended", *chosen, wanted.batch)
            return await self._delete(target, wanted.batch, report, delete)
        if target is not Target.FAILED_LOGINS:
            assert_never(target)  # type: ignore[arg-type]  # every other one is a kind of token
        if wanted.dry_run:
            return int(await self._pool.fetchval(self._sql["failed_login_count_old"], wanted.older_than))
        delete = self._deleter("failed_login_delete_old", wanted.older_than, wanted.batch)
        return await self._delete(target, wanted.batch, report, delete)

    async def _delete(self, target: str, batch: int, report: Report, delete: Callable[[], Awaitable[int]]) -> int:
        total, rows = 0, batch
        while rows == batch:
            rows = await delete()
            total += rows
            self._removed(str(target), rows)
            report(str(target), total)
        return total

    def _deleter(self, statement: str, *arguments: Any) -> Callable[[], Awaitable[int]]:
        return lambda: self._rows(statement, *arguments)

    async def _rows(self, statement: str, *arguments: Any) -> int:
        return len(await self._pool.fetch(self._sql[statement], *arguments))
