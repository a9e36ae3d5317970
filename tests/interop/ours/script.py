"""A worker that does what its kind's script, or its job's own, says: the twin of ``worker.go``."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, cast

import asyncpg
from pydantic import ConfigDict

from revenge.infra.jobs import NO_TIMEOUT, Cancel, Cursor, Job, JobArgs, Snooze, Worker
from revenge.infra.jobs.clock import SystemClock
from tests.interop.ours.views import milliseconds, moment

logger = logging.getLogger("interop")

Tell = Callable[..., None]


class AnyArgs(JobArgs):
    """Whatever another program put in."""

    model_config = ConfigDict(extra="allow")


@cache
def args_of(kind: str) -> type[AnyArgs]:
    """Return a class of arguments of any shape for ``kind``."""

    class Args(AnyArgs, kind=kind):
        pass

    return Args


class Failure(Exception):
    """What a script fails with."""


class Holder(Protocol):
    """Who keeps jobs until they are released."""

    def hold(self, job_id: int) -> asyncio.Event: ...


class Script(Worker[AnyArgs]):
    """Any kind's worker; ``script_for`` makes one kind's."""

    def __init__(
        self,
        spec: Mapping[str, Any],
        *,
        client: str,
        tell: Tell,
        pool: "asyncpg.Pool[asyncpg.Record]",
        holder: Holder,
        quiet: bool,
    ) -> None:
        self._spec = spec
        self._client = client
        self._tell = tell
        self._pool = pool
        self._holder = holder
        self._quiet = quiet
        if spec.get("timeout_ms"):
            self.timeout = NO_TIMEOUT if spec["timeout_ms"] < 0 else milliseconds(spec["timeout_ms"])

    def retry_delay(self, job: Job[AnyArgs], error: BaseException) -> Any:
        retry_ms = self._spec.get("retry_ms")
        return None if retry_ms is None else milliseconds(retry_ms)

    async def work(self, job: Job[AnyArgs]) -> object:
        attempts = (job.args.model_extra or {}).get("attempts") or self._spec.get("attempts") or [{"do": "ok"}]
        turn = job.attempt + int(job.metadata.get("snoozes", 0))
        does = attempts[min(turn, len(attempts)) - 1]
        if self._quiet:
            return await self._act(job, does, asyncio.Event())
        held = self._holder.hold(job.id) if does["do"] == "hold" else asyncio.Event()
        self._tell("work_started", client=self._client, job=_claimed(job))
        ended: dict[str, Any] = {"client": self._client, "job_id": job.id, "attempt": job.attempt}
        try:
            return await self._act(job, does, held)
        except BaseException as error:
            ended["error"] = str(error) or type(error).__name__
            raise
        finally:
            self._tell("work_ended", **ended)

    async def _act(self, job: Job[AnyArgs], does: Mapping[str, Any], held: asyncio.Event) -> object:
        match does["do"]:
            case "ok":
                return None
            case "fail" | "panic":
                raise Failure(does.get("message", ""))
            case "cancel":
                return Cancel(does.get("message", ""))
            case "snooze":
                return Snooze(milliseconds(does["ms"]))
            case "sleep":
                await SystemClock().sleep(milliseconds(does["ms"]))
            case "block":
                await _deaf(does["ms"])
            case "hold":
                return await _hold(held, does)
            case "output":
                return cast("object", does["value"])
            case "effect" | "log" | "complete_tx" | "steps":
                await self._write(job, does)
            case unknown:
                message = f"unknown behaviour {unknown!r}"
                raise ValueError(message)
        return None

    async def _write(self, job: Job[AnyArgs], does: Mapping[str, Any]) -> None:
        match does["do"]:
            case "effect":
                await self._pool.execute(
                    "INSERT INTO effects (job_id, attempted_at, node) VALUES ($1, $2, $3)",
                    job.id,
                    job.attempted_at,
                    self._client,
                )
            case "log":
                logger.info("%s", does["value"])
            case "complete_tx":
                async with self._pool.acquire() as conn, conn.transaction():
                    await job.complete(conn=conn)
            case "steps":
                for each in does["steps"]:
                    await self._step(job, each)
        if does.get("message"):
            raise Failure(does["message"])

    async def _step(self, job: Job[AnyArgs], each: Mapping[str, Any]) -> None:
        if each.get("cursor"):
            await job.cursor_step(each["name"], object, self._in_step, job, each)
        else:
            await job.step(each["name"], self._in_step, None, job, each)

    async def _in_step(self, cursor: Cursor[object] | None, job: Job[AnyArgs], each: Mapping[str, Any]) -> object:
        value = cursor and cursor.value
        self._tell("step", client=self._client, job_id=job.id, step=each["name"], cursor=value)
        if "save" in each:
            await self._save_step(cursor, job, each)
        elif cursor is not None and "set" in each:
            cursor.set(each["set"])
        for inner in each.get("inner", ()):
            await self._step(job, inner)
        if "fail" in each:
            raise Failure(each["fail"])
        return Snooze(milliseconds(each["snooze_ms"])) if "snooze_ms" in each else None

    async def _save_step(self, cursor: Cursor[object] | None, job: Job[AnyArgs], each: Mapping[str, Any]) -> None:
        async with self._pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            try:
                if cursor is not None and "set" in each:
                    await cursor.save(each["set"], conn=conn)
                else:
                    await job.save_step(conn=conn)
            except BaseException:
                await transaction.rollback()
                raise
            await (transaction.rollback() if each["save"] == "rollback" else transaction.commit())


def script_for(kind: str, spec: Mapping[str, Any], **settings: Any) -> Script:
    """Return a worker of ``kind``."""
    return type(f"Script{kind.title()}", (Script,), {"args_type": args_of(kind)})(spec, **settings)  # type: ignore[no-any-return]


async def _hold(held: asyncio.Event, does: Mapping[str, Any]) -> object:
    try:
        await held.wait()
    except asyncio.CancelledError:
        match does.get("then"):
            case "ok":
                return None
            case "fail":
                raise Failure(does.get("message", "")) from None
            case "cancel":
                return Cancel(does.get("message", ""))
        raise
    match does.get("after"):
        case "fail":
            raise Failure(does.get("message", ""))
        case "snooze":
            return Snooze(milliseconds(does["ms"]))
    return None


async def _deaf(ms: float) -> None:
    """Wait, whatever anybody says."""
    waiting = asyncio.ensure_future(SystemClock().sleep(milliseconds(ms)))
    while not waiting.done():
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            continue


def _claimed(job: Job[AnyArgs]) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "queue": job.queue,
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "attempted_at": moment(job.attempted_at),
        "args": job.args.model_dump_json(),
    }
