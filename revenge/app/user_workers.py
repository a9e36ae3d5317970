"""Workers that a user brings: a module, or a file, with ``Worker`` classes."""

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from revenge.infra.jobs import Worker, Workers


class WorkersNotFound(Exception):
    """The module cannot be imported or holds no workers."""


def load_workers(name: str) -> list[Worker[Any]]:
    """Return the workers of ``name``, a dotted module or the path of a ``.py`` file.

    A module that has a ``workers`` of the type ``Workers`` gives those; of any other, every ``Worker`` class that it
    defines is made without arguments.

    Raises:
        WorkersNotFound: it cannot be imported, defines none, or one of them wants arguments.
    """
    module = _import(name)
    declared = getattr(module, "workers", None)
    if isinstance(declared, Workers):
        return [registration.worker for registration in declared]
    classes = [
        found
        for found in vars(module).values()
        if inspect.isclass(found)
        and issubclass(found, Worker)
        and found.__module__ == module.__name__
        and hasattr(found, "args_type")
    ]
    if not classes:
        message = f"{name} defines no workers: a worker is a class such as class MyWorker(Worker[MyArgs])"
        raise WorkersNotFound(message)
    return [_make(found, name) for found in classes]


def load_registry(names: Iterable[str]) -> Workers:
    """Return the workers of all these modules, as a client wants them.

    Raises:
        WorkersNotFound: as for ``load_workers``.
        KindAlreadyRegistered: two of them claim one kind.
    """
    return Workers(worker for name in names for worker in load_workers(name))


def _make(found: type[Worker[Any]], name: str) -> Worker[Any]:
    try:
        return found()
    except TypeError as error:
        message = f"{name}: {found.__name__} cannot be made without arguments ({error}); give the module a `workers`"
        raise WorkersNotFound(message) from error
    except Exception as error:
        message = f"{_place(error, name)}: {found.__name__} cannot be made: {type(error).__name__}: {error}"
        raise WorkersNotFound(message) from error


def _import(name: str) -> ModuleType:
    path = Path(name)
    folder = Path.cwd()
    if name.endswith(".py"):
        if not path.is_file():
            message = f"there is no file {name}"
            raise WorkersNotFound(message)
        folder, name = path.resolve().parent, path.stem
    # Where the module is found again by its name in the processes that process workers run in.
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        # What a module does as it is imported is the user's own code: it may raise anything.
        text = (error.msg if isinstance(error, SyntaxError) else str(error)) or "without a word"
        message = f"{_place(error, name)}: module {name} cannot be imported: {type(error).__name__}: {text}"
        raise WorkersNotFound(message) from error


def _place(error: BaseException, name: str) -> str:
    """Return the file and line of the user's code that ``error`` came from, ``name`` where it came from none."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename} line {error.lineno}"
    ours = (__file__, importlib.__file__)
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename not in ours and not frame.filename.startswith("<frozen ")]
    return f"{theirs[0].filename} line {theirs[0].lineno}" if theirs else name
