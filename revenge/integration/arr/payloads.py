"""What webhooks say, as far as it is looked at: which title it is about, which files, and what people should know."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field, ValidationError

from revenge.integration.arr.errors import InvalidPayload
from revenge.integration.arr.facts import Source
from revenge.integration.arr.reading import what_is_wrong
from revenge.integration.arr.wire import ArrId, Text, Wire

_MAX_TOLD = 1000


class Means(Enum):
    """What an event leads to."""

    SYNC = auto()
    """Its title is synced and its folders are scanned."""
    FORGET = auto()
    """Its title is let go."""
    TELL = auto()
    """People are told."""
    NOTE = auto()
    """It is kept, and that is all."""


MEANS: Mapping[Source, Mapping[str, Means]] = {
    Source.RADARR: {
        "Test": Means.NOTE,
        "Grab": Means.NOTE,
        "Download": Means.SYNC,
        "Rename": Means.SYNC,
        "MovieAdded": Means.SYNC,
        "MovieFileDelete": Means.SYNC,
        "MovieDelete": Means.FORGET,
        "Health": Means.TELL,
        "HealthRestored": Means.TELL,
        "ApplicationUpdate": Means.TELL,
        "ManualInteractionRequired": Means.TELL,
    },
    Source.SONARR: {
        "Test": Means.NOTE,
        "Grab": Means.NOTE,
        "Download": Means.SYNC,
        "Rename": Means.SYNC,
        "SeriesAdd": Means.SYNC,
        "EpisodeFileDelete": Means.SYNC,
        "SeriesDelete": Means.FORGET,
        "Health": Means.TELL,
        "HealthRestored": Means.TELL,
        "ApplicationUpdate": Means.TELL,
        "ManualInteractionRequired": Means.TELL,
    },
}
"""Every event that both programs declare; any other is noted."""


class _Title(Wire):
    """A film or a series."""

    id: ArrId
    title: Text = None
    folder_path: Text = None
    path: Text = None


class _File(Wire):
    """A file; of a renamed one, where it was too."""

    path: Text = None
    relative_path: Text = None
    previous_path: Text = None


def _files(value: object) -> object:
    # "Were the files deleted?" in MovieDelete and SeriesDelete, which files in an import.
    return () if value is None or isinstance(value, bool) else value


class Payload(Wire):
    """A webhook's body, of either program."""

    event_type: Annotated[str, Field(min_length=1, max_length=100)]
    instance_name: Text = None
    movie: _Title | None = None
    series: _Title | None = None
    movie_file: _File | None = None
    episode_file: _File | None = None
    episode_files: Annotated[tuple[_File, ...], BeforeValidator(_files)] = ()
    deleted_files: Annotated[tuple[_File, ...], BeforeValidator(_files)] = ()
    renamed_movie_files: Annotated[tuple[_File, ...], BeforeValidator(_files)] = ()
    renamed_episode_files: Annotated[tuple[_File, ...], BeforeValidator(_files)] = ()
    level: Text = None
    message: Text = None
    type: Text = None
    wiki_url: Text = None
    previous_version: Text = None
    new_version: Text = None
    download_client: Text = None
    download_status: Text = None

    def title_of(self, source: Source) -> _Title | None:
        """Return the title that it is about."""
        return self.movie if source is Source.RADARR else self.series

    def told(self, source: Source) -> dict[str, Any]:
        """Return what people are told of it."""
        title = self.title_of(source)
        said = {
            "instance": self.instance_name,
            "level": self.level,
            "message": self.message,
            "type": self.type,
            "wiki_url": self.wiki_url,
            "previous_version": self.previous_version,
            "new_version": self.new_version,
            "download_client": self.download_client,
            "download_status": self.download_status,
            "title": title.title if title else None,
        }
        return {key: value[:_MAX_TOLD] for key, value in said.items() if value is not None}

    def paths(self, source: Source) -> list[str]:
        """Return where files are or were, as the program sees them."""
        title = self.title_of(source)
        folder = (title.folder_path or title.path) if title else None
        files: Iterable[_File] = (
            *filter(None, (self.movie_file, self.episode_file)),
            *self.episode_files,
            *self.deleted_files,
            *self.renamed_movie_files,
            *self.renamed_episode_files,
        )
        found: list[str] = []
        for file in files:
            if file.path is None and folder and file.relative_path:
                found.append(f"{folder.rstrip('/')}/{file.relative_path}")
            found += filter(None, (file.path, file.previous_path))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An event, and what it means."""

    source: Source
    payload: Payload
    means: Means
    arr_id: int | None
    """Of the title that is to be synced or let go."""

    @property
    def subject(self) -> str | None:
        """What it is about, where several events may be worked at once; None: it stands for itself."""
        return None if self.arr_id is None else f"title:{self.arr_id}"


def hear(source: Source, raw: Mapping[str, Any]) -> Heard:
    """Return what an event means.

    Raises:
        InvalidPayload: it is none, or lacks the title that it is about.
    """
    try:
        payload = Payload.model_validate(raw)
    except ValidationError as error:
        raise InvalidPayload(what_is_wrong(error)) from None
    means = MEANS[source].get(payload.event_type, Means.NOTE)
    title = payload.title_of(source)
    if means in (Means.NOTE, Means.TELL):
        return Heard(source=source, payload=payload, means=means, arr_id=None)
    if title is None:
        name = "movie" if source is Source.RADARR else "series"
        raise InvalidPayload(f"{name}: an event {payload.event_type} names its {name}")
    return Heard(source=source, payload=payload, means=means, arr_id=title.id)


def dedupe_key(raw: Mapping[str, Any]) -> bytes:
    """Return what is the same for the same event, whatever the order of its fields."""
    return hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).digest()
