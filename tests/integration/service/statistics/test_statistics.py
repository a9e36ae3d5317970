"""What the server holds: counted from the real tables, kept by the hour, then by the day."""

from datetime import UTC, datetime, timedelta

import pytest
from uuid_utils.compat import uuid7

from revenge.infra.database.connection import Pool
from revenge.infra.jobs import Client, ClientConfig, Workers
from revenge.infra.jobs.testing import drain
from revenge.service.statistics.jobs import StatsAggregationArgs, StatsAggregationWorker
from revenge.service.statistics.models import Stat
from revenge.service.statistics.service import StatisticsService
from tests.fakes.telling import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def statistics(pool: Pool, clock: MovableClock) -> StatisticsService:
    return StatisticsService(pool, clock=clock, hourly_for=timedelta(days=30))


async def _fill(pool: Pool) -> None:
    """Two films of which one has lost its file, one in a deleted library, an episode in two files, plays."""
    films, gone, root, gone_root = (uuid7() for _ in range(4))
    account, movies = uuid7(), [uuid7() for _ in range(3)]
    series, season, episode = (uuid7() for _ in range(3))
    async with pool.acquire() as conn:
        await conn.execute(
            "INSERT INTO revenge.library (id, name, type, deleted_at)"
            " VALUES ($1, 'Films', 'movie', NULL), ($2, 'Gone', 'movie', now())",
            films,
            gone,
        )
        await conn.execute(
            "INSERT INTO revenge.library_root (id, library_id, position, path, path_text)"
            " VALUES ($1, $2, 0, '/films', '/films'), ($3, $4, 0, '/gone', '/gone')",
            root,
            films,
            gone_root,
            gone,
        )
        await conn.execute(
            "INSERT INTO revenge.entity (id, kind) SELECT id, kind FROM unnest($1::uuid[], $2::text[]) AS g (id, kind)",
            [*movies, series, season, episode],
            ["movie"] * 3 + ["series", "season", "episode"],
        )
        await conn.execute(
            "INSERT INTO revenge.movie (id, title) SELECT id, 'Film' FROM unnest($1::uuid[]) AS g (id)", movies
        )
        await conn.execute("INSERT INTO revenge.series (id, title) VALUES ($1, 'Show')", series)
        await conn.execute("INSERT INTO revenge.season (id, series_id, number) VALUES ($1, $2, 1)", season, series)
        await conn.execute(
            "INSERT INTO revenge.episode (id, series_id, season_id, season_number, number) VALUES ($1, $2, $3, 1, 1)",
            episode,
            series,
            season,
        )
        places = [
            (films, root, movies[0], "present"),
            (films, root, movies[1], "missing"),
            (gone, gone_root, movies[2], "present"),
        ]
        for number, (library, folder, movie, state) in enumerate(places):
            await _file(conn, library, folder, number, state, movie=movie)
        for number in (10, 11):
            item = await _file(conn, films, root, number, "present", series=series)
            await conn.execute("INSERT INTO revenge.item_episode (item_id, episode_id) VALUES ($1, $2)", item, episode)
        await conn.execute(
            "INSERT INTO revenge.account (id, username, is_active) VALUES ($1, 'ada', true), ($2, 'bob', false)",
            account,
            uuid7(),
        )
        for days_ago in (0, 0, 3):
            await conn.execute(
                "INSERT INTO revenge.session (id, account_id, token_hash, token_expires_at, last_activity_at, expires_at)"
                " VALUES ($1, $2, $3, now(), now() - $4 * interval '1 day', now() + interval '1 day')",
                uuid7(),
                account,
                uuid7().bytes,
                days_ago,
            )
        await conn.execute(
            "INSERT INTO revenge.watched (account_id, entity_id, duration_s, is_completed, play_count, last_watched_at)"
            " VALUES ($1, $2, 6000, true, 2, now()), ($1, $3, 7000, false, 1, now()), ($1, $4, 1500, true, 4, now())",
            account,
            movies[0],
            movies[1],
            episode,
        )


