"""Errors on the wire: RFC 9457 problem documents, for whatever goes wrong."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from revenge.app.given_args import pointer
from revenge.app.http.refusals import ProblemError
from revenge.content.library.errors import (
    InvalidLibrary,
    LibraryBusy,
    LibraryNameTaken,
    LibraryNotFound,
    ScanConflict,
    ScanNotFound,
    UnscannableLibrary,
    WrongLibraryType,
)
from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.people import PersonNotFound
from revenge.content.movie.errors import (
    CandidateNotFound,
    CollectionNotFound,
    ItemNotFound,
    MovieNotFound,
    WrongChoice,
)
from revenge.infra.jobs.errors import InvalidJob, JobIsRunning, JobNotFound, QueueNotFound, StoreError, UniqueConflict
from revenge.infra.jobs.periodic_store import PeriodicNotFound
from revenge.infra.search.errors import InvalidSearch, OutOfReach, SearchDisabled, SearchError
from revenge.service.auth.errors import (
    AccountNotFound,
    ApiKeyNotFound,
    AuthError,
    InvalidAccount,
    LastAdministrator,
    LibraryUnknown,
    LinkRefused,
    LoginRefused,
    PermissionNotFound,
    SessionNotFound,
    TokenRefused,
    TooManyKeys,
    TooManyLogins,
    UsernameTaken,
    WrongPassword,
)
from revenge.service.playback.errors import (
    BeyondTheEnd,
    NothingToPlay,
    NotWatched,
    PlaybackError,
    PlaybackNotFound,
    TooManyPlaybacks,
    WrongFile,
)

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
"""What a client is told to wait when the database is away: its restart takes about that."""

DATABASE_AWAY: tuple[type[Exception], ...] = (
    # The engine wraps what its driver says, the repositories do not.
    StoreError,
    asyncpg.InterfaceError,
    # The driver lost its place in what a dying server still sent.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # Two that met: the one that lost did nothing, and may try again.
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    ConnectionError,
    TimeoutError,
)
"""The database is away, or too slow."""

KNOWN: tuple[type[Exception], ...] = (
    AuthError,
    CandidateNotFound,
    CollectionNotFound,
    EntityGone,
    PlaybackError,
    InvalidJob,
    InvalidLibrary,
    ItemNotFound,
    SearchError,
    JobIsRunning,
    JobNotFound,
    LibraryBusy,
    LibraryNameTaken,
    LibraryNotFound,
    MovieNotFound,
    PeriodicNotFound,
    PersonNotFound,
    QueueNotFound,
    ScanConflict,
    ScanNotFound,
    UniqueConflict,
    UnscannableLibrary,
    WrongChoice,
    WrongLibraryType,
    *DATABASE_AWAY,
)
"""Errors of services that have an answer of their own."""

_PLAIN: Mapping[type[Exception], tuple[int, str]] = {
    AccountNotFound: (404, "user-not-found"),
    ApiKeyNotFound: (404, "key-not-found"),
    LastAdministrator: (409, "last-administrator"),
    LibraryUnknown: (404, "library-not-found"),
    BeyondTheEnd: (422, "beyond-the-end"),
    NothingToPlay: (404, "nothing-to-play"),
    NotWatched: (404, "not-watched"),
    WrongFile: (422, "wrong-file"),
    PermissionNotFound: (404, "permission-not-found"),
    PlaybackNotFound: (404, "playback-not-found"),
    TooManyPlaybacks: (409, "too-many-playbacks"),
    SessionNotFound: (404, "session-not-found"),
    TooManyKeys: (409, "too-many-keys"),
    UsernameTaken: (409, "name-taken"),
    CandidateNotFound: (404, "candidate-not-found"),
    CollectionNotFound: (404, "collection-not-found"),
    EntityGone: (404, "entity-not-found"),
    InvalidJob: (422, "invalid-job"),
    ItemNotFound: (404, "item-not-found"),
    JobNotFound: (404, "job-not-found"),
    LibraryBusy: (409, "library-busy"),
    LibraryNameTaken: (409, "library-name-taken"),
    LibraryNotFound: (404, "library-not-found"),
    MovieNotFound: (404, "movie-not-found"),
    PeriodicNotFound: (404, "periodic-not-found"),
    PersonNotFound: (404, "person-not-found"),
    QueueNotFound: (404, "queue-not-found"),
    ScanNotFound: (404, "scan-not-found"),
    UnscannableLibrary: (422, "unscannable-library"),
    WrongLibraryType: (422, "wrong-library"),
    WrongChoice: (422, "wrong-choice"),
}
"""Those whose text is all there is to say: the answer's status, and what programs know it by."""

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One thing that is wrong with the request."""

    pointer: str = Field(description="Where: a JSON pointer into the body, or the parameter's name.")
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="Names the problem for programs: `urn:revenge:problem:...`, or `about:blank`.")
    title: str
    status: int
    detail: str = Field(description="What happened this time, and what to do.")
    errors: list[FieldProblem] | None = Field(default=None, description="What is wrong with the request, one by one.")
    scan_id: str | None = Field(default=None, description="The scan that is in the way.")
    job_id: int | None = Field(default=None, description="The job that is in the way.")


def problem_response(
    status: int, detail: str, *, code: str | None = None, headers: Mapping[str, str] | None = None, **members: Any
) -> Response:
    """Return a problem document; without ``code`` the status says all there is to say."""
    document = {
        "type": f"urn:revenge:problem:{code}" if code else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return Response(
        orjson.dumps(document), status_code=status, media_type=PROBLEM_TYPE, headers=dict(headers) if headers else None
    )


def response_to(problem: ProblemError) -> Response:
    """Return the answer that a problem becomes."""
    return problem_response(
        problem.status, problem.detail, code=problem.code, headers=problem.headers, **problem.members
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route that may answer with problems of these statuses."""
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_TYPE: {"schema": reference}}}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make every error of ``app``'s routes a problem document."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)  # noqa: S101 - what the registration below says
        return response_to(error)

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what the registration below says
        if error.status_code == 405:
            allowed = _allowed_methods(request)
            detail = f"{request.method} is not possible here; {', '.join(allowed)} is"
            return problem_response(405, detail, headers={"Allow": ", ".join(allowed)})
        detail = f"there is nothing at {request.url.path}" if error.status_code == 404 else str(error.detail)
        return problem_response(error.status_code, detail, headers=error.headers)

    async def on_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what the registration below says
        return response_to(invalid(error.errors()))

    async def on_known(request: Request, error: Exception) -> Response:
        return response_to(problem_of(error))

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)
    for kind in KNOWN:
        app.add_exception_handler(kind, on_known)


