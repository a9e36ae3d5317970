"""Accounts on a real database, with passwords that are cheap to hash."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from argon2 import PasswordHasher

from revenge.infra.database.connection import Connection
from revenge.service.auth.accounts import AccountService
from revenge.service.auth.api_keys import ApiKeyService
from revenge.service.auth.config import AuthConfig
from revenge.service.auth.models import Account, Actor, Caller, Login, NewAccount
from revenge.service.auth.once import OnceTokens
from revenge.service.auth.passwords import Argon2Passwords
from revenge.service.auth.permissions import PermissionService
from revenge.service.auth.ports import AuthEvent
from revenge.service.auth.sessions import SessionService

CALLER = Caller(ip_address="192.0.2.7", user_agent="a test", device_name="sofa")
ACTOR = Actor(username="a test")
PASSWORD = "correct horse"


class CountedPasswords(Argon2Passwords):
    """Knows what was verified against what."""

    def __init__(self) -> None:
        super().__init__(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.verified: list[bool] = []

    async def verify(self, password: str, kept: str | None) -> bool:
        self.verified.append(kept is not None)
        return await super().verify(password, kept)


@dataclass
class Heard:
    """Keeps what it is told."""

    events: list[AuthEvent] = field(default_factory=list)

    async def happened(self, conn: Connection, event: AuthEvent) -> None:
        assert conn.is_in_transaction()
        self.events.append(event)

    @property
    def actions(self) -> list[str]:
        return [f"{event.action}{'' if event.success else ' failed'}" for event in self.events]


class Accounts:
    """All services of accounts, on one pool."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", **config: Any) -> None:
        self.pool = pool
        self.passwords = CountedPasswords()
        self.heard = Heard()
        self.configure(**config)

    def configure(self, **config: Any) -> None:
        pool, heard = self.pool, self.heard
        self.config = AuthConfig(**config)
        self.accounts = AccountService(pool, passwords=self.passwords, events=heard)
        self.sessions = SessionService(pool, passwords=self.passwords, events=heard, config=self.config)
        self.keys = ApiKeyService(pool, events=heard, config=self.config)
        self.permissions = PermissionService(pool, events=heard)
        self.once = OnceTokens(pool)

    async def account(self, username: str = "ada", **fields: Any) -> Account:
        return await self.accounts.create(
            NewAccount(username=username, **{"password": PASSWORD, **fields}), actor=ACTOR
        )

    async def login(self, username: str = "ada", password: str = PASSWORD, caller: Caller = CALLER) -> Login:
        return await self.sessions.login(username, password, caller=caller)

    async def age(self, session_id: UUID, **times: str) -> None:
        """Move columns of a session by intervals."""
        for column, by in times.items():
            await self.pool.execute(
                f"UPDATE revenge.session SET {column} = now() + $2::text::interval WHERE id = $1", session_id, by
            )


@pytest.fixture
def world(pool: "asyncpg.Pool[asyncpg.Record]") -> Accounts:
    return Accounts(pool)
