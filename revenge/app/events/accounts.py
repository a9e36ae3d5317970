"""What happens to accounts, as people and the activity log hear of it."""

from collections.abc import Mapping

from revenge.app.events.sinks import ActivityLog, Done, Happened, Notifications
from revenge.infra.database.connection import Connection
from revenge.service.auth.ports import AuthEvent

_TOLD: Mapping[str, tuple[str, str | None]] = {
    # action: what people hear of when it worked, and when it did not
    "user.login": ("auth.login_success", "auth.login_failed"),
    "user.create": ("user.created", None),
    "user.update": ("user.updated", None),
    "user.delete": ("user.deleted", None),
    "user.password_change": ("auth.password_changed", None),
    "user.password_reset": ("auth.password_reset", None),
}
_RESOURCES = {"user": "user", "admin": "user", "session": "session", "apikey": "apikey", "library": "library"}


class AccountEvents:
    """Passes on what accounts tell."""

    def __init__(self, *, notifications: Notifications, activity: ActivityLog) -> None:
        self._notifications = notifications
        self._activity = activity

    async def happened(self, conn: Connection, event: AuthEvent) -> None:
        """Write it down, and tell those who want to hear of it."""
        await self._activity.log(conn, _done(event))
        worked, failed = _TOLD.get(event.action, (None, None))
        told = worked if event.success else failed
        if told is not None:
            await self._notifications.raise_event(conn, _happened(told, event))


def _done(event: AuthEvent) -> Done:
    caller = event.actor.caller
    resource_type = _RESOURCES[event.action.partition(".")[0]]
    resource = event.account_id if resource_type == "user" else event.resource_id
    metadata = {
        "account_id": str(event.account_id) if event.account_id and resource_type != "user" else None,
        "session_id": str(event.resource_id) if event.resource_id and resource_type == "user" else None,
        "device_name": caller.device_name,
    }
    return Done(
        action=event.action,
        account_id=event.actor.account_id,
        username=event.actor.username,
        resource_type=resource_type,
        resource_id=str(resource) if resource else None,
        changes=event.changes or None,
        metadata={name: value for name, value in metadata.items() if value is not None} or None,
        ip_address=caller.ip_address,
        user_agent=caller.user_agent,
        success=event.success,
        error_message=event.error,
    )


def _happened(type_: str, event: AuthEvent) -> Happened:
    caller = event.actor.caller
    data = {"username": event.username, "ip": caller.ip_address, "device": caller.device_name}
    return Happened(
        type=type_,
        data={name: value for name, value in data.items() if value is not None},
        account_id=event.account_id,
        target_id=event.account_id,
    )