def invalid(errors: Sequence[Mapping[str, Any]], *, prefix: tuple[str, ...] = ()) -> ProblemError:
    """Return the 422 for pydantic's ``errors``; what was sent is not repeated, it may be secret."""
    fields = [{"pointer": _pointer(_location(error), prefix), "detail": error["msg"]} for error in errors]
    detail = "; ".join(f"{field['pointer'] or 'the body'}: {field['detail']}" for field in fields[:3])
    return ProblemError(422, "invalid-request", detail, errors=fields)


def unknown_cursor() -> ProblemError:
    """Return the 404 for a page that no list has told of: its address names nothing."""
    detail = "there is no such page: cursor must be the next_cursor of an earlier one"
    return ProblemError(404, "unknown-cursor", detail)


def _location(error: Mapping[str, Any]) -> tuple[Any, ...]:
    match error:
        case {"type": "json_invalid"}:
            # Of text that is no JSON pydantic tells how many characters it read.
            return ("body",)
        case {"type": "unstorable", "loc": loc, "ctx": {"place": place}}:
            return (*loc, *place)
    return (*error["loc"],)


def _pointer(location: tuple[Any, ...], prefix: tuple[str, ...]) -> str:
    parts = [*prefix, *map(str, location)]
    if parts and parts[0] == "body":
        return pointer(tuple(parts[1:]))
    return parts[-1] if len(parts) <= 2 else ".".join(parts[1:])


def _of_search(error: SearchError) -> ProblemError:
    match error:
        case OutOfReach():
            return ProblemError(404, "unknown-page", f"there is no such page: it {error.reason}")
        case InvalidSearch():
            fields = [{"pointer": error.field, "detail": error.reason}]
            return ProblemError(422, "invalid-search", str(error), errors=fields)
        case SearchDisabled():
            return ProblemError(503, "search-disabled", str(error))
    # Where the search server is, and what it says, is no business of a client.
    log.error("http.search_failed", error=str(error))
    detail = "search does not answer now: try again in a moment"
    return ProblemError(503, "search-unavailable", detail, headers={"Retry-After": str(RETRY_AFTER_S)})


def _of_account(error: AuthError) -> ProblemError | None:
    """Return the answer where it takes more than a line."""
    match error:
        case InvalidAccount():
            fields = [{"pointer": f"/{error.field}", "detail": error.reason}]
            return ProblemError(422, "invalid-user", str(error), errors=fields)
        case WrongPassword():
            # No 401: that would tell the front end that the login is over.
            fields = [{"pointer": "/current_password", "detail": str(error)}]
            return ProblemError(422, "wrong-password", str(error), errors=fields)
        case LinkRefused():
            fields = [{"pointer": "/token", "detail": str(error)}]
            return ProblemError(422, "link-refused", str(error), errors=fields)
        case LoginRefused() | TokenRefused():
            headers = {"WWW-Authenticate": 'Bearer realm="revenge"'}
            return ProblemError(401, "login-refused", str(error), headers=headers)
        case TooManyLogins():
            seconds = math.ceil(error.retry_after.total_seconds())
            return ProblemError(429, "too-many-logins", str(error), headers={"Retry-After": str(seconds)})
    return None


def problem_of(error: Exception) -> ProblemError:
    """Return the answer to one of ``KNOWN``."""
    match error:
        case ScanConflict():
            scan_id = str(error.scan_id) if error.scan_id else None
            detail = "this library is being scanned already: wait for that scan, or cancel its job"
            return ProblemError(409, "scan-is-active", detail, scan_id=scan_id, job_id=error.job_id)
        case InvalidLibrary():
            fields = [{"pointer": f"/{error.field}", "detail": error.reason}]
            return ProblemError(422, "invalid-library", str(error), errors=fields)
        case AuthError() if (answer := _of_account(error)) is not None:
            return answer
        case SearchError():
            return _of_search(error)
        case JobIsRunning():
            return ProblemError(409, "job-is-running", str(error), job_id=error.job_id)
        case UniqueConflict():
            return ProblemError(409, "unique-conflict", str(error), job_id=error.job_id)
    for kind, (status, code) in _PLAIN.items():
        if isinstance(error, kind):
            return ProblemError(status, code, str(error))
    # The statement's name and the server's words stay in the log: they are no business of a client.
    log.error("http.database_failed", error=str(error))
    return ProblemError(
        503,
        "database-unavailable",
        "the database can't be reached or is busy: try again in a moment",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _allowed_methods(request: Request) -> list[str]:
    """Return every method of the path: the router itself tells only those of the first route that fits."""
    return [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.router.routes
        )
    ]
