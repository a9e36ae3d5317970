"""A server that wants a key, on the container's own parts, with two people and two libraries."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
from argon2 import PasswordHasher
from dependency_injector import providers
from pydantic import SecretStr

from revenge.app.container import Container, build_container
from revenge.app.settings import Settings
from revenge.app.settings.model import Server
from revenge.content.library.models import LibraryFields, LibraryType
from revenge.service.auth.models import Actor, NewAccount
from revenge.service.auth.passwords import Argon2Passwords

KEY = "the-key-of-the-server"
PASSWORD = "correct horse"
HERE = Actor(username="a test")


@dataclass
class RealDatabase:
    """The test's own pool for all."""

    pool: "asyncpg.Pool[asyncpg.Record]"

    @property
    def jobs_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        return self.pool

    async def listen(self) -> Any:
        raise NotImplementedError


@dataclass
class House:
    """A server that wants a key, with two people and two libraries."""

    container: Container
    http: httpx2.AsyncClient
    libraries: dict[str, UUID] = field(default_factory=dict)
    accounts: dict[str, UUID] = field(default_factory=dict)

    async def login(self, username: str, password: str = PASSWORD) -> httpx2.Response:
        return await self.http.post("/auth/login", json={"username": username, "password": password})

    async def token(self, username: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {(await self.login(username)).json()['token']}"}


@pytest.fixture
async def house(pool: "asyncpg.Pool[asyncpg.Record]", tmp_path: Path) -> AsyncIterator[House]:
    container = build_container(Settings(server=Server(api_key=SecretStr(KEY))))
    container.database.override(providers.Object(RealDatabase(pool)))
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    container.passwords.override(providers.Object(Argon2Passwords(cheap)))
    transport = httpx2.ASGITransport(container.api())
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost/api/v1") as http:
        house = House(container, http)
        for name in ("Films", "Secret"):
            (tmp_path / name).mkdir()
            wanted = LibraryFields(name=name, type=LibraryType.MOVIE, paths=[str(tmp_path / name)])
            house.libraries[name] = (await container.library_service().create(wanted)).id
        for name in ("root", "ada"):
            wanted_account = NewAccount(username=name, password=PASSWORD, is_admin=name == "root")
            house.accounts[name] = (await container.accounts().create(wanted_account, actor=HERE)).id
        yield house
