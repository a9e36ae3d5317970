"""What agents are told: one message for one event, or for many of a type. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from revenge.service.notification.catalogue import Urgency, event_type
from revenge.service.notification.models import Event

LONGEST_TITLE, LONGEST_BODY = 200, 1500
"""Characters: whatever the service, it is one request, so that no retry repeats half of a message."""
_NAMED = 15
"""Of many, so many are named."""
_LONGEST_VALUE = 300
_PING = re.compile(r"(?<!\w)@(?=\w)|<(?=[@#!&])")
"""What would ring everybody's phone where a file is called so."""
_NAMES = ("title", "name", "library", "library_name", "username", "kind", "source")
"""Of data: what an event is about, the first that is there."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    title: str
    body: str
    urgency: Urgency
    ids: Sequence[str]
    """Of the events that it tells of, for receivers that look whether they have had it."""


def compose(events: Sequence[Event]) -> Message:
    """Return the message about events of one type, of which there is at least one."""
    kind = event_type(events[0].type)
    ids = [str(event.id) for event in events]
    if len(events) == 1:
        return Message(_cut(kind.title, LONGEST_TITLE), _cut(_tell(events[0]), LONGEST_BODY), kind.urgency, ids)
    lines = [f"- {_subject(event.data) or event.type}" for event in events[:_NAMED]]
    if len(events) > _NAMED:
        lines.append(f"and {len(events) - _NAMED} more")
    return Message(
        _cut(f"{len(events)} {kind.many or events[0].type}", LONGEST_TITLE),
        _cut("\n".join(lines), LONGEST_BODY),
        kind.urgency,
        ids,
    )


def _tell(event: Event) -> str:
    lines = [*filter(None, [_subject(event.data)]), *_details(event.data)]
    return "\n".join(lines) or event_type(event.type).title


def _subject(data: Mapping[str, Any]) -> str:
    """Return what an event is about: a film and its year, an episode with its series, a library."""
    found = next((_plain(data[name]) for name in _NAMES if data.get(name)), "")
    if series := data.get("series"):
        number = "".join(
            f"{letter}{data[name]:02d}"
            for letter, name in (("S", "season"), ("E", "episode"))
            if isinstance(data.get(name), int)
        )
        found = " ".join(filter(None, [_plain(series), number, found]))
    year = data.get("year")
    return f"{found} ({year})" if found and isinstance(year, int) else found


def _details(data: Mapping[str, Any]) -> Iterator[str]:
    named = next((name for name in _NAMES if data.get(name)), "")
    told = {named, "series", "season", "episode", "year"}
    for name, value in data.items():
        # Ids are for programs, and what is empty says nothing.
        if name in told or name.endswith(("_id", "_ids")) or value is None or value in ("", [], {}):
            continue
        yield f"{name.replace('_', ' ').capitalize()}: {_plain(value)}"


def _plain(value: Any) -> str:
    match value:
        case bool():
            text = "yes" if value else "no"
        case Mapping():
            text = ", ".join(f"{name} {_plain(item)}" for name, item in value.items())
        case list() | tuple():
            text = ", ".join(map(_plain, value))
        case _:
            text = str(value)
    text = " ".join(text.split())
    return _PING.sub(lambda found: found[0] + "\u200b", _cut(text, _LONGEST_VALUE))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
