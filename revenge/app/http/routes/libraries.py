"""Libraries, their scans and their files."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from revenge.app.http.access import Access, open_to_accounts
from revenge.app.http.library_schemas import (
    FileListOut,
    FilesQuery,
    LibraryChanges,
    LibraryListOut,
    LibraryOut,
    NewLibrary,
    NewScan,
    ScanDetailOut,
    ScanErrorListOut,
    ScanListOut,
    ScanOut,
)
from revenge.app.http.pages import cursor_checked
from revenge.app.http.principal import principal_of
from revenge.app.http.problems import documented
from revenge.app.http.responses import json_response
from revenge.app.http.schemas import PageQuery
from revenge.app.http.services import FileCounts, Jobs, Libraries
from revenge.app.library_presenter import LibraryPresenter
from revenge.app.presentation import scan_to_json
from revenge.content.library.models import LibraryFields
from revenge.service.auth.models import Permission

FIRST_ERRORS = 100
"""Errors that a scan's own document holds; the rest comes by pages."""


def libraries_router(
    libraries: Libraries, jobs: Jobs, counts: FileCounts | None, access: Access | None = None
) -> APIRouter:
    """Return the routes under ``/libraries``."""
    router = APIRouter(prefix="/libraries", tags=["libraries"], responses=documented(400, 401, 422, 503))
    present = LibraryPresenter(libraries, jobs, counts)
    access = access or Access()

    @router.get("", response_model=LibraryListOut, responses=documented(404))
    @open_to_accounts
    async def list_libraries(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
        """List libraries by name: those that whoever calls may see. Where they lie is told to who manages them."""
        seen = await access.visible_libraries(principal_of(request))
        managed = await access.visible_libraries(principal_of(request), Permission.MANAGE)
        with cursor_checked(query.cursor):
            page = await libraries.list(limit=query.limit, cursor=query.cursor, only=seen)
        shapes = await present.libraries(page.libraries, managed=managed)
        return json_response({"libraries": shapes, "next_cursor": page.next_cursor})

    @router.post("", response_model=LibraryOut, status_code=201, responses=documented(409, 413))
    async def create_library(body: NewLibrary) -> Response:
        """Make a library of folders that exist and that no other library has."""
        library = await libraries.create(LibraryFields(**body.model_dump()))
        shape = (await present.libraries([library]))[0]
        return json_response(shape, 201, headers={"Location": f"/api/v1/libraries/{library.id}"})

    @router.get("/{id}", response_model=LibraryOut, responses=documented(404))
    @open_to_accounts
    async def get_library(request: Request, id: UUID) -> Response:
        """Return a library. Where it lies is told to who manages it."""
        await access.require(principal_of(request), id)
        managed = await access.visible_libraries(principal_of(request), Permission.MANAGE)
        return json_response((await present.libraries([await libraries.get(id)], managed=managed))[0])

    @router.put("/{id}", response_model=LibraryOut, responses=documented(404, 409, 413))
    async def update_library(id: UUID, body: LibraryChanges) -> Response:
        """Change a library; folders can't be changed while they are scanned."""
        changes = {name: value for name, value in body.model_dump().items() if name in body.model_fields_set}
        return json_response((await present.libraries([await libraries.update(id, changes)]))[0])

    @router.delete("/{id}", status_code=204, response_class=Response, responses=documented(404))
    async def delete_library(id: UUID) -> Response:
        """Forget a library and end its scan; nothing on disk is touched."""
        await libraries.delete(id)
        return Response(status_code=204)

    @router.post("/{id}/scan", response_model=ScanOut, status_code=202, responses=documented(404, 409, 413))
    @open_to_accounts
    async def scan_library(request: Request, id: UUID, body: NewScan | None = None) -> Response:
        """Start a scan: its row and its job are made in one transaction.

        A library that is not enabled is scanned too when it is asked for; one of a type that cannot be scanned is refused.
        An account needs the permission to manage the library.
        """
        await access.require(principal_of(request), id, Permission.MANAGE)
        scan = await libraries.trigger_scan(id, (body or NewScan()).scan_type)
        location = {"Location": f"/api/v1/libraries/{id}/scans/{scan.id}"}
        return json_response(scan_to_json(scan, None), 202, headers=location)

    @router.get("/{id}/scans", response_model=ScanListOut, responses=documented(404))
    @open_to_accounts
    async def list_scans(request: Request, id: UUID, query: Annotated[PageQuery, Query()]) -> Response:
        """List a library's scans, newest first. Which file they are at, and why they failed, is told to who manages it."""
        await access.require(principal_of(request), id)
        managed = await access.visible_libraries(principal_of(request), Permission.MANAGE)
        await libraries.get(id)
        with cursor_checked(query.cursor):
            page = await libraries.scans(id, limit=query.limit, cursor=query.cursor)
        shapes = await present.scans(page.scans, with_paths=managed is None or id in managed)
        return json_response({"scans": shapes, "next_cursor": page.next_cursor})

    @router.get("/{id}/scans/{scan_id}", response_model=ScanDetailOut, responses=documented(404))
    @open_to_accounts
    async def get_scan(request: Request, id: UUID, scan_id: UUID) -> Response:
        """Return a scan with its counts, its progress, and what it could not read; an account needs to manage the library."""
        await access.require(principal_of(request), id, Permission.MANAGE)
        scan = await libraries.scan(id, scan_id)
        page = await libraries.scan_errors(scan_id, limit=FIRST_ERRORS)
        shape = (await present.scans([scan]))[0]
        shape |= {"errors": [error.to_dict() for error in page.errors], "errors_next_cursor": page.next_cursor}
        return json_response(shape)

    @router.get("/{id}/scans/{scan_id}/errors", response_model=ScanErrorListOut, responses=documented(404))
    @open_to_accounts
    async def list_scan_errors(
        request: Request, id: UUID, scan_id: UUID, query: Annotated[PageQuery, Query()]
    ) -> Response:
        """List what a scan could not read, in the order it was met; an account needs to manage the library."""
        await access.require(principal_of(request), id, Permission.MANAGE)
        await libraries.scan(id, scan_id)
        with cursor_checked(query.cursor):
            page = await libraries.scan_errors(scan_id, limit=query.limit, cursor=query.cursor)
        return json_response({"errors": [error.to_dict() for error in page.errors], "next_cursor": page.next_cursor})

    @router.get("/{id}/files", response_model=FileListOut, responses=documented(404))
    @open_to_accounts
    async def list_files(request: Request, id: UUID, query: Annotated[FilesQuery, Query()]) -> Response:
        """List a library's files, by folder and path; an account needs to have its files."""
        await access.require(principal_of(request), id, Permission.DOWNLOAD)
        await libraries.get(id)
        with cursor_checked(query.cursor):
            page = await libraries.files(id, state=query.state, limit=query.limit, cursor=query.cursor)
        return json_response({"files": [file.to_dict() for file in page.files], "next_cursor": page.next_cursor})

    return router
