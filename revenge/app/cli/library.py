"""``revenge library``: the folders that are scanned, and what was found in them."""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from revenge.app.cli.session import use
from revenge.app.cli.shell import EVERYWHERE, HELP, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container
    from revenge.content.library.models import FileState, Library, LibraryFile
    from revenge.content.library.repository import LibraryRepository

app = typer.Typer(help="The folders that are scanned, and what was found in them.", context_settings=HELP)

PAGE = 1000

Name = Annotated[str, typer.Argument(metavar="NAME", help="The library's name, or its id.")]


class Kind(StrEnum):
    """What a library holds, in a person's words."""

    MOVIE = "movie"
    TV = "tv"
    TVSHOW = "tvshow"

    @property
    def type(self) -> str:
        """The type that is stored."""
        return "movie" if self is Kind.MOVIE else "tvshow"


class State(StrEnum):
    """What is known of a file's being there."""

    PRESENT = "present"
    MISSING = "missing"
    BROKEN = "broken"


@app.command("list", epilog=EVERYWHERE)
def list_libraries(context: typer.Context) -> None:
    """Show the libraries."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        libraries = await all_libraries(container.library_repository())
        if shell.json:
            shell.document({"libraries": await _shapes(container, libraries)})
            return
        shell.table(
            ["name", "type", "folders", "id"],
            [[library.name, library.type, _shown(library.paths), library.id] for library in libraries],
            empty="There are no libraries yet: revenge library add NAME --type movie PATH",
        )

    use(shell, act)


@app.command("add", epilog=EVERYWHERE)
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Its folders.")],
    type: Annotated[Kind, typer.Option("--type", help="What it holds.")],
) -> None:
    """Add a library; nothing is scanned yet."""
    shell = shell_of(context)
    # A path is relative to where the command was typed, which no other process knows.
    folders = [Path(os.path.abspath(path)) for path in paths]

    async def act(container: "Container") -> None:
        library = await make_library(container, name=name, kind=type, paths=folders)
        if shell.json:
            shell.document((await _shapes(container, [library]))[0])
        else:
            shell.say(f"Added {library.name}. Scan it: revenge scan {_shown(library.paths)}")

    use(shell, act)


@app.command("show", epilog=EVERYWHERE)
def show(context: typer.Context, name: Name) -> None:
    """Show one library."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        library = await find_library(container.library_repository(), name)
        (found,) = await _shapes(container, [library])
        if shell.json:
            shell.document(found)
            return
        for key, value in found.items():
            shell.say(f"{key:20} {value}")

    use(shell, act)


@app.command("remove", epilog=EVERYWHERE)
def remove(context: typer.Context, name: Name) -> None:
    """Forget a library; its files on disk are not touched."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        library = await find_library(container.library_repository(), name)
        (found,) = await _shapes(container, [library])
        await container.library_service().delete(library.id)
        if shell.json:
            shell.document({**found, "removed": True})
        else:
            shell.say(f"Removed {library.name}. Its files are where they were.")

    use(shell, act)


@app.command("files", epilog=EVERYWHERE)
def files(
    context: typer.Context,
    name: Name,
    state: Annotated[State | None, typer.Option(help="Only files that are in this state.")] = None,
) -> None:
    """Show a library's files: a line of JSON each with --json."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.content.library.models import FileState

        repository = container.library_repository()
        library = await find_library(repository, name)
        wanted = None if state is None else FileState(state.value)
        async for page in _pages(repository, library.id, wanted):
            if shell.json:
                shell.lines(file.to_dict() for file in page)
                continue
            shell.table(
                ["state", "media", "title", "year", "path"],
                [[file.state, file.media, file.title, file.year, file.path.decode(errors="replace")] for file in page],
                empty="There are no such files. Has the library been scanned?",
            )

    use(shell, act)


async def find_library(repository: "LibraryRepository", name: str) -> "Library":
    """Return the library of a name or an id.

    Raises:
        LibraryNotFound: there is none.
    """
    try:
        library_id = UUID(name)
    except ValueError:
        return await repository.find(name)
    return await repository.get(library_id)


async def all_libraries(repository: "LibraryRepository") -> "list[Library]":
    """Return every library, by name."""
    page = await repository.list(limit=PAGE)
    found = page.libraries
    while page.next_cursor:
        page = await repository.list(limit=PAGE, cursor=page.next_cursor)
        found += page.libraries
    return found


async def make_library(
    container: "Container",
    *,
    name: str,
    kind: Kind,
    paths: Sequence[Path],
    scanner_config: Mapping[str, Any] = MappingProxyType({}),
) -> "Library":
    """Add a library of absolute paths.

    Raises:
        LibraryNameTaken: another has this name.
        InvalidLibrary: a folder cannot be one.
    """
    from revenge.content.library.models import LibraryFields, LibraryType

    fields = LibraryFields(
        name=name,
        type=LibraryType(kind.type),
        paths=[os.fsencode(path) for path in paths],
        scanner_config=scanner_config,
    )
    return await container.library_service().create(fields)


async def _shapes(container: "Container", libraries: "Sequence[Library]") -> list[dict[str, Any]]:
    from revenge.app.library_presenter import LibraryPresenter

    repository = container.library_repository()
    return await LibraryPresenter(repository, container.client(), repository).libraries(libraries)


async def _pages(
    repository: "LibraryRepository", library_id: UUID, state: "FileState | None"
) -> "AsyncIterator[list[LibraryFile]]":
    page = await repository.files(library_id, state=state, limit=PAGE)
    yield page.files
    while page.next_cursor:
        page = await repository.files(library_id, state=state, limit=PAGE, cursor=page.next_cursor)
        yield page.files


def _shown(paths: Sequence[bytes]) -> str:
    return ", ".join(path.decode(errors="replace") for path in paths)
