"""The job in the engine: what the row says after each kind of answer, and how soon a cancel is obeyed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from revenge.app.demo.faults import Fault, too_many
from revenge.app.demo.servers import DemoServers
from revenge.app.metadata import make_image_hosts
from revenge.app.settings import Settings
from revenge.content.image.jobs import MetadataDownloadImageArgs, MetadataDownloadImageWorker
from revenge.content.image.repository import ImageRepository
from revenge.content.image.service import ImageConfig, ImageService
from revenge.content.image.store import ImageStore
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs import Client, ClientConfig, JobRow, JobState, Workers
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.providers import demo_servers

CLOCK = SystemClock()
MOMENT = timedelta(milliseconds=20)


@pytest.fixture
async def servers() -> AsyncIterator[DemoServers]:
    async with demo_servers() as servers:
        yield servers


@pytest.fixture
async def client(servers: DemoServers, pool: Any, tmp_path: Path) -> AsyncIterator[Client]:
    """A node that works this kind alone."""
    hosts = make_image_hosts(servers.applied(Settings()), traffic=StoredTraffic(pool), clock=CLOCK)
    images = ImageService(ImageRepository(pool), store=ImageStore(tmp_path), hosts=hosts, config=ImageConfig())
    client = Client(
        pool,
        config=ClientConfig(queues={"default": 2}, poll_only=True),
        workers=Workers([MetadataDownloadImageWorker(images)]),
        schema="public",
    )
    await client.start()
    yield client
    await client.stop()
    await hosts.close()


@pytest.fixture
async def movie(pool: Any) -> UUID:
    found = uuid4()
    await pool.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, 'movie')", found)
    return found


async def enqueue(client: Client, movie: UUID) -> int:
    args = MetadataDownloadImageArgs(
        content_type="movie", content_id=str(movie), image_type="poster", path="/poster-653.jpg", size="w342"
    )
    return (await client.insert(args)).job.id


async def settled(client: Client, job_id: int) -> JobRow:
    """Return the row once it is neither waiting for its first attempt nor running."""
    while True:
        row = await client.get(job_id)
        if row.state not in (JobState.AVAILABLE, JobState.RUNNING):
            return row
        await CLOCK.sleep(MOMENT)


async def test_a_fetched_picture_is_the_job_s_output(client: Client, movie: UUID) -> None:
    row = await settled(client, await enqueue(client, movie))
    assert row.state is JobState.COMPLETED
    assert (row.output["mime"], row.output["width"], row.output["is_new"]) == ("image/jpeg", 780, True)


async def test_a_429_costs_no_attempt(client: Client, servers: DemoServers, movie: UUID) -> None:
    """W06."""
    servers.faults.add(too_many(60), path="/tmdb/t/p")
    row = await settled(client, await enqueue(client, movie))
    assert (row.state, row.attempt, row.errors) == (JobState.SCHEDULED, 0, [])
    assert row.scheduled_at - CLOCK.now() > timedelta(seconds=30)


async def test_a_404_ends_the_job_at_its_first_attempt(client: Client, servers: DemoServers, movie: UUID) -> None:
    servers.faults.add(Fault(status=404), path="/tmdb/t/p")
    row = await settled(client, await enqueue(client, movie))
    assert (row.state, row.attempt) == (JobState.CANCELLED, 1)
    assert "404" in row.errors[-1].error


async def test_a_500_costs_an_attempt_and_is_tried_again(client: Client, servers: DemoServers, movie: UUID) -> None:
    servers.faults.add(Fault(status=500), path="/tmdb/t/p")
    job_id = await enqueue(client, movie)
    while not (row := await client.get(job_id)).errors:
        await CLOCK.sleep(MOMENT)
    assert "500" in row.errors[0].error
    assert (await client.wait(job_id, timeout=timedelta(seconds=15))).state is JobState.COMPLETED


async def test_a_server_that_says_nothing_does_not_hold_up_a_cancel(
    client: Client, servers: DemoServers, movie: UUID
) -> None:
    servers.faults.add(Fault(delay=timedelta(seconds=30)), path="/tmdb/t/p")
    job_id = await enqueue(client, movie)
    while not servers.faults.asked:
        await CLOCK.sleep(MOMENT)
    await client.cancel(job_id)
    row = await client.wait(job_id, timeout=timedelta(seconds=10))  # within two seconds; ten for a busy machine
    assert row.state is JobState.CANCELLED
