"""A long list of theirs on disk: read once from the network, then title by title, in the order of ids, in flat memory."""

import asyncio
import codecs
import json
import tempfile
from array import array
from collections.abc import AsyncIterator, Iterator
from typing import Any, BinaryIO, NoReturn

from revenge.infra.http.errors import Nonsense, Unavailable

_MOST_OF_ONE = 32 * 1024 * 1024
"""Characters of one title: what is longer is no title."""
_LENGTH_BITS = 28
"""Enough for the bytes of the largest title."""
_FLUSH_BYTES = 1024 * 1024


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


class ArraySplitter:
    """Takes an array's text piece by piece and gives its elements, each as its text and its value."""

    def __init__(self) -> None:
        self._decoder = json.JSONDecoder(parse_constant=_no_constant)
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._buffer = ""
        self._wanted = 0
        """Below this length of the buffer no element can have ended: decoding is not tried again for every piece."""
        self._consumed = 0
        self._state = "start"

    def feed(self, piece: bytes) -> Iterator[tuple[str, Any]]:
        """Return the elements that end in ``piece``; take all of them before the next piece.

        Raises:
            ValueError: it is no array of JSON objects.
        """
        self._buffer += self._utf8.decode(piece)
        at = 0
        while (found := self._next(at)) is not None:
            text, value, at = found
            yield text, value
        self._buffer = self._buffer[self._consumed :]

    def finish(self) -> Iterator[tuple[str, Any]]:
        """Return the elements that are left, since nothing more comes.

        Raises:
            EOFError: the array did not end.
            ValueError: as for ``feed``.
        """
        self._wanted = 0
        yield from self.feed(b"")
        if self._state != "end" or self._utf8.getstate()[0]:
            raise EOFError("the list broke off")

    def _next(self, at: int) -> tuple[str, Any, int] | None:
        """Return the next element and where the text behind it begins; None when more text is needed."""
        self._consumed = at = self._skip(at)
        while at < len(self._buffer):
            sign = self._buffer[at]
            match self._state, sign:
                case "start", "[":
                    self._state = "first"
                case (("first" | "behind"), "]"):
                    self._state = "end"
                case "behind", ",":
                    self._state = "element"
                case (("first" | "element"), "{"):
                    return self._element(at)
                case _:
                    raise ValueError(f"expected a list of objects, got {sign!r}")
            self._consumed = at = self._skip(at + 1)
        return None

    def _element(self, at: int) -> tuple[str, Any, int] | None:
        if len(self._buffer) - at < self._wanted:
            return None
        try:
            value, end = self._decoder.raw_decode(self._buffer, at)
        except json.JSONDecodeError as error:
            size = len(self._buffer) - at
            # Wrong well before the end of what is there: no further text mends it.
            if error.pos < len(self._buffer) - 16 and not error.msg.startswith("Unterminated string"):
                raise
            if size > _MOST_OF_ONE:
                raise ValueError("one title is larger than any can be") from None
            self._wanted = size + size // 2
            return None
        self._wanted = 0
        self._state = "behind"
        return self._buffer[at:end], value, end

    def _skip(self, at: int) -> int:
        while at < len(self._buffer) and self._buffer[at] in " \t\r\n":
            at += 1
        return at


class Spool:
    """Titles in a file without a name, by their ids; closing it removes it.

    Reading and writing is done in threads: a disk may be slow.
    """

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(prefix="revenge-arr-")  # noqa: SIM115 - closed by `close`
        self._pending = bytearray()
        self._size = 0
        self._places: dict[int, int] = {}
        self._ids = array("q")
        self.unreadable = 0
        """Titles without an id, which cannot be told apart."""

    async def fill(self, service: str, pieces: AsyncIterator[bytes]) -> None:
        """Read a list of titles from the network; nothing is kept of one that is not whole.

        Raises:
            Nonsense: it is no list of titles.
            Unavailable: it broke off.
        """
        splitter = ArraySplitter()
        try:
            async for piece in pieces:
                self._take(splitter.feed(piece))
                if len(self._pending) >= _FLUSH_BYTES:
                    await self._flush()
            self._take(splitter.finish())
        except EOFError as error:
            raise Unavailable(service, str(error)) from None
        except (ValueError, RecursionError):
            raise Nonsense(service, "the answer is no list of titles") from None
        await self._flush()
        self._ids = array("q", sorted(self._places))

    @property
    def total(self) -> int:
        """Return how many titles there are."""
        return len(self._ids)

    def missing_of(self, known: set[int]) -> set[int]:
        """Return those of ``known`` that are not there."""
        return known - self._places.keys()

    async def batches(self, size: int, *, after: int = 0) -> AsyncIterator[list[tuple[int, bytes]]]:
        """Return ids and JSON in the order of ids, ``size`` at a time, those above ``after``."""
        ids = [arr_id for arr_id in self._ids if arr_id > after]
        for start in range(0, len(ids), size):
            yield await asyncio.to_thread(self._read, ids[start : start + size])

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    def _take(self, titles: Iterator[tuple[str, Any]]) -> None:
        for text, value in titles:
            arr_id = value.get("id")
            if not isinstance(arr_id, int) or isinstance(arr_id, bool) or not 0 < arr_id < 2**53:
                self.unreadable += 1
                continue
            line = text.encode()
            # One number, not a pair: a third of the memory.
            self._places[arr_id] = (self._size + len(self._pending)) << _LENGTH_BITS | len(line)
            self._pending += line

    async def _flush(self) -> None:
        pending, self._pending = self._pending, bytearray()
        self._size += len(pending)
        await asyncio.to_thread(self._file.write, pending)

    def _read(self, ids: list[int]) -> list[tuple[int, bytes]]:
        found: list[tuple[int, bytes]] = []
        for arr_id in ids:
            place = self._places[arr_id]
            self._file.seek(place >> _LENGTH_BITS)
            found.append((arr_id, self._file.read(place & (1 << _LENGTH_BITS) - 1)))
        return found
