"""Our engine in this process, driven by the Go peer's commands."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from revenge.infra.jobs import (
    Client,
    ClientConfig,
    InsertOpts,
    JobArgs,
    JobFilter,
    JobLog,
    PeriodicJob,
    RetentionConfig,
    StopConfig,
    Workers,
)
from revenge.infra.jobs.periodic import Every
from revenge.infra.jobs.subscriptions import QueueChanged, Subscription
from tests.interop.ours.script import args_of, script_for
from tests.interop.ours.views import (
    insert_opts,
    job_view,
    list_params,
    milliseconds,
    queue_view,
    result_view,
    with_states,
)

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FixedRetry:
    """Retries after the same time always."""

    after: timedelta

    def delay(self, failures: int) -> timedelta:
        return self.after


_NO_CLIENT_WORKS = ""
CONNECTIONS = 8
"""Of the pool; each client that works has one more, to listen."""


class OurPeer:
    """One process of ours on a database; use it as an async context manager."""

    name = "ours"

    def __init__(self, dsn: str, *, schema: str = "") -> None:
        self._dsn = dsn
        self._schema = schema or "public"
        self._clients: dict[str, Client] = {}
        self._txs: dict[str, tuple[asyncpg.pool.PoolConnectionProxy[asyncpg.Record], Any]] = {}
        self._held: dict[int, asyncio.Event] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._events: list[Event] = []
        self._news = asyncio.Event()
        self.on_event: Callable[[Event], None] | None = None
        self._commands: Mapping[str, Callable[..., Awaitable[Any]]] = {
            name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")
        }

    async def __aenter__(self) -> "OurPeer":
        """Connect."""
        self.pool = await asyncpg.create_pool(
            self._dsn, min_size=1, max_size=CONNECTIONS, server_settings={"application_name": self.name}
        )
        self._clients[_NO_CLIENT_WORKS] = Client(self.pool, schema=self._schema)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop at once what still runs."""
        for client in self._clients.values():
            await client.stop(soft=timedelta(0))
        await asyncio.gather(*self._reports)
        self.pool.terminate()

    async def call(self, command: str, /, **params: Any) -> Any:
        """Run a command of ``commands.go`` and return its result; errors are the engine's own."""
        return await self._commands[command](**params)

    async def event(self, name: str, /, **fields: Any) -> Event:
        """Wait for an event with these fields, told already or not, and take it out of what was told."""
        while True:
            for place, event in enumerate(self._events):
                if event["event"] == name and fields.items() <= event.items():
                    return self._events.pop(place)
            self._news.clear()
            await self._news.wait()

    def told(self, name: str, /, **fields: Any) -> list[Event]:
        """Return the events of this name and these fields that nobody has taken yet."""
        return [event for event in self._events if event["event"] == name and fields.items() <= event.items()]

    def tell(self, name: str, /, **fields: Any) -> None:
        """Say that something happened."""
        event = {"event": name, **fields}
        if self.on_event is not None:
            self.on_event(event)
            return
        self._events.append(event)
        self._news.set()

    def hold(self, job_id: int) -> asyncio.Event:
        """Return what ``release`` sets."""
        return self._held.setdefault(job_id, asyncio.Event())

    async def kill(self) -> None:
        """Fail: it is the test's own process; ``start_process`` gives one that can be killed."""
        raise NotImplementedError

    # Transactions

    def _conn(self, tx: str) -> Any:
        return self._txs[tx][0] if tx else None

    async def do_begin(self, *, tx: str) -> None:
        conn = await self.pool.acquire()
        transaction = conn.transaction()
        await transaction.start()
        self._txs[tx] = conn, transaction

    async def do_commit(self, *, tx: str) -> None:
        conn, transaction = self._txs.pop(tx)
        await transaction.commit()
        await self.pool.release(conn)

    async def do_rollback(self, *, tx: str) -> None:
        conn, transaction = self._txs.pop(tx)
        await transaction.rollback()
        await self.pool.release(conn)

    # Jobs

    async def do_insert(
        self, *, kind: str, args: Mapping[str, Any], opts: Any = None, client: str = "", tx: str = "", **_: Any
    ) -> Any:
        built = args_of(kind).model_validate(args)
        return result_view(await self._clients[client].insert(built, insert_opts(opts), conn=self._conn(tx)))

    async def do_insert_many(self, *, jobs: Any, fast: bool = False, client: str = "", tx: str = "") -> Any:
        items: list[JobArgs | tuple[JobArgs, InsertOpts]] = [
            (args_of(job["kind"]).model_validate(job["args"]), insert_opts(job.get("opts"))) for job in jobs
        ]
        if fast:
            return {"count": await self._clients[client].insert_many_fast(items, conn=self._conn(tx))}
        return [result_view(each) for each in await self._clients[client].insert_many(items, conn=self._conn(tx))]

    async def do_get(self, *, job_id: int, client: str = "", tx: str = "") -> Any:
        return job_view(await self._clients[client].get(job_id, conn=self._conn(tx)))

    async def do_cancel(self, *, job_id: int, client: str = "", tx: str = "") -> Any:
        return job_view(await self._clients[client].cancel(job_id, conn=self._conn(tx)))

    async def do_retry(self, *, job_id: int, client: str = "", tx: str = "") -> Any:
        return job_view(await self._clients[client].retry(job_id, conn=self._conn(tx)))

    async def do_delete(self, *, job_id: int, client: str = "", tx: str = "") -> Any:
        return job_view(await self._clients[client].delete(job_id, conn=self._conn(tx)))

    async def do_update(self, *, job_id: int, output: Any, client: str = "", tx: str = "") -> Any:
        return job_view(await self._clients[client].update(job_id, output=output, conn=self._conn(tx)))

    async def do_list(self, **filters: Any) -> Any:
        page = await self._clients[_NO_CLIENT_WORKS].list(list_params(filters))
        return {"jobs": [job_view(row) for row in page.jobs], "cursor": page.next_cursor}

    async def do_delete_many(self, *, first: int = 100, all: bool = False, **filters: Any) -> Any:
        rows = await self._clients[_NO_CLIENT_WORKS].delete_many(
            JobFilter(**with_states(filters)), unsafe_all=all, limit=first
        )
        return {"jobs": [job_view(row) for row in rows]}

    # Queues and leadership

    async def do_queue_pause(self, *, name: str, client: str = "", tx: str = "") -> None:
        await self._clients[client].pause_queue(name, conn=self._conn(tx))

    async def do_queue_resume(self, *, name: str, client: str = "", tx: str = "") -> None:
        await self._clients[client].resume_queue(name, conn=self._conn(tx))

    async def do_queue_update(self, *, name: str, metadata: Any = None, client: str = "", tx: str = "") -> Any:
        await self._clients[client].update_queue(name, metadata=metadata, conn=self._conn(tx))
        return queue_view(await self._clients[client].get_queue(name, conn=self._conn(tx)))

    async def do_queue_get(self, *, name: str, client: str = "") -> Any:
        return queue_view(await self._clients[client].get_queue(name))

    async def do_queue_add(self, *, name: str, config: Mapping[str, Any], client: str) -> None:
        await self._clients[client].add_queue(name, config["max_workers"])

    async def do_queue_remove(self, *, name: str, client: str) -> None:
        await self._clients[client].remove_queue(name)

    async def do_queues(self, *, client: str = "") -> Any:
        return [queue_view(queue) for queue in await self._clients[client].queues()]

    async def do_request_resign(self, *, client: str = "") -> None:
        await self._clients[client].request_resign()

    # Clients

    async def do_start(self, *, client: str, config: Mapping[str, Any]) -> None:
        made = self._client(client, config)
        if not config.get("quiet"):
            self._reports.add(asyncio.create_task(self._report(client, made.subscribe_local())))
        await made.start()
        self._clients[client] = made

    async def _report(self, client: str, events: Subscription) -> None:
        """Tell what the client tells, until it stops."""
        async for event in events:
            what = {"queue": event.queue} if isinstance(event, QueueChanged) else {"job": job_view(event.job)}
            self.tell(event.kind.value, client=client, **what)

    async def do_stop(self, *, client: str, how: str = "soft", timeout_ms: int = 60_000) -> None:
        soft = milliseconds(timeout_ms) if how == "soft" else timedelta(0)
        await self._clients[client].stop(soft=soft)

    async def do_release(self, *, job_id: int = 0) -> None:
        for held in [self._held.pop(job_id)] if job_id else list(self._held.values()):
            held.set()

    def _client(self, name: str, config: Mapping[str, Any]) -> Client:
        workers = Workers(
            script_for(
                kind,
                spec or {},
                client=name,
                tell=self.tell,
                pool=self.pool,
                holder=self,
                quiet=config.get("quiet", False),
            )
            for kind, spec in config.get("workers", {}).items()
        )
        return Client(
            self.pool,
            config=_settings(name, config),
            workers=workers,
            schema=self._schema,
            listen=lambda: asyncpg.connect(self._dsn, server_settings={"application_name": self.name}),
            periodic=[_periodic(job) for job in config.get("periodic", ())],
            plugins=[JobLog()] if config.get("log") else (),
        )


