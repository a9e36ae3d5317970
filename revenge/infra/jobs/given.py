"""What users of the engine give it, checked once where it comes in: a wrong type is named there, with what to write."""

from collections.abc import Iterable
from datetime import timedelta


def check_spans(owner: object, *names: str, optional: bool = False) -> None:
    """See that attributes of ``owner`` are spans of time; with ``optional`` None will do.

    Raises:
        TypeError: one is something else.
    """
    for name in names:
        check_span(name, getattr(owner, name), optional=optional)


def check_span(name: str, value: object, *, optional: bool = False) -> None:
    """See that ``value`` is a span of time; with ``optional`` None will do.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, timedelta) and not (optional and value is None):
        message = f"{name} must be a timedelta{' or None' if optional else ''}, as timedelta(seconds=5), got {value!r}"
        raise TypeError(message)


def check_lists(**given: object) -> None:
    """See that each is a list or the like: the letters of a text are none.

    Raises:
        TypeError: one is something else.
    """
    for name, value in given.items():
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            message = f"{name} must be a list, got {value!r}: write [{value!r}]"
            raise TypeError(message)


def check_object(name: str, value: object, kind: type) -> None:
    """See that ``value`` is an object of ``kind``.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, kind):
        message = f"{name} must be {kind.__name__}(...), got {value!r}"
        raise TypeError(message)


def check_type(name: str, value: object, kind: type) -> None:
    """See that ``value`` is of ``kind``.

    Raises:
        TypeError: it is something else.
    """
    if not isinstance(value, kind):
        message = f"{name} must be a {kind.__name__}, got {value!r}"
        raise TypeError(message)


def check_policy(name: str, policy: object, *, optional: bool = False) -> None:
    """See that ``policy`` chooses delays; with ``optional`` None will do.

    Raises:
        TypeError: it is something else.
    """
    is_policy = callable(getattr(policy, "delay", None)) and not isinstance(policy, type)
    if not is_policy and not (optional and policy is None):
        message = f"{name} must be an object with delay(failures), as RiverRetry(), got {policy!r}"
        raise TypeError(message)
