"""Two nodes that work a stream of jobs while a test does something to their database, and what must hold afterwards."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from revenge.infra.database.pool import create_pool
from revenge.infra.jobs import Client, ClientConfig, InsertOpts, Job, LinearRetry, StoreError, Workers, tune_connection
from revenge.infra.jobs.clock import Clock, SystemClock
from tests.fakes.engine import ActArgs, Actor, eventually
from tests.fakes.figures import tell

LIMIT = timedelta(seconds=40)
"""For everything to be settled after a fault; generous, since the machine may be busy."""
AGAIN_S = 10.0
"""So soon after a fault jobs are started again, and at the earlier rate."""
SLOTS, TAKES = 10, timedelta(milliseconds=50)
"""Jobs of a node at once and how long each takes, three times that where rates are compared: their quotient, and not a
machine that others use too, is to set the rate."""
BACKLOG, BATCH = 400, 50
LEAST_SHARE = 0.9
WINDOW_S = 5.0
"""Rates are compared over so long: jobs end in bursts, and a shorter window would count one more or less."""

ENDS = """
CREATE TABLE ends (job_id bigint, state text);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO ends VALUES (NEW.id, NEW.state); RETURN NULL; END $$;
CREATE TRIGGER note_end AFTER UPDATE ON river_job FOR EACH ROW
    WHEN (NEW.finalized_at IS NOT NULL AND OLD.finalized_at IS NULL) EXECUTE FUNCTION note_end();
"""
"""Counts in the database itself how often a job ended."""

_AWAY = (OSError, TimeoutError, StoreError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(slots=True)
class Span:
    """One run of a worker: under which claim, where, from when to when (monotonic seconds)."""

    job_id: int
    attempted_at: datetime | None
    node: str
    began: float
    ended: float = float("inf")


@dataclass
class Fleet:
    """Nodes, the stream that keeps them busy, and a record of every run."""

    dsn: str
    control: "Fleet | None" = None
    """A fleet on another server, to which nothing is done: where the rate after a fault is compared with the one before,
    what the machine gave both fleets meanwhile is taken out by it. It takes longer."""
    is_control: bool = False
    insert_opts: InsertOpts | None = None
    spans: list[Span] = field(default_factory=list)
    inserted: list[int] = field(default_factory=list)
    """Ids of which the database has said that it has them."""
    nodes: list[Client] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    """Ids that the database has forgotten; filled by ``settled``."""
    _pools: list[asyncpg.Pool] = field(default_factory=list)
    _feeding: asyncio.Task[None] | None = None
    _done: int = 0
    _clock: Clock = field(default_factory=SystemClock)
    _steady_since: float = 0.0
    _fault_at: float = 0.0
    _lifted_at: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether the rate after a fault is compared with the one before."""
        return self.control is not None

    async def add_node(self, name: str, *, clock: Clock | None = None, dsn: str = "", **config: Any) -> Client:
        """Start another node."""

        async def behave(job: Job[ActArgs]) -> None:
            span = Span(job.id, job.attempted_at, name, time.monotonic())
            self.spans.append(span)
            await self._clock.sleep(TAKES * 3 if self.measured or self.is_control else TAKES)
            span.ended = time.monotonic()
            self._done += 1

        dsn = dsn or self.dsn
        init = tune_connection if config.pop("tuned", True) else None
        pool = await create_pool(dsn, min_size=0, max_size=4, application_name=name, reset=False, init=init)
        self._pools.append(pool)

        async def listen() -> Any:
            return await asyncpg.connect(dsn, server_settings={"application_name": f"{name} listens"})

        settings = {"retry_policy": LinearRetry(step=timedelta(milliseconds=20)), **config}
        client = Client(
            pool,
            config=ClientConfig(client_id=name, queues={"default": SLOTS}, **settings),
            workers=Workers([Actor(behave)]),
            schema="public",
            listen=listen,
            clock=clock,
        )
        await client.start()
        self.nodes.append(client)
        return client

    async def feed(self) -> None:
        """Keep the nodes busy from now on; return when they are."""
        pool = await create_pool(self.dsn, min_size=0, max_size=1, application_name="feeder")
        self._pools.append(pool)
        self._feeding = asyncio.create_task(self._feed(Client(pool, schema="public")))
        await self.starts_after(0.0, count=3 * SLOTS)
        self._steady_since = time.monotonic()
        await self._clock.sleep(timedelta(seconds=8 if self.measured else 1))

    @asynccontextmanager
    async def fault(self) -> AsyncIterator[None]:
        """Hold for the time in which something is wrong; afterwards wait until jobs are started again, soon."""
        self._fault_at = time.monotonic()
        yield
        self._lifted_at = time.monotonic()
        await self.starts_after(self._lifted_at, count=SLOTS)
        took = time.monotonic() - self._lifted_at
        tell(jobs_again_s=round(took, 2))
        assert took < AGAIN_S
        await self._clock.sleep(timedelta(seconds=AGAIN_S + WINDOW_S if self.measured else 0.5))

    async def starts_after(self, moment: float, *, count: int = 1) -> None:
        """Wait until ``count`` jobs have been started after ``moment``."""

        async def look() -> bool:
            return sum(span.began > moment for span in self.spans[-500:]) >= count

        await eventually(look, within=LIMIT)

    async def ends(self, count: int) -> None:
        """Wait until so many more jobs have been worked."""
        wanted = self._done + count

        async def look() -> bool:
            return self._done >= wanted

        await eventually(look, within=LIMIT)

    async def starves(self) -> None:
        """Wait until the fault has its effect: no job ends for a while."""
        while True:
            done = self._done
            await self._clock.sleep(timedelta(seconds=1))
            if done == self._done:
                return

    async def hears(self) -> None:
        """Wait until every node has heard all that was said so far."""
        await self.nodes[0].pause_queue("default")

        async def look() -> bool:
            lanes = [node._runtime._fetcher.lanes["default"] for node in self.nodes if node._runtime is not None]
            return all(lane.is_paused for lane in lanes)

        await eventually(look, within=LIMIT)
        await self.nodes[0].resume_queue("default")

    async def settled(self, *, loses: bool = False, within: timedelta = LIMIT) -> None:
        """Stop the stream, and see that every job has ended, once, worked once under each claim.

        Where the database ``loses`` what it confirmed, that may be worked again, and jobs may be gone.
        """
        assert self._feeding is not None
        self._feeding.cancel()
        await asyncio.wait([self._feeding])
        await eventually(self._all_ended, within=within)
        for node in self.nodes:
            await node.stop()
        conn = await asyncpg.connect(self.dsn)
        try:
            await self._check_rows(conn)
        finally:
            await conn.close()
        claims = Counter((span.job_id, span.attempted_at) for span in self.spans)
        assert [claim for claim, count in claims.items() if count > 1] == [], "worked twice under one claim"
        if not loses:
            assert self.lost == [], "inserted and gone"
            assert _overlaps(self.spans) == [], "worked by two at a time"
        if self.measured:
            self.check_rate()

    def check_rate(self) -> None:
        """See that within ten seconds after the fault the rate is again what it was before.

        Both are taken in shares of what the control did at the same time: on a machine that does something else, too, that
        one has less as well.
        """
        before = self._share(self._steady_since, self._fault_at)
        starts = [self._lifted_at + second for second in range(int(AGAIN_S) + 1)]
        shares = [self._share(start, start + WINDOW_S) / before for start in starts]
        back_s = next((second for second, share in enumerate(shares) if share >= LEAST_SHARE), float("nan"))
        tell(
            jobs_per_s_before=round(self.rate(self._steady_since, self._fault_at)),
            share_of_it_at_once=round(shares[0], 2),
            and_in_the_end=round(shares[-1], 2),
            back_after_s=back_s,
        )
        assert back_s == back_s, f"shares of the rate before, second by second: {shares}"

    def rate(self, begin: float, end: float) -> float:
        """Return how many jobs ended a second in that time."""
        return sum(begin <= span.ended < end for span in self.spans) / (end - begin)

    async def close(self) -> None:
        """Leave nothing running, whatever state the database is in."""
        if self._feeding is not None:
            self._feeding.cancel()
        for node in self.nodes:
            await node.stop(soft=timedelta(0))
        for pool in self._pools:
            pool.terminate()

    async def _feed(self, client: Client) -> None:
        items = [(ActArgs(), self.insert_opts or InsertOpts()) for _ in range(BATCH)]
        while True:
            try:
                while len(self.inserted) - self._done < BACKLOG:
                    results = await client.insert_many(items)
                    self.inserted += [result.job.id for result in results]
                await self._clock.sleep(TAKES)
            except _AWAY:
                await self._clock.sleep(timedelta(milliseconds=100))

    async def _all_ended(self) -> bool:
        try:
            conn = await asyncpg.connect(self.dsn, timeout=5)
            try:
                return not await conn.fetchval("SELECT count(*) FROM river_job WHERE finalized_at IS NULL")
            finally:
                await conn.close(timeout=5)
        except _AWAY:
            return False

    async def _check_rows(self, conn: "asyncpg.Connection[asyncpg.Record]") -> None:
        there = {row[0] for row in await conn.fetch("SELECT id FROM river_job WHERE kind = 'act'")}
        self.lost = [job_id for job_id in self.inserted if job_id not in there]
        odd = await conn.fetch("SELECT id, state, attempt, errors FROM river_job WHERE state <> 'completed'")
        assert odd == []
        ended = Counter([row[0] for row in await conn.fetch("SELECT job_id FROM ends")])
        assert ended == Counter(there), "not settled once each"

    def _share(self, begin: float, end: float) -> float:
        assert self.control is not None
        return self.rate(begin, end) / self.control.rate(begin, end)