def _settings(name: str, config: Mapping[str, Any]) -> ClientConfig:
    settings: dict[str, Any] = {"client_id": name}
    settings["queues"] = {queue: each["max_workers"] for queue, each in config["queues"].items()}
    durations = {
        "fetch_cooldown_ms": "fetch_cooldown",
        "fetch_poll_interval_ms": "poll_interval",
        "job_timeout_ms": "timeout",
        "rescue_after_ms": "rescue_after",
    }
    for theirs, ours in durations.items():
        if config.get(theirs):
            settings[ours] = milliseconds(config[theirs])
    if config.get("retry_ms") is not None:
        settings["retry_policy"] = FixedRetry(milliseconds(config["retry_ms"]))
    if config.get("max_attempts"):
        settings["max_attempts"] = config["max_attempts"]
    keep = {
        state: milliseconds(config[f"{state}_retention_ms"])
        for state in ("completed", "cancelled", "discarded")
        if config.get(f"{state}_retention_ms")
    }
    return ClientConfig(
        **settings,
        poll_only=config.get("poll_only", False),
        known_kinds_only=config.get("only_known_kinds", False),
        lead=not config.get("leader_election_disabled", False),
        retention=RetentionConfig(**keep),
        stop=StopConfig(soft=timedelta(seconds=20), cancel=milliseconds(config.get("stop_cancel_ms", 5000))),
    )


def _periodic(job: Mapping[str, Any]) -> PeriodicJob:
    def make() -> tuple[JobArgs, InsertOpts]:
        return args_of(job["kind"]).model_validate(job["args"]), insert_opts(job.get("opts"))

    return PeriodicJob(
        job["id"], schedule=Every(milliseconds(job["every_ms"])), make=make, run_on_start=job.get("run_on_start", False)
    )


def as_line(value: object) -> str:
    """Return a message as the one line it is sent as."""
    return json.dumps(value, default=str)
