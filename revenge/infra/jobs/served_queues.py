"""The queues that a started client works: added, removed, resized and paused while it runs."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from revenge.infra.jobs.config import QueueConfig
from revenge.infra.jobs.fetcher import Fetcher
from revenge.infra.jobs.queue_store import QueueStore


class ServedQueues:
    """What the fetcher serves and what ``river_queue`` says about it, kept together."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        store: QueueStore,
        on_paused: Callable[[str, bool], None],
        on_resized: Callable[[], None],
    ) -> None:
        """``on_paused`` is told of each queue that is paused, or is no more; ``on_resized`` that there are other slots."""
        self._fetcher = fetcher
        self._store = store
        self._on_paused = on_paused
        self._on_resized = on_resized

    def begin(self, queues: Mapping[str, QueueConfig]) -> None:
        """Serve the first queues, before anything is fetched."""
        for name, queue in queues.items():
            self._fetcher.add(name, queue)
        self._on_resized()

    async def add(self, name: str, queue: int | QueueConfig) -> None:
        """Serve another queue; one that is paused is served from its resumption on.

        Raises:
            QueueAlreadyAdded: it is served here already.
            StoreError: its row could not be written; it is not served.
        """
        paused = await self._store.touch([name])
        self._fetcher.add(name, queue, is_paused=name in paused)
        self._on_resized()
        # A pause in between has been told to nobody here.
        await self.look_up_pauses()

    async def remove(self, name: str) -> None:
        """Serve a queue no more, and wait until its jobs here have ended.

        Raises:
            QueueNotFound: it is not served here.
        """
        await self._fetcher.remove(name).wait()

    def resize(self, name: str, workers: int) -> None:
        """Change how many jobs of a queue run here at once; fewer takes effect as they end.

        Raises:
            QueueNotFound: it is not served here.
            ValueError: River allows no such number.
        """
        self._fetcher.resize(name, QueueConfig(workers).workers)
        self._on_resized()

    def slots(self) -> dict[str, int]:
        """Return the queues with their numbers of workers."""
        return {name: lane.workers for name, lane in self._fetcher.lanes.items()}

    def poll_interval(self, usual: timedelta) -> timedelta:
        """Return how often to poll, so that each queue is polled as often as it should be."""
        own = (lane.config.poll_interval for lane in self._fetcher.lanes.values())
        return min([usual, *(interval for interval in own if interval is not None)])

    def set_paused(self, name: str, *, paused: bool) -> None:
        """Act on a pause or its end, of one queue or ``*`` for all."""
        for changed in self._fetcher.set_paused(name, paused=paused):
            self._on_paused(changed, paused)

    async def touch(self) -> None:
        """Say that the queues are worked still, and find out which are paused."""
        await self._follow(self._store.touch)

    async def look_up_pauses(self) -> None:
        """Find the pauses and resumes whose notifications did not arrive."""
        await self._follow(self._store.paused)

    async def _follow(self, ask: Callable[[list[str]], Awaitable[set[str]]]) -> None:
        """Ask which queues are paused, and do so here; of one that was switched meanwhile the answer is too old."""
        asked = {name: lane.switch for name, lane in self._fetcher.lanes.items()}
        paused = await ask(list(asked))
        for name, switch in asked.items():
            lane = self._fetcher.lanes.get(name)
            if lane is not None and lane.switch == switch:
                self.set_paused(name, paused=name in paused)
