"""An application on fakes, and a client that speaks to it without a socket."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from revenge.app.http.app import create_app
from revenge.app.http.config import HttpConfig
from revenge.app.http.services import ApiServices
from tests.fakes.jobs import FakeJobs
from tests.fakes.libraries import FakeLibraries
from tests.fakes.services import VIEW, FakeMetrics, FakeReadiness, StoppedClock

KEY = "a-key-that-nobody-guesses"


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs()


@pytest.fixture
def libraries(jobs: FakeJobs) -> FakeLibraries:
    return FakeLibraries(jobs)


@pytest.fixture
def readiness() -> FakeReadiness:
    return FakeReadiness()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def services(jobs: FakeJobs, libraries: FakeLibraries, readiness: FakeReadiness, clock: StoppedClock) -> ApiServices:
    return ApiServices(
        client=jobs,
        libraries=libraries,
        counts=libraries,
        readiness=readiness,
        metrics=FakeMetrics(),
        view=VIEW,
        clock=clock,
    )


@pytest.fixture
def app(services: ApiServices) -> FastAPI:
    return create_app(services)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Calls the server that needs no key."""
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def guarded(services: ApiServices) -> AsyncIterator[httpx2.AsyncClient]:
    """Calls the server that wants ``KEY``, without giving it."""
    app = create_app(services, config=HttpConfig(api_key=KEY))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as client:
        yield client
