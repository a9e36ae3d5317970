"""Fills free slots: one statement claims due jobs for every queue that wants some."""

import asyncio
import heapq
import itertools
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from revenge.infra.jobs.config import QueueConfig
from revenge.infra.jobs.errors import QueueAlreadyAdded, QueueNotFound, StoreError
from revenge.infra.jobs.lane import FETCHES, Lane
from revenge.infra.jobs.models import Claim

REFILL_WITHIN_S = 0.01
"""How long such a queue waits for that quarter: where jobs are long, a slot must not stay free for want of others."""
GRAIN_S = 0.005
"""What a pass of the polling may come too early."""
MAX_DUE = 1000
"""Timers a queue keeps for jobs that come back soon; the poll finds those beyond."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
SECOND_LOOK_S = 30.0

logger = logging.getLogger("revenge.jobs")


class FetcherStore(Protocol):
    """What the fetcher needs of the database."""

    async def fetch(self, *, client_id: str, slots: Mapping[str, int], kinds: Sequence[str] | None) -> list[Claim]: ...


class Fetcher:
    """Claims jobs the moment there is both a free slot and a hint that something is due.

    Polling is the truth: ``poll`` makes every lane hungry. Nothing is fetched beyond the free slots, since a fetched
    row is ``running``.
    """

    def __init__(
        self,
        *,
        client_id: str,
        store: FetcherStore,
        kinds: Sequence[str] | None,
        cooldown: timedelta,
        start: Callable[[Iterable[Claim]], None],
        may_fetch: Callable[[], bool],
        on_failure: Callable[[], Awaitable[None]],
    ) -> None:
        """Make it; ``begin`` starts it.

        ``start`` takes what was claimed. ``may_fetch`` says no while results pile up; call ``resume`` when they no
        longer do. ``on_failure`` is awaited after a statement failed, with none under way: the server may have claimed
        jobs in it although no answer came.
        """
        self._client_id = client_id
        self._store = store
        self._kinds = kinds
        self._cooldown_s = cooldown.total_seconds()
        self._start = start
        self._may_fetch = may_fetch
        self._on_failure = on_failure
        self._may_have_unseen = False
        self.lanes: dict[str, Lane] = {}
        self._fetches: set[asyncio.Task[None]] = set()
        self._cancels_of: dict[object, set[int]] = {}
        """For each statement under way the jobs whose cancels arrived since it began."""
        self._removed: dict[str, Lane] = {}
        """Queues that are no longer served, whose jobs may run still."""
        self._has_cooldowns = False
        self._switches = itertools.count(1)
        self._refilling: asyncio.TimerHandle | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._second_look: asyncio.TimerHandle | None = None
        self._pause_s = FIRST_PAUSE_S
        self._stopped = True
        self._is_going = False
        self._last_start = float("-inf")

    def add(self, name: str, queue: int | QueueConfig, *, is_paused: bool = False) -> None:
        """Serve another queue.

        Raises:
            QueueAlreadyAdded: it is served already.
        """
        if name in self.lanes:
            raise QueueAlreadyAdded(name)
        config = QueueConfig.of(queue)
        lane = self.lanes[name] = self._removed.pop(name) if name in self._removed else Lane(name, config.workers)
        # Who still waits for the removed one to be idle waits for nothing any more.
        lane.idle.set()
        lane.idle = asyncio.Event()
        lane.workers, lane.config, lane.is_hungry, lane.has_more = config.workers, config, True, False
        lane.is_paused = is_paused
        lane.switch = next(self._switches)
        self._has_cooldowns = self._has_cooldowns or bool(config.fetch_cooldown)
        self._go()

    def remove(self, name: str) -> asyncio.Event:
        """Fetch nothing more of a queue; what runs goes on. Return what is set when none of it runs any more.

        Raises:
            QueueNotFound: it is not served here.
        """
        lane = self.lanes.pop(name, None)
        if lane is None:
            raise QueueNotFound(name)
        self._cancel(lane.timer)
        lane.due.clear()
        # Hungry, so that the end of each of its jobs comes by `_go`.
        lane.is_paused, lane.is_hungry = False, True
        self._removed[name] = lane
        self._go()
        return lane.idle

    def resize(self, name: str, workers: int) -> None:
        """Change how many jobs of a queue run at once; fewer takes effect as they end.

        Raises:
            QueueNotFound: it is not served here.
        """
        if name not in self.lanes:
            raise QueueNotFound(name)
        self.lanes[name].workers = workers
        self.hint(name)

    def begin(self) -> None:
        """Start fetching."""
        self._stopped = False
        self.poll()

    async def stop(self) -> None:
        """Fetch nothing more; wait for statements under way, whose jobs are started still."""
        self._stopped = True
        for timer in (*(lane.timer for lane in self.lanes.values()), self._resting, self._refilling, self._second_look):
            self._cancel(timer)
        if self._fetches:
            await asyncio.wait(self._fetches)

    def let_go(self) -> None:
        """End the waits for removed queues: what still runs of them was abandoned."""
        for lane in self._removed.values():
            lane.idle.set()

    def resume(self) -> None:
        """Fetch again if results no longer pile up."""
        if any(lane.wants for lane in self.lanes.values()):
            self._go()

    def poll(self, every: timedelta | None = None) -> None:
        """Look into every queue; with ``every`` into those that are due by that, or by an interval of their own."""
        now = asyncio.get_running_loop().time()
        for lane in self.lanes.values():
            interval = lane.config.poll_interval or every
            if every is not None and interval is not None and now + GRAIN_S < lane.polled_at + interval.total_seconds():
                continue
            lane.polled_at = now
            lane.is_hungry = True
            lane.hints += 1
        self._go()

    def hint(self, name: str) -> None:
        """Look into one queue: something was inserted, resumed or came back."""
        lane = self.lanes.get(name)
        if lane is not None:
            lane.is_hungry = True
            lane.hints += 1
            self._go()

    def hint_at(self, name: str, due_in: timedelta) -> None:
        """Look into one queue when a job of it falls due."""
        lane = self.lanes.get(name)
        if self._stopped or lane is None or len(lane.due) >= MAX_DUE:
            return
        at = asyncio.get_running_loop().time() + due_in.total_seconds()
        heapq.heappush(lane.due, at)
        if lane.due[0] == at:
            self._arm(lane)

    def _arm(self, lane: Lane) -> None:
        self._cancel(lane.timer)
        if lane.due:
            lane.timer = asyncio.get_running_loop().call_at(lane.due[0], self._fell_due, lane)

    def _fell_due(self, lane: Lane) -> None:
        now = asyncio.get_running_loop().time()
        while lane.due and lane.due[0] <= now:
            heapq.heappop(lane.due)
        self._arm(lane)
        self.hint(lane.name)

    def set_paused(self, name: str, *, paused: bool) -> list[str]:
        """Pause or resume a queue, ``*`` for all; return those that this changed."""
        changed: list[str] = []
        for lane in self.lanes.values() if name == "*" else filter(None, [self.lanes.get(name)]):
            if lane.is_paused is not paused:
                lane.is_paused, lane.is_hungry = paused, True
                lane.switch = next(self._switches)
                lane.hints += 1
                changed.append(lane.name)
        if changed:
            self._go()
        return changed

    def free(self, name: str) -> None:
        """A job of the queue ended: its slot may be filled."""
        lane = self.lanes.get(name) or self._removed.get(name)
        if lane is not None:
            lane.busy -= 1
            if lane.is_hungry and not self._is_going:
                # The slots that one round of the loop frees are refilled together.
                self._is_going = True
                asyncio.get_running_loop().call_soon(self._go)

    def note_cancel(self, job_id: int) -> None:
        """Remember a cancel that found no running attempt: its job may be in a fetch under way."""
        for cancels in self._cancels_of.values():
            cancels.add(job_id)

    def cancelled_meanwhile(self) -> Collection[int]:
        """Return the jobs whose cancels arrived during the fetch whose jobs ``start`` is given; only in its call."""
        return self._cancels_of.get(asyncio.current_task(), ())

    def _go(self) -> None:
        """Send as many fetches as make sense now."""
        self._is_going = False
        while self._may_send() and self._send():
            pass
        for lane in [lane for lane in self._removed.values() if not lane.busy] if self._removed else ():
            del self._removed[lane.name]
            lane.idle.set()

    def _may_send(self) -> bool:
        if self._stopped or self._resting is not None or len(self._fetches) >= FETCHES or not self._may_fetch():
            return False
        if self._may_have_unseen:
            self._recover()
            return False
        wait_s = self._last_start + self._cooldown_s - asyncio.get_running_loop().time()
        if wait_s > 0 and any(lane.wants for lane in self.lanes.values()):
            self._rest(wait_s)
            return False
        return True

    def _send(self) -> bool:
        slots = {name: wants for name, lane in self.lanes.items() if (wants := lane.wants)}
        if not slots:
            self._refill_later()
            return False
        if self._has_cooldowns and not self._drop_cooling(slots):
            return False
        loop = asyncio.get_running_loop()
        self._last_start = loop.time()
        for name, wants in slots.items():
            lane = self.lanes[name]
            lane.busy += wants
            lane.asked_at = self._last_start
            # Where more is known to wait the other statement may ask for it at the same time.
            lane.is_hungry = lane.has_more
        hints = {name: self.lanes[name].hints for name in slots}
        fetch = loop.create_task(self._fetch(slots, hints), name="jobs.fetcher.fetch")
        self._fetches.add(fetch)
        self._cancels_of[fetch] = set()
        return True

    def _drop_cooling(self, slots: dict[str, int]) -> bool:
        """Leave out queues whose own cooldown lasts, and come back for them; return whether any other is left."""
        loop = asyncio.get_running_loop()
        for name in list(slots):
            lane = self.lanes[name]
            ends_at = lane.asked_at + (lane.config.fetch_cooldown or timedelta(0)).total_seconds()
            if ends_at > loop.time():
                del slots[name]
                if lane.cooling is None:
                    lane.cooling = loop.call_at(ends_at, self._cooled, lane)
        return bool(slots)

    def _cooled(self, lane: Lane) -> None:
        lane.cooling = None
        self._go()

    def _refill_later(self) -> None:
        if self._refilling is None and any(lane.free for lane in self.lanes.values()):
            self._refilling = asyncio.get_running_loop().call_later(REFILL_WITHIN_S, self._refill)

    def _refill(self) -> None:
        self._refilling = None
        waited_since = asyncio.get_running_loop().time() - REFILL_WITHIN_S
        for lane in self.lanes.values():
            if lane.free and lane.asked_at <= waited_since:
                lane.has_more = False
        self._go()

    def _recover(self) -> None:
        if not self._fetches:
            recovery = asyncio.get_running_loop().create_task(self._hand_back(), name="jobs.fetcher.recover")
            self._fetches.add(recovery)

    async def _hand_back(self) -> None:
        try:
            await self._on_failure()
            self._may_have_unseen = False
        except StoreError as error:
            logger.warning("fetcher.recovery_failed", extra={"error": str(error)})
        except Exception:
            logger.exception("fetcher.recovery_failed")
        self._leave(failed=self._may_have_unseen)

    async def _fetch(self, slots: Mapping[str, int], hints: Mapping[str, int]) -> None:
        failed = is_undone = False
        claims: list[Claim] = []
        try:
            # Shielded from a stop by not being cancelled at all: rows that the statement claimed must be started.
            claims = await self._store.fetch(client_id=self._client_id, slots=slots, kinds=self._kinds)
        except StoreError as error:
            failed, is_undone = True, error.is_undone
            logger.warning("fetcher.failed", extra={"error": str(error), "queues": list(slots)})
        except Exception:
            # A bug, ours or the driver's, must not end the fetching.
            failed = True
            logger.exception("fetcher.failed", extra={"queues": list(slots)})
        self._account(slots, hints, claims, failed=failed)
        if claims:
            self._start(claims)
        if is_undone:
            # Nothing was claimed. Soon again, and not when all others that met here are.
            self._pause_s = FIRST_PAUSE_S * random.random()  # noqa: S311 - spreads tries
        elif failed:
            self.suspect()
        self._leave(failed=failed)

    def suspect(self) -> None:
        """Look for jobs that the database says this client works and that it does not know, before the next fetch.

        A fetch failed, or the server was lost: it may have claimed jobs without saying so, or, failed over to one that lags,
        have forgotten how some ended.
        """
        if self._stopped:
            return
        self._suspect()
        # A server that lost us may have gone on for a while: look once more.
        self._cancel(self._second_look)
        self._second_look = asyncio.get_running_loop().call_later(SECOND_LOOK_S, self._suspect)

    def _suspect(self) -> None:
        self._may_have_unseen = True
        self._go()

    def _leave(self, *, failed: bool) -> None:
        current = asyncio.current_task()
        if current is not None:
            self._fetches.discard(current)
            self._cancels_of.pop(current, None)
        if failed:
            self._rest(self._pause_s)
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        else:
            self._pause_s = FIRST_PAUSE_S
            self._go()

    def _account(
        self, slots: Mapping[str, int], hints: Mapping[str, int], claims: Sequence[Claim], *, failed: bool
    ) -> None:
        found = dict.fromkeys(slots, 0)
        for claim in claims:
            found[claim.queue] += 1
        for name, asked in slots.items():
            lane = self.lanes.get(name) or self._removed.get(name)
            if lane is None:
                continue
            lane.busy -= asked - found[name]
            is_full = found[name] == asked
            lane.has_more = is_full and not failed
            # Short: nothing more was due when the statement began, but a hint since then may be of something newer.
            lane.is_hungry = failed or is_full or lane.hints != hints[name]

    @staticmethod
    def _cancel(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    def _rest(self, seconds: float) -> None:
        self._resting = asyncio.get_running_loop().call_later(seconds, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._go()
