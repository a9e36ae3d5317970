"""Every type of event that is raised, its category, and how pressing it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """What agents filter by, beside types."""

    CONTENT = "content"
    REQUESTS = "requests"
    LIBRARY = "library"
    USER = "user"
    AUTH = "auth"
    PLAYBACK = "playback"
    INTEGRATION = "integration"
    SYSTEM = "system"


class Urgency(StrEnum):
    """apprise's types of messages."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of events."""

    category: Category
    title: str
    urgency: Urgency = Urgency.INFO
    many: str = ""
    """The title of several of them; with one they are gathered for a while and told at once."""


_C, _U = Category, Urgency

CATALOGUE: Mapping[str, EventType] = {
    "movie.added": EventType(_C.CONTENT, "New film", _U.SUCCESS, many="new films"),
    "movie.available": EventType(_C.CONTENT, "Film is there now", _U.SUCCESS, many="films are there now"),
    "movie.updated": EventType(_C.CONTENT, "Film changed", many="films changed"),
    "movie.deleted": EventType(_C.CONTENT, "Film removed", many="films removed"),
    "series.added": EventType(_C.CONTENT, "New series", _U.SUCCESS, many="new series"),
    "series.updated": EventType(_C.CONTENT, "Series changed", many="series changed"),
    "series.deleted": EventType(_C.CONTENT, "Series removed", many="series removed"),
    "season.added": EventType(_C.CONTENT, "New season", _U.SUCCESS, many="new seasons"),
    "episode.added": EventType(_C.CONTENT, "New episode", _U.SUCCESS, many="new episodes"),
    "episode.deleted": EventType(_C.CONTENT, "Episode removed", many="episodes removed"),
    "media.unmatched": EventType(_C.CONTENT, "Nobody knows this one", _U.WARNING, many="items that nobody knows"),
    "request.created": EventType(_C.REQUESTS, "Something was asked for"),
    "request.approved": EventType(_C.REQUESTS, "A request was approved", _U.SUCCESS),
    "request.denied": EventType(_C.REQUESTS, "A request was denied"),
    "library.scan_started": EventType(_C.LIBRARY, "Scan started"),
    "library.scan_done": EventType(_C.LIBRARY, "Scan done", _U.SUCCESS),
    "library.scan_failed": EventType(_C.LIBRARY, "Scan failed", _U.FAILURE),
    "library.created": EventType(_C.LIBRARY, "New library"),
    "library.updated": EventType(_C.LIBRARY, "Library changed"),
    "library.deleted": EventType(_C.LIBRARY, "Library removed", _U.WARNING),
    "library.restored": EventType(_C.LIBRARY, "Library restored"),
    "user.created": EventType(_C.USER, "New account"),
    "user.updated": EventType(_C.USER, "Account changed"),
    "user.deleted": EventType(_C.USER, "Account removed", _U.WARNING),
    "auth.login_success": EventType(_C.AUTH, "Somebody logged in"),
    "auth.login_failed": EventType(_C.AUTH, "A login failed", _U.WARNING, many="failed logins"),
    "auth.mfa_enabled": EventType(_C.AUTH, "Second factor switched on", _U.WARNING),
    "auth.mfa_disabled": EventType(_C.AUTH, "Second factor switched off", _U.WARNING),
    "auth.password_changed": EventType(_C.AUTH, "Password changed", _U.WARNING),
    "auth.password_reset": EventType(_C.AUTH, "Password reset", _U.WARNING),
    "playback.started": EventType(_C.PLAYBACK, "Playing"),
    "playback.stopped": EventType(_C.PLAYBACK, "Played"),
    "integration.radarr_sync": EventType(_C.INTEGRATION, "Radarr was synced"),
    "integration.sonarr_sync": EventType(_C.INTEGRATION, "Sonarr was synced"),
    "integration.radarr_sync_failed": EventType(_C.INTEGRATION, "Radarr could not be synced", _U.FAILURE),
    "integration.sonarr_sync_failed": EventType(_C.INTEGRATION, "Sonarr could not be synced", _U.FAILURE),
    "integration.radarr_health": EventType(_C.INTEGRATION, "Radarr has a problem", _U.WARNING),
    "integration.sonarr_health": EventType(_C.INTEGRATION, "Sonarr has a problem", _U.WARNING),
    "integration.radarr_health_restored": EventType(_C.INTEGRATION, "Radarr is well again", _U.SUCCESS),
    "integration.sonarr_health_restored": EventType(_C.INTEGRATION, "Sonarr is well again", _U.SUCCESS),
    "integration.radarr_updated": EventType(_C.INTEGRATION, "Radarr was updated"),
    "integration.sonarr_updated": EventType(_C.INTEGRATION, "Sonarr was updated"),
    "integration.radarr_wants_person": EventType(_C.INTEGRATION, "Radarr cannot import by itself", _U.WARNING),
    "integration.sonarr_wants_person": EventType(_C.INTEGRATION, "Sonarr cannot import by itself", _U.WARNING),
    "integration.failed": EventType(_C.INTEGRATION, "An integration does not work", _U.FAILURE),
    "jobs.discarded": EventType(_C.SYSTEM, "Jobs failed for good", _U.FAILURE),
    "system.startup": EventType(_C.SYSTEM, "Server started"),
    "system.shutdown": EventType(_C.SYSTEM, "Server stopped"),
    "system.backup_created": EventType(_C.SYSTEM, "Backup made", _U.SUCCESS),
    "test.notification": EventType(_C.SYSTEM, "A test"),
}

_PREFIXES: Mapping[str, Category] = {
    "movie": Category.CONTENT,
    "series": Category.CONTENT,
    "season": Category.CONTENT,
    "episode": Category.CONTENT,
    "media": Category.CONTENT,
    "request": Category.REQUESTS,
    **{category.value: category for category in Category},
}


def event_type(name: str) -> EventType:
    """Return what is known of a type; one that nobody has described has the category that its name begins with."""
    known = CATALOGUE.get(name)
    if known is not None:
        return known
    category = _PREFIXES.get(name.partition(".")[0], Category.SYSTEM)
    return EventType(category, name.replace(".", " ").replace("_", " ").capitalize())