async def _file(conn: object, library: object, root: object, number: int, state: str, **of: object) -> object:
    item = uuid7()
    column, entity = ("movie_id", of["movie"]) if "movie" in of else ("series_id", of["series"])
    kind = "movie" if "movie" in of else "episode"
    await conn.execute(  # type: ignore[attr-defined]  # a connection
        f"INSERT INTO revenge.library_item (id, library_id, kind, key, title, {column}) VALUES ($1, $2, $3, $4, 'x', $5)",
        item,
        library,
        kind,
        f"{kind}-{number}",
        entity,
    )
    await conn.execute(  # type: ignore[attr-defined]  # a connection
        "INSERT INTO revenge.library_file"
        " (id, library_id, root_id, item_id, path, path_text, size_bytes, mtime_ns, inode, state, missing_since)"
        " VALUES ($1, $2, $3, $4, $5, 'x', 1000, 0, 0, $6, CASE WHEN $6 = 'missing' THEN now() END)",
        uuid7(),
        library,
        root,
        item,
        f"/{number}".encode(),
        state,
    )
    return item


async def test_everything_is_counted_from_the_tables_by_one_statement(
    pool: Pool, statistics: StatisticsService
) -> None:
    """W48, and its neighbour: films without a file that is there were counted."""
    await _fill(pool)
    client = Client(pool, config=ClientConfig(queues={"low": 1}), workers=Workers([StatsAggregationWorker(statistics)]))
    await client.insert(StatsAggregationArgs())
    drained = await drain(client)
    values = drained.completed[0].output["values"]
    assert values == {
        "total_users": 1,
        "active_users_24h": 1,
        "total_libraries": 1,
        "total_movies": 1,
        "total_series": 1,
        "total_episodes": 1,
        "total_files": 3,
        "total_size_bytes": 3000,
        "total_movie_plays": 3,
        "total_episode_plays": 4,
        "movie_watch_seconds": 12000,
        "episode_watch_seconds": 6000,
    }
    assert values.keys() == set(Stat)
    latest = await statistics.latest()
    assert latest.values == values
    statements: list[str] = []
    async with pool.acquire() as conn:
        conn.add_query_logger(lambda record: statements.append(record.query))
    await statistics.aggregate()
    assert len([each for each in statements if "server_stat" in each]) == 2


async def test_empty_server_has_statistics(statistics: StatisticsService) -> None:
    assert (await statistics.latest()).at is None
    values, _ = await statistics.aggregate()
    assert set(values.values()) == {0}


async def test_second_run_of_an_hour_takes_the_place_of_the_first(
    pool: Pool, statistics: StatisticsService, clock: MovableClock
) -> None:
    clock.ahead = _to(datetime(2026, 5, 5, 10, 7, tzinfo=UTC))
    await statistics.aggregate()
    clock.ahead = _to(datetime(2026, 5, 5, 10, 40, tzinfo=UTC))
    await statistics.aggregate()
    points = (await statistics.history(Stat.TOTAL_USERS)).points
    assert [point.at for point in points] == [datetime(2026, 5, 5, 10, tzinfo=UTC)]


async def test_hours_of_long_ago_become_days(pool: Pool, statistics: StatisticsService, clock: MovableClock) -> None:
    """W48: there was no history at all."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    await pool.executemany(
        "INSERT INTO revenge.server_stat (key, at, value) VALUES ('total_users', $1, $2)",
        [(start + timedelta(hours=hour), hour) for hour in range(96)],
    )
    clock.ahead = _to(start + timedelta(days=32, hours=1))
    await statistics.aggregate()
    history = await statistics.history(Stat.TOTAL_USERS, end=start + timedelta(days=10))
    assert [point.value for point in history.points][-3:] == [48, 47, 23]
    assert len(history.points) == 50  # two days are long past, two are not
    assert (await statistics.aggregate())[1] == 0


async def test_history_is_paged_by_time(pool: Pool, statistics: StatisticsService) -> None:
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    await pool.executemany(
        "INSERT INTO revenge.server_stat (key, at, value) VALUES ('total_users', $1, $2)",
        [(start - timedelta(hours=hour), hour) for hour in range(5)],
    )
    values, cursor = [], None
    while True:
        page = await statistics.history(Stat.TOTAL_USERS, limit=2, cursor=cursor)
        values += [point.value for point in page.points]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert values == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="'nonsense' is no cursor"):
        await statistics.history(Stat.TOTAL_USERS, cursor="nonsense")


def _to(moment: datetime) -> timedelta:
    return moment - datetime.now(UTC)
