"""What can be wrong with asking for a notification."""

from uuid import UUID


class NotificationError(Exception):
    """Root of what this package raises."""


class AgentNotFound(NotificationError):
    """The settings name no such agent."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is no agent {name!r}: agents are in the settings, at notifications.agents")


class EventNotFound(NotificationError):
    """There is no such event, or it was too old to be kept."""

    def __init__(self, event_id: UUID) -> None:
        self.event_id = event_id
        super().__init__(f"there is no event {event_id}")


class DeliveryNotFound(NotificationError):
    """The agent was not to be told of this event."""

    def __init__(self, event_id: UUID, agent: str) -> None:
        self.event_id, self.agent = event_id, agent
        super().__init__(f"agent {agent!r} was not to be told of event {event_id}")


class DeliveryNotFailed(NotificationError):
    """It was sent, or is on its way: there is nothing to try again."""

    def __init__(self, event_id: UUID, agent: str, status: str) -> None:
        self.event_id, self.agent, self.status = event_id, agent, status
        super().__init__(
            f"the delivery of event {event_id} to {agent!r} is {status}: only one that failed is tried again"
        )


class InvalidAgent(NotificationError):
    """An agent's address is none that can be used. The text never holds the address."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(f"notifications.agents.{name}.url: {reason}")