def _overlaps(spans: Sequence[Span]) -> list[tuple[Span, Span]]:
    runs: dict[int, list[Span]] = {}
    for span in spans:
        runs.setdefault(span.job_id, []).append(span)
    found = []
    for several in runs.values():
        several.sort(key=lambda span: span.began)
        found += [(one, two) for one, two in itertools.pairwise(several) if two.began < one.ended]
    return found


@asynccontextmanager
async def working(
    dsn: str, *, measured: str = "", clocks: Sequence[Clock | None] = (None, None), **config: Any
) -> AsyncIterator[Fleet]:
    """Let a node for each of ``clocks`` work a stream of jobs; ``measured`` is a database on another server, for the control."""
    async with AsyncExitStack() as stack:
        control = await stack.enter_async_context(_fleet(Fleet(measured, is_control=True))) if measured else None
        if control is not None:
            await control.add_node("control")
            await control.feed()
        fleet = await stack.enter_async_context(_fleet(Fleet(dsn, control=control)))
        for number, clock in enumerate(clocks, start=1):
            await fleet.add_node(f"node{number}", clock=clock, **config)
        await fleet.feed()
        yield fleet


@asynccontextmanager
async def _fleet(fleet: Fleet) -> AsyncIterator[Fleet]:
    conn = await asyncpg.connect(fleet.dsn)
    await conn.execute(ENDS)
    await conn.close()
    try:
        yield fleet
    finally:
        await fleet.close()


Working = Callable[..., Any]
