"""Ignore patterns as in a ``.gitignore``, on paths of bytes.

One pattern a line. ``#`` begins a comment, ``!`` takes back what an earlier pattern ignored, a trailing ``/`` means folders
only, a ``/`` at the start or in the middle ties the pattern to the folder of the file that holds it (or to the library's
root). ``*`` and ``?`` stop at ``/``, ``**`` does not, ``[a-z]`` is a set, ``\\`` takes the next character as it is. The last
pattern that matches decides; nothing comes back inside an ignored folder. Letters match in either case.
"""

import contextlib
import re
from collections.abc import Iterable
from typing import NamedTuple

_MAX_LENGTH = 1000
_MAX_DOUBLE_STARS = 2
"""Each multiplies the work on a long path by its number of folders."""


class _Rule(NamedTuple):
    matches: re.Pattern[bytes]
    negated: bool
    folders_only: bool


class IgnoreRules:
    """Patterns that belong to one folder."""

    __slots__ = ("_rules", "_start")

    def __init__(self, base: bytes, patterns: Iterable[bytes]) -> None:
        """Take patterns that are meant for what lies in ``base``; those that cannot be read match nothing."""
        self._start = len(base.rstrip(b"/")) + 1
        self._rules: list[_Rule] = []
        for line in patterns:
            with contextlib.suppress(ValueError):
                rule = _compile(line)
                if rule is not None:
                    self._rules.insert(0, rule)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def decide(self, path: bytes, *, folder: bool) -> bool | None:
        """Return whether ``path`` is ignored, None where no pattern speaks of it."""
        relative = path[self._start :]
        for rule in self._rules:
            if (folder or not rule.folders_only) and rule.matches.fullmatch(relative):
                return not rule.negated
        return None


def is_ignored(chain: tuple[IgnoreRules, ...], path: bytes, *, folder: bool) -> bool:
    """Whether the innermost rules that speak of ``path`` ignore it; ``chain`` goes from the root inwards."""
    for rules in reversed(chain):
        decision = rules.decide(path, folder=folder)
        if decision is not None:
            return decision
    return False


def check_pattern(pattern: bytes) -> None:
    """Make sure that a pattern can be used.

    Raises:
        ValueError: it is longer than 1,000 bytes, has more than two ``**``, or a set in it is no set.
    """
    _compile(pattern)


def _compile(line: bytes) -> _Rule | None:
    if line.startswith(b"#"):
        return None
    pattern = _strip_end(line.rstrip(b"\r\n"))
    negated = pattern.startswith(b"!")
    pattern = pattern[negated:]
    folders_only = pattern.endswith(b"/")
    pattern = re.sub(rb"(?:(?<=/)|^)(?:\*\*/){2,}", b"**/", pattern.rstrip(b"/"))
    if not pattern:
        return None
    if len(pattern) > _MAX_LENGTH or pattern.count(b"**") > _MAX_DOUBLE_STARS:
        message = (
            f"an ignore pattern has at most {_MAX_LENGTH} bytes and {_MAX_DOUBLE_STARS} times **, got {line[:100]!r}"
        )
        raise ValueError(message)
    body = _translate(pattern.lstrip(b"/"))
    try:
        matches = re.compile(body if b"/" in pattern else b"(?:.*/)?" + body, re.DOTALL | re.IGNORECASE)
    except re.error as error:
        message = f"the ignore pattern {line[:100]!r} cannot be read: {error}"
        raise ValueError(message) from error
    return _Rule(matches, negated, folders_only)


def _strip_end(pattern: bytes) -> bytes:
    """Drop spaces at the end unless a backslash keeps one."""
    stripped = pattern.rstrip(b" \t")
    return stripped + b" " if stripped.endswith(b"\\") and len(stripped) < len(pattern) else stripped


_TOKEN = re.compile(rb"\*\*/|/\*\*$|\*+|\?|\[[!^]?\]?[^\]]*\]|\\.|.", re.DOTALL)


def _translate(pattern: bytes) -> bytes:
    tokens = _TOKEN.findall(pattern)
    stars = [at for at, token in enumerate(tokens) if not token.strip(b"*")]
    if not stars:
        return b"".join(map(_translate_token, tokens))
    parts = [*map(_translate_token, tokens[: stars[0]])]
    for at, after in zip(stars, [*stars[1:], len(tokens)], strict=True):
        fixed = b"".join(map(_translate_token, tokens[at + 1 : after]))
        # Where another star follows, the leftmost place of what stands between the two is as good as any: made final,
        # it keeps a pattern of many stars from taking for ever on a name that does not match.
        is_last = after == len(tokens) or b"**/" in tokens[at + 1 : after]
        parts.append(b"[^/]*" + fixed if is_last else b"(?>[^/]*?" + fixed + b")")
    return b"".join(parts)


def _translate_token(token: bytes) -> bytes:
    if token == b"**/":
        return b"(?:.*/)?"
    if token == b"/**":
        return b"/.*"
    if token == b"?":
        return b"[^/]"
    if len(token) > 1 and token.startswith(b"["):
        return _translate_set(token)
    if len(token) > 1 and token.startswith(b"\\"):
        return re.escape(token[1:])
    return re.escape(token)


def _translate_set(token: bytes) -> bytes:
    inside = token[1:-1]
    negation = b"^" if inside[:1] in (b"!", b"^") else b""
    inside = re.sub(rb"[\\\[\]^&|~]", rb"\\\g<0>", inside[len(negation) :])
    return b"(?!/)[" + negation + inside + b"]"
