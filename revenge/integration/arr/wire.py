"""What both programs send, as far as it is looked at: unknown fields pass, those that are needed must be right."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """A JSON object of theirs."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, allow_inf_nan=False
    )


def _empty_as_none(value: object) -> object:
    return None if value in ("", None) else value


def _list(value: object) -> object:
    return () if value is None else value


def _moment(value: object) -> object:
    # .NET's default for "never".
    return None if value in ("", None) or (isinstance(value, str) and value.startswith("0001-01-01")) else value


def _day(value: object) -> object:
    value = _moment(value)
    return value[:10] if isinstance(value, str) else value


MOST = 2**31 - 1
"""Of their numbers and of our columns."""
ArrId = Annotated[int, Field(ge=1, le=2**53)]
Count = Annotated[int, Field(ge=-MOST, le=MOST)]
Number = Annotated[Count | None, BeforeValidator(lambda value: value or None)]
"""A number of which 0 says that there is none."""
Text = Annotated[str | None, BeforeValidator(_empty_as_none)]
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
Day = Annotated[date | None, BeforeValidator(_day)]


class Language(Wire):
    """A language by its English name; the id is the program's own."""

    id: int = 0
    name: Text = None


class Cover(Wire):
    """A picture: where the program has it, and where it has it from."""

    cover_type: str = "unknown"
    url: Text = None
    remote_url: Text = None


class Quality(Wire):
    """How good a file is said to be."""

    name: Text = None
    source: Text = None
    resolution: Count = 0


class QualityModel(Wire):
    """A quality and its revision, of which only the quality is looked at."""

    quality: Quality = Quality()


class MediaInfo(Wire):
    """What the program read in a file; lists are one text with slashes."""

    audio_channels: float | None = None
    audio_codec: Text = None
    audio_languages: Text = None
    video_codec: Text = None
    video_bitrate: int | None = None
    video_fps: float | None = None
    video_dynamic_range: Text = None
    video_dynamic_range_type: Text = None
    resolution: Text = None
    run_time: Text = None
    subtitles: Text = None


class File(Wire):
    """A file of a film or of episodes."""

    id: ArrId
    path: Text = None
    relative_path: Text = None
    size: int | None = None
    date_added: Moment = None
    scene_name: Text = None
    release_group: Text = None
    edition: Text = None
    quality: QualityModel = QualityModel()
    languages: Annotated[tuple[Language, ...], BeforeValidator(_list)] = ()
    media_info: MediaInfo | None = None


class Rating(Wire):
    """How somebody's readers find it."""

    votes: Count = 0
    value: float = 0.0


class SystemStatus(Wire):
    """The program itself."""

    app_name: Text = None
    instance_name: Text = None
    version: str
    start_time: Moment = None


class QualityProfile(Wire):
    """What the program is content with."""

    id: ArrId
    name: str
    upgrade_allowed: bool = False
    cutoff: int = 0
    min_format_score: int = 0


class RootFolder(Wire):
    """Where the program puts titles."""

    id: ArrId
    path: str
    accessible: bool = False
    free_space: int | None = None


Covers = Annotated[tuple[Cover, ...], BeforeValidator(_list)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_list)]


class Title(Wire):
    """What films and series have in common."""

    id: ArrId
    title: Annotated[str, Field(min_length=1)]
    original_language: Language | None = None
    status: Text = None
    overview: Text = None
    images: Covers = ()
    year: Number = None
    path: Text = None
    monitored: bool = False
    runtime: Number = None
    imdb_id: Text = None
    tmdb_id: Number = None
    certification: Text = None
    genres: Texts = ()
    added: Moment = None
