"""Who is told of events: agents, by their names, and what each wants to hear."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from revenge.service.notification.catalogue import event_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Somebody who is told. Its address is a secret, and so it is not here."""

    name: str
    scheme: str
    """Of its address: ``discord``, ``ntfy``, ``mailtos``, ..."""
    enabled: bool = True
    event_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    def wants(self, type: str) -> bool:
        """Tell whether it is to hear of events of ``type``: all of them where it names neither types nor categories."""
        if not self.enabled:
            return False
        if not self.event_types and not self.categories:
            return True
        return type in self.event_types or event_type(type).category in self.categories


class Agents:
    """The agents by name, in the order of the settings."""

    def __init__(self, agents: Iterable[Agent] = ()) -> None:
        self._agents: Mapping[str, Agent] = {agent.name: agent for agent in agents}

    def get(self, name: str) -> Agent | None:
        """Return an agent, or None where there is none of the name."""
        return self._agents.get(name)

    def all(self) -> list[Agent]:
        """Return every agent, those that are switched off too."""
        return list(self._agents.values())

    def wanting(self, type: str) -> list[str]:
        """Return the names of those that are to hear of events of ``type``."""
        return [agent.name for agent in self._agents.values() if agent.wants(type)]
