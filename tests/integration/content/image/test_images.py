"""Pictures from their servers to the disk, over real sockets: fetched once, checked, resized, cleaned up."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

from revenge.app.demo.faults import Fault, garbage, led_to, too_many
from revenge.app.demo.servers import DemoServers
from revenge.app.events.images import PictureQueue
from revenge.app.metadata import make_image_hosts
from revenge.app.settings import Settings
from revenge.content.image.errors import ImageRefused, NoPicture, UnknownImage
from revenge.content.image.jobs import MetadataDownloadImageArgs, MetadataDownloadImageWorker
from revenge.content.image.repository import ImageRepository
from revenge.content.image.service import ImageConfig, ImageService
from revenge.content.image.store import ImageStore
from revenge.content.metadata.models import ImageType
from revenge.infra.http.errors import NotThere, Unavailable
from revenge.infra.http.traffic_store import StoredTraffic
from revenge.infra.jobs import Cancel, Client, ClientConfig, JobListParams, Snooze
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.media_rows import MediaRows
from tests.fakes.providers import demo_servers

POSTER = ImageType.POSTER


@dataclass
class Node:
    """A node with a disk of its own."""

    images: ImageService
    folder: Path
    hosts: Any

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@dataclass
class FakeJob:
    args: MetadataDownloadImageArgs
    reports: list[Any] = field(default_factory=list)

    def report_progress(self, **values: Any) -> None:
        self.reports.append(values)


@pytest.fixture
async def servers() -> AsyncIterator[DemoServers]:
    async with demo_servers() as servers:
        yield servers


def make_node(servers: DemoServers, pool: Any, folder: Path, **config: Any) -> Node:
    settings = servers.applied(Settings())
    hosts = make_image_hosts(settings, traffic=StoredTraffic(pool), clock=SystemClock())
    images = ImageService(ImageRepository(pool), store=ImageStore(folder), hosts=hosts, config=ImageConfig(**config))
    return Node(images, folder, hosts)


@pytest.fixture
async def node(servers: DemoServers, pool: Any, tmp_path: Path) -> AsyncIterator[Node]:
    node = make_node(servers, pool, tmp_path / "one")
    yield node
    await node.hosts.close()


@pytest.fixture
async def movie(pool: Any) -> UUID:
    return await entity(pool)


async def entity(pool: Any, kind: str = "movie") -> UUID:
    found = uuid4()
    await pool.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, $2)", found, kind)
    return found


async def add_image(pool: Any, owner: UUID, source: str, *, type: str = "poster", position: int = 0) -> UUID:
    found = uuid4()
    await pool.execute(
        "INSERT INTO revenge.image (id, entity_id, type, provider, source, position) VALUES ($1, $2, $3, 'tmdb', $4, $5)",
        found, owner, type, source, position,
    )  # fmt: skip
    return found


def side_lengths(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def age(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))


async def work(node: Node, movie: UUID | str, path: str, *, type: str = "poster", size: str = "w342") -> Any:
    args = MetadataDownloadImageArgs(content_type="movie", content_id=str(movie), image_type=type, path=path, size=size)
    return await MetadataDownloadImageWorker(node.images).work(FakeJob(args))  # type: ignore[arg-type]  # a fake


async def test_a_poster_is_fetched_once_kept_by_its_content_and_made_ready(
    node: Node, servers: DemoServers, pool: Any, movie: UUID
) -> None:
    image_id = await add_image(pool, movie, "/poster-653.jpg")
    found = await node.images.download(movie, POSTER, "/poster-653.jpg")
    assert (found.image_id, found.mime, found.width, found.is_new) == (image_id, "image/jpeg", 780, True)
    assert node.files == [found.hash, f"{found.hash}.w342"]
    again = await node.images.download(movie, POSTER, "/poster-653.jpg")
    assert not again.is_new
    assert servers.faults.asked == ["/tmdb/t/p/w780/poster-653.jpg"]


async def test_two_films_with_one_picture_have_it_once(node: Node, pool: Any, movie: UUID) -> None:
    other = await entity(pool)
    hashes = {(await node.images.download(one, POSTER, "/poster-653.jpg")).hash for one in (movie, other)}
    assert len(hashes) == 1
    assert await pool.fetchval("SELECT count(*) FROM revenge.image_blob") == 1


async def test_another_node_fetches_what_it_lacks_and_shows_it(
    node: Node, servers: DemoServers, pool: Any, movie: UUID, tmp_path: Path
) -> None:
    found = await node.images.download(movie, POSTER, "/poster-653.jpg")
    other = make_node(servers, pool, tmp_path / "two")
    file = await other.images.open(found.image_id, size="w185")
    assert side_lengths(file.path) == (185, 278)
    assert file.mime == "image/jpeg"
    assert other.files == [found.hash, f"{found.hash}.w185"]
    await other.hosts.close()


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Fault(status=404), Cancel),
        (Fault(status=403), Cancel),
        (led_to("http://169.254.169.254/latest"), Cancel),
        (too_many(7), Snooze),
        (Fault(status=503, headers={"retry-after": "7"}), Snooze),
    ],
)
async def test_the_job_ends_or_waits_as_each_answer_says(
    node: Node, servers: DemoServers, movie: UUID, fault: Fault, verdict: type[Any]
) -> None:
    """W06, and Appendix C for this kind: 404 is final, 429 costs no attempt."""
    servers.faults.add(fault, path="/tmdb/t/p")
    found = await work(node, movie, "/poster-653.jpg")
    assert isinstance(found, verdict)
    assert not isinstance(found, Snooze) or found.for_ == timedelta(seconds=7)
    assert node.files == []


@pytest.mark.parametrize("fault", [Fault(status=500), garbage(), Fault(cut=True)])
async def test_the_attempt_fails_where_another_may_succeed(
    node: Node, servers: DemoServers, movie: UUID, fault: Fault
) -> None:
    servers.faults.add(fault, path="/tmdb/t/p")
    with pytest.raises(Exception, match=r"500|no picture|RemoteProtocolError"):
        await work(node, movie, "/poster-653.jpg")
    assert node.files == []
    assert (await work(node, movie, "/poster-653.jpg"))["width"] == 780


async def test_what_was_refused_for_good_is_remembered_and_not_asked_again(
    node: Node, servers: DemoServers, pool: Any, movie: UUID
) -> None:
    servers.faults.add(Fault(status=404), path="/tmdb/t/p")
    for _ in range(2):
        assert isinstance(await work(node, movie, "/poster-653.jpg"), Cancel)
    assert servers.faults.count("/tmdb") == 1
    assert "404" in await pool.fetchval("SELECT error FROM revenge.image")


@pytest.mark.parametrize(
    ("content_id", "type", "path", "size"),
    [
        ("x", "poster", "/a.jpg", "w342"),
        ("00000000-0000-4000-8000-000000000000", "poster", "/poster-653.jpg", "w342"),
        (None, "painting", "/a.jpg", "w342"),
        (None, "poster", "/a.jpg", "w7"),
        (None, "poster", "http://169.254.169.254/x.jpg", "w342"),
    ],
)
async def test_arguments_that_can_never_be_done_end_the_job(
    node: Node, servers: DemoServers, movie: UUID, content_id: str | None, type: str, path: str, size: str
) -> None:
    found = await work(node, content_id or movie, path, type=type, size=size)
    assert isinstance(found, Cancel)
    assert found.reason


async def test_no_path_is_nothing_to_do(node: Node, servers: DemoServers, movie: UUID) -> None:
    assert await work(node, movie, "") == {"skipped": "no path"}
    assert servers.faults.asked == []


async def test_a_picture_that_is_too_large_is_refused(
    servers: DemoServers, pool: Any, movie: UUID, tmp_path: Path
) -> None:
    node = make_node(servers, pool, tmp_path, max_pixels=100_000)
    with pytest.raises(ImageRefused, match="pixels"):
        await node.images.download(movie, POSTER, "/poster-653.jpg")
    assert node.files == []
    await node.hosts.close()


async def test_whole_addresses_of_providers_are_fetched(node: Node, servers: DemoServers, movie: UUID) -> None:
    source = f"{servers.url}/tvmaze/uploads/poster-9000001.jpg"
    found = await node.images.download(movie, POSTER, source)
    assert found.mime == "image/jpeg"
    logo = f"{servers.url}/fanarttv/fanart/logo-653.png"
    assert (await node.images.download(movie, ImageType.LOGO, logo)).mime == "image/png"


async def test_an_unknown_picture_or_size_is_said(node: Node, pool: Any, movie: UUID) -> None:
    with pytest.raises(UnknownImage):
        await node.images.open(uuid4())
    image_id = await add_image(pool, movie, "/poster-653.jpg")
    with pytest.raises(UnknownImage, match="w185, w342"):
        await node.images.open(image_id, size="w9")


async def test_what_nothing_shows_any_more_goes_and_the_rest_stays(
    servers: DemoServers, pool: Any, movie: UUID, tmp_path: Path
) -> None:
    node = make_node(servers, pool, tmp_path, kept_unused=timedelta(hours=1))
    kept = await node.images.download(movie, POSTER, "/poster-653.jpg")
    other = await entity(pool)
    gone = await node.images.download(other, POSTER, "/poster-19.jpg")
    await pool.execute("DELETE FROM revenge.entity WHERE id = $1", other)
    assert (await node.images.clean()).contents == 0
    await pool.execute("UPDATE revenge.image_blob SET created_at = now() - interval '1 day'")
    half = tmp_path / gone.hash[:2] / gone.hash[2:4] / "left.part"
    half.write_bytes(b"x")
    age(tmp_path)
    cleaned = await node.images.clean()
    assert (cleaned.contents, cleaned.files) == (1, 3)
    assert node.files == [kept.hash, f"{kept.hash}.w342"]
    await node.hosts.close()


async def test_what_is_shown_and_not_fetched_yet_is_enqueued_once_in_the_transaction(
    node: Node, pool: Any, database: str
) -> None:
    """W34: the Go server never enqueued one."""
    owners = [await entity(pool) for _ in range(20)]
    for owner in owners:
        await add_image(pool, owner, "/poster-653.jpg")
        await add_image(pool, owner, "/poster-19.jpg", position=1)
        await add_image(pool, owner, "/backdrop-653.jpg", type="backdrop")
    await node.images.download(owners[0], POSTER, "/poster-653.jpg")
    client = Client(pool, config=ClientConfig(), schema="public")
    queue = PictureQueue(client, images=ImageRepository(pool))
    asked: list[str] = []
    async with pool.acquire() as conn:
        conn.add_query_logger(lambda record: asked.append(record.query))
        async with conn.transaction():
            await queue.fetch(conn, owners)
            inside = len(asked)
        async with conn.transaction():
            await queue.fetch(conn, owners)
    page = await client.list(JobListParams(limit=100))
    assert {job.kind for job in page.jobs} == {"metadata_download_image"}
    assert len(page.jobs) == 39
    assert inside <= 6
    assert {(job.args["image_type"], job.args["size"]) for job in page.jobs} == {
        ("poster", "w342"),
        ("backdrop", "w780"),
    }


async def test_a_call_that_fails_leaves_no_row_that_says_it_was_refused(
    node: Node, servers: DemoServers, pool: Any, movie: UUID
) -> None:
    servers.faults.add(Fault(status=500), path="/tmdb/t/p")
    with pytest.raises(Unavailable):
        await node.images.download(movie, POSTER, "/poster-653.jpg")
    assert await pool.fetchval("SELECT error FROM revenge.image") is None


def test_files_are_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ImageStore(tmp_path)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put(b"x" * 100)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_what_is_shown_of_a_film_is_what_was_fetched_rather_than_what_was_not(
    node: Node, servers: DemoServers, pool: Any, movie: UUID
) -> None:
    with pytest.raises(UnknownImage, match="no poster"):
        await node.images.open_shown(movie, POSTER)
    await add_image(pool, movie, "/poster-657.jpg")
    await add_image(pool, movie, "/poster-653.jpg", position=1)
    fetched = await node.images.download(movie, POSTER, "/poster-653.jpg")
    shown = await node.images.open_shown(movie, POSTER, size="w342")
    assert shown.path.name == f"{fetched.hash}.w342"
    assert servers.faults.asked == ["/tmdb/t/p/w780/poster-653.jpg"]


async def test_a_picture_is_seen_by_who_may_see_any_of_what_it_shows(pool: Any) -> None:
    rows, images = MediaRows(pool), ImageRepository(pool)
    library, other, gone = await rows.library("Mine"), await rows.library("Other"), await rows.library("Gone")
    collection = await entity(pool, "collection")
    await rows.put("collection", id=collection, name="Heat Collection")
    film, series, person = (
        await rows.movie(library=library, collection_id=collection),
        await rows.series(),
        await rows.person(),
    )
    season = await rows.season(series)
    episode, later = await rows.episode(series, season, library=library), await rows.episode(series, season, 2)
    await rows.credit(later, person)
    stranger, unseen = await rows.person("Nobody"), await rows.movie("Ronin", library=other)
    await rows.credit(unseen, stranger)
    deleted = await rows.movie("Thief", library=gone)
    await pool.execute("UPDATE revenge.library SET deleted_at = now() WHERE id = $1", gone)
    for shown in (film, collection, series, season, episode, later, person):
        assert await images.is_seen(shown, [library, gone])
        assert not await images.is_seen(shown, [other])
        assert not await images.is_seen(shown, [])
    for hidden in (unseen, stranger, deleted):
        assert not await images.is_seen(hidden, [library, gone])


async def beside(pool: Any, owner: UUID, path: Path) -> str:
    """Give ``owner`` the picture at ``path`` as a scan and a match would, and return its source."""
    library, picture = uuid4(), uuid4()
    source = f"beside:{picture}:1:1"
    await pool.execute("INSERT INTO revenge.library (id, name, type) VALUES ($1, $2, 'movie')", library, str(library))
    await pool.execute(
        "INSERT INTO revenge.library_root (id, library_id, position, path, path_text) VALUES ($1, $1, 0, $2, '')",
        library,
        os.fsencode(path.parent),
    )
    await pool.execute(
        "INSERT INTO revenge.library_picture (id, library_id, root_id, path, folder, covers, type, rank, size_bytes, mtime_ns)"
        " VALUES ($1, $2, $2, $3, '', '/', 'poster', 1, 1, 1)",
        picture,
        library,
        os.fsencode(path),
    )
    await pool.execute(
        "INSERT INTO revenge.image (id, entity_id, type, provider, source, position, picture_id)"
        " VALUES ($1, $2, 'poster', 'beside', $3, -99, $4)",
        uuid4(),
        owner,
        source,
        picture,
    )
    return source


async def test_a_picture_beside_a_video_is_read_where_its_disk_is(
    node: Node, pool: Any, movie: UUID, tmp_path: Path
) -> None:
    path = tmp_path / "poster.png"
    source = await beside(pool, movie, path)
    with pytest.raises(NoPicture, match=r"poster\.png cannot be read on this node: no such file"):
        await node.images.download(movie, POSTER, source)
    Image.new("RGB", (2000, 3000), (9, 9, 9)).save(path)
    output: Any = await work(node, movie, source)
    assert (output["width"], output["height"], output["is_new"]) == (780, 1170, True)
    assert (await node.images.open_shown(movie, POSTER)).mime == "image/jpeg"


async def test_a_pipe_or_a_giant_in_a_picture_s_place_is_no_picture(
    servers: DemoServers, pool: Any, movie: UUID, tmp_path: Path
) -> None:
    node = make_node(servers, pool, tmp_path / "one", max_bytes=1000)
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(ImageRefused, match="no picture"):
        await node.images.download(movie, POSTER, await beside(pool, movie, pipe))
    giant = tmp_path / "giant.png"
    giant.write_bytes(b"x" * 1001)
    with pytest.raises(ImageRefused, match="larger than 1000 bytes"):
        await node.images.download(movie, POSTER, await beside(pool, movie, giant))
    await node.hosts.close()


async def test_a_source_that_no_scan_saw_is_not_read(node: Node, pool: Any, movie: UUID, tmp_path: Path) -> None:
    Image.new("RGB", (20, 30)).save(tmp_path / "secret.png")
    for source in (f"beside:{tmp_path}/secret.png", f"beside:{uuid4()}:1:1"):
        with pytest.raises(UnknownImage, match="by now, or gone"):
            await node.images.download(movie, POSTER, source)
    for source in (f"file://{tmp_path}/secret.png", f"{tmp_path}/secret.png"):
        with pytest.raises((ImageRefused, NotThere)):
            await node.images.download(movie, POSTER, source)
    assert await pool.fetchval("SELECT count(*) FROM revenge.image_blob") == 0
