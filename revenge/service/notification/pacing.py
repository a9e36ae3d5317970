"""Tells agents at a pace that they bear: in turn with all nodes, and not while they fail."""

from datetime import timedelta

from revenge.infra.http.config import Breaker, Rate
from revenge.infra.http.errors import CallFailed
from revenge.infra.http.traffic import Traffic
from revenge.infra.http.turns import Turns
from revenge.infra.jobs.clock import Clock
from revenge.service.notification.messages import Message
from revenge.service.notification.ports import Sender

RATE = Rate(per_second=2, burst=5, longest_wait=timedelta(seconds=2))
"""Of each agent. A wait for a turn holds a place in the queue ``high``, so that none is long."""
BREAKER = Breaker()


class PacedSender:
    """A sender whose agents have a rate and a breaker each, ``agent:<name>`` in the tables of both."""

    def __init__(self, sender: Sender, *, traffic: Traffic, clock: Clock, rate: Rate = RATE) -> None:
        self._sender = sender
        self._traffic = traffic
        self._clock = clock
        self._rate = rate

    async def send(self, agent: str, message: Message) -> None:
        """Tell ``agent`` when its turn has come.

        Raises:
            TooMany, CircuitOpen: with ``was_called`` false, it has no turn soon, asked to be left alone or failed of late.
            AgentNotFound, CallFailed: the sender's own.
        """
        turns = Turns(f"agent:{agent}", traffic=self._traffic, clock=self._clock, rate=self._rate, breaker=BREAKER)
        go = await turns.take()
        try:
            await self._sender.send(agent, message)
        except CallFailed as failure:
            await turns.settle(go, failure)
            raise
        await turns.settle(go, None)
