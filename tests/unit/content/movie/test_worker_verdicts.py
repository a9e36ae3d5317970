"""The jobs of matches and refreshes: Go's arguments in, and what each kind of failure leads to (Appendix C)."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from revenge.content.library.errors import LibraryNotFound
from revenge.content.metadata.enriching import UnknownContentType
from revenge.content.metadata.errors import (
    EntityGone,
    NoSource,
    SourceBusy,
    SourceDown,
    SourceRefused,
    UnknownTitle,
)
from revenge.content.metadata.jobs import (
    MetadataEnrichContentArgs,
    MetadataEnrichContentWorker,
    MetadataRefreshPersonArgs,
    MetadataRefreshPersonWorker,
)
from revenge.content.metadata.people import PersonNotFound
from revenge.content.movie.errors import FileNamesNothing, FileNotKnown, ItemNotFound, MovieNotFound
from revenge.content.movie.match_jobs import MovieFileMatchArgs, MovieFileMatchWorker
from revenge.content.movie.models import ItemMatch, MatchState
from revenge.content.movie.refresh_jobs import MetadataRefreshMovieArgs, MetadataRefreshMovieWorker
from revenge.infra.jobs import UNFINISHED, Cancel, JobArgs, Snooze

NOBODY = UUID(int=1)


class Raises:
    """A service whose every method ends in one way."""

    def __init__(self, outcome: Any) -> None:
        self._outcome = outcome

    def __getattr__(self, name: str) -> Any:
        async def answer(*args: Any, **options: Any) -> Any:
            if isinstance(self._outcome, Exception):
                raise self._outcome
            return self._outcome

        return answer


def job(args: JobArgs) -> Any:
    return SimpleNamespace(args=args, report_progress=lambda **report: None)


WORKERS: dict[str, tuple[Any, JobArgs]] = {
    "movie_file_match": (MovieFileMatchWorker, MovieFileMatchArgs(file_path="/m/x.mkv")),
    "metadata_refresh_movie": (MetadataRefreshMovieWorker, MetadataRefreshMovieArgs(movie_id=NOBODY)),
    "metadata_refresh_person": (MetadataRefreshPersonWorker, MetadataRefreshPersonArgs(person_id=NOBODY)),
    "metadata_enrich_content": (
        MetadataEnrichContentWorker,
        MetadataEnrichContentArgs(content_type="movie", content_id=NOBODY),
    ),
}


@pytest.mark.parametrize("kind", WORKERS)
async def test_whoever_is_busy_costs_no_attempt(kind: str) -> None:  # W06
    worker, args = WORKERS[kind]
    busy = SourceBusy("tmdb: 429", retry_after=timedelta(seconds=42))
    assert await worker(Raises(busy)).work(job(args)) == Snooze(timedelta(seconds=42))


@pytest.mark.parametrize("kind", WORKERS)
async def test_no_answer_is_a_failed_attempt(kind: str) -> None:
    worker, args = WORKERS[kind]
    with pytest.raises(SourceDown):
        await worker(Raises(SourceDown("tmdb: no answer"))).work(job(args))


@pytest.mark.parametrize("kind", WORKERS)
@pytest.mark.parametrize("error", [SourceRefused("wrong key"), UnknownTitle("nobody has it")])
async def test_what_is_final_is_not_tried_again(kind: str, error: Exception) -> None:  # W05
    worker, args = WORKERS[kind]
    assert await worker(Raises(error)).work(job(args)) == Cancel(str(error))


@pytest.mark.parametrize("kind", [kind for kind in WORKERS if kind != "movie_file_match"])  # that goes by names then
async def test_with_nobody_to_ask_there_is_nothing_to_do(kind: str) -> None:
    worker, args = WORKERS[kind]
    done = await worker(Raises(NoSource("no key is set"))).work(job(args))
    assert done == {"status": "no source", "reason": "no key is set"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("movie_file_match", FileNotKnown("/m/x.mkv")),
        ("movie_file_match", FileNamesNothing("/m/x.mkv", "no film")),
        ("movie_file_match", ItemNotFound(NOBODY)),
        ("movie_file_match", LibraryNotFound(NOBODY)),
        ("metadata_refresh_movie", MovieNotFound(NOBODY)),
        ("metadata_refresh_movie", EntityGone([NOBODY])),
        ("metadata_refresh_person", PersonNotFound(NOBODY)),
        ("metadata_enrich_content", UnknownContentType("song", ["movie"])),
        ("metadata_enrich_content", EntityGone([NOBODY])),
    ],
)
async def test_what_is_not_there_ends_the_job(kind: str, error: Exception) -> None:  # W05
    worker, args = WORKERS[kind]
    assert await worker(Raises(error)).work(job(args)) == Cancel(str(error))


async def test_a_match_of_nothing_says_so() -> None:
    outcome = await MovieFileMatchWorker(Raises(None)).work(job(MovieFileMatchArgs()))  # type: ignore[arg-type]
    assert isinstance(outcome, Cancel)


async def test_a_match_is_the_job_s_output() -> None:
    item, movie = uuid4(), uuid4()
    found = ItemMatch(item_id=item, state=MatchState.MATCHED, movie_id=movie, confidence=0.9, evidence={"by": "title"})
    worker, args = WORKERS["movie_file_match"]
    assert await worker(Raises(found)).work(job(args)) == {
        "item_id": str(item), "state": "matched", "movie_id": str(movie), "confidence": 0.9, "evidence": {"by": "title"}, "error": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("args", "wire"),
    [
        (MovieFileMatchArgs, {"file_path": "/m/x.mkv", "force_rematch": False}),
        (MetadataRefreshMovieArgs, {"movie_id": str(NOBODY), "force": True}),
        (MetadataRefreshMovieArgs, {"movie_id": str(NOBODY), "force": True, "languages": ["en", "de"]}),
        (MetadataRefreshPersonArgs, {"person_id": str(NOBODY), "provider_id": "123", "force": False}),
        (
            MetadataEnrichContentArgs,
            {"content_type": "movie", "content_id": str(NOBODY), "providers": ["omdb"], "languages": ["en"]},
        ),
    ],
)
def test_the_go_server_s_arguments_are_read_and_written_as_they_are(args: type[JobArgs], wire: dict[str, Any]) -> None:
    assert args.model_validate({**wire, "later": 1}).model_dump(mode="json") == wire


def test_options_are_those_of_the_documents() -> None:
    expected = {
        MovieFileMatchArgs: (None, 3),
        MetadataRefreshMovieArgs: (None, 5),
        MetadataRefreshPersonArgs: (None, 3),
        MetadataEnrichContentArgs: (None, 5),
    }
    for args, (queue, attempts) in expected.items():
        opts = args.insert_opts  # type: ignore[attr-defined]
        assert (opts.queue, opts.max_attempts) == (queue, attempts)
        assert opts.unique.by_state == UNFINISHED
