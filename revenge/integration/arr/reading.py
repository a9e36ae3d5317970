"""From what both programs send to what we keep: pure, and shared by films and series."""

import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from revenge.integration.arr.facts import FileFacts, Picture, Score, TitleFacts
from revenge.integration.arr.languages import language_code, language_codes, split_languages
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.wire import Cover, File, MediaInfo, Rating, Title

T = TypeVar("T", bound=TitleFacts)

_SPAN = re.compile(r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:\.\d+)?")
_PICTURES = {"poster": "poster", "fanart": "backdrop", "screenshot": "still", "clearlogo": "logo"}
_MAX_TITLE = 1000
MAX_OVERVIEW = 20_000
_MAX_URL = 2000


def duration_s(said: str | None) -> float | None:
    """Return the seconds of ``H:MM:SS`` or ``M:SS``; None for anything else and for nothing at all."""
    found = _SPAN.fullmatch(said.strip()) if said else None
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(hours * 3600 + minutes * 60 + seconds) or None


def resolution_name(lines: int) -> str | None:
    """Return how scans call a resolution of so many lines; None for none."""
    return f"{lines}p" if lines > 0 else None


def text_or_none(said: str | None, limit: int = _MAX_TITLE) -> str | None:
    """Return text that a table can hold: without NUL and half surrogates, not longer than ``limit``; None for nothing."""
    if not said:
        return None
    cleaned = said.replace("\0", "").encode("utf-8", "replace").decode().strip()
    return cleaned[:limit] or None


def pictures_of(covers: Iterable[Cover]) -> tuple[Picture, ...]:
    """Return the pictures that have an address of their own: one that only the program can serve is none of ours."""
    return tuple(
        Picture(type=kind, url=cover.remote_url)
        for cover in covers
        if (kind := _PICTURES.get(cover.cover_type)) is not None
        and cover.remote_url is not None
        and cover.remote_url.startswith(("https://", "http://"))
        and len(cover.remote_url) <= _MAX_URL
    )


def score_of(source: str, rating: Rating | None, *, most: float) -> Score | None:
    """Return a rating; None where nobody has rated, or the value is none."""
    if rating is None or not 0 < rating.value <= most:
        return None
    return Score(source=source, value=rating.value, votes=rating.votes if rating.votes > 0 else None)


def described(
    shape: type[T],
    title: Title,
    paths: PathMapper,
    *,
    name: str,
    ids: Mapping[str, int | str | None],
    statuses: Mapping[str, str],
) -> T:
    """Return what both programs say alike of a title; ``name`` is what one without a title is called."""
    return shape(
        arr_id=title.id,
        title=text_or_none(title.title) or f"{name} {title.id}",
        ids={provider: str(value) for provider, value in ids.items() if value},
        path=paths.ours(title.path),
        monitored=title.monitored,
        original_language=language_code(title.original_language.name) if title.original_language else None,
        year=title.year,
        overview=text_or_none(title.overview, MAX_OVERVIEW),
        status=statuses.get(title.status or ""),
        genres=tuple(filter(None, map(text_or_none, title.genres))),
        certification=text_or_none(title.certification, 50),
        pictures=pictures_of(title.images),
    )


def file_facts(file: File, paths: PathMapper, *, folder: str | None) -> FileFacts | None:
    """Return a file of a title whose folder is ``folder`` in the program's own terms; None where we cannot tell its path."""
    theirs = file.path
    if theirs is None and folder and file.relative_path:
        theirs = f"{folder.rstrip('/')}/{file.relative_path}"
    ours = paths.ours(theirs)
    if theirs is None or ours is None:
        return None
    media = file.media_info or MediaInfo()
    named = language_codes(language.name for language in file.languages)
    return FileFacts(
        id=file.id,
        path=ours,
        name=text_or_none(file.relative_path) or text_or_none(posixpath.basename(theirs)) or str(file.id),
        size_bytes=file.size if file.size is not None and 0 <= file.size < 2**63 else None,
        quality=text_or_none(file.quality.quality.name),
        resolution=resolution_name(file.quality.quality.resolution),
        release_group=text_or_none(file.release_group),
        edition=text_or_none(file.edition),
        languages=split_languages(media.audio_languages) or named,
        subtitles=split_languages(media.subtitles),
        video_codec=text_or_none(media.video_codec),
        audio_codec=text_or_none(media.audio_codec),
        dynamic_range=text_or_none(media.video_dynamic_range_type) or text_or_none(media.video_dynamic_range),
        duration_s=duration_s(media.run_time),
        added_at=file.date_added if file.date_added and file.date_added.tzinfo else None,
    )


def what_is_wrong(error: ValidationError) -> str:
    """Return the first of what pydantic found, without what was sent."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'it'}: {first['msg']}"
