"""Reading an NFO file, from its bytes to what it says, whatever somebody made of it."""

from __future__ import annotations

import os
import re
import stat
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException

from revenge.content.library.nfo.document import NOT_XML, ROOTS, from_xml
from revenge.content.library.nfo.fragments import completed, from_addresses, from_fragments
from revenge.content.library.nfo.models import Nfo, NfoUnreadable

_MAX_BYTES: Final = 1 << 20

_ENDS = re.compile(r"</(?:movie|tvshow|episodedetails)\s*>|<(?:movie|tvshow|episodedetails)\s*/>", re.IGNORECASE)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.-]{1,40})["']""")
# Python knows "encodings" that are anything but (punycode takes quadratic time): only those met in NFO files.
_ENCODINGS = re.compile(
    r"(iso-?8859-\d{1,2}|windows-125\d|cp125\d|cp437|cp85\d|koi8-[ru]|latin-?1|ascii|us-ascii|shift[_-]?jis"
    r"|euc-(jp|kr)|gb2312|gbk|gb18030|big5)",
    re.IGNORECASE,
)


def read_nfo(path: bytes) -> Nfo | None:
    """Return what the NFO file says; None when there is no such file or nothing in it we understand.

    Raises:
        NfoUnreadable: it cannot be opened, is larger than 1 MiB, or is XML so broken that not even an id is found.
    """
    content = _read(path)
    if content is None:
        return None
    text = NOT_XML.sub("", _decode(content))
    first = ROOTS.search(text)
    if first is None:
        return from_addresses(text)
    ends = [match.end() for match in _ENDS.finditer(text)]
    end = max([first.end(), *ends]) if ends else len(text)
    body, around = text[first.start() : end], text[: first.start()] + text[end:]
    try:
        return completed(from_xml(body), from_addresses(around))
    except (ParseError, DefusedXmlException) as error:
        if found := from_fragments(text):
            return found
        raise NfoUnreadable(f"broken XML: {error}") from error


def _read(path: bytes) -> bytes | None:
    try:
        # Non-blocking, because opening a FIFO would wait for its other end.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise NfoUnreadable((error.strerror or "cannot be opened").lower()) from error
    try:
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise NfoUnreadable("not a regular file")
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise NfoUnreadable((error.strerror or "cannot be read").lower()) from error
    if len(content) > _MAX_BYTES:
        raise NfoUnreadable("larger than 1 MiB")
    return content


def _decode(content: bytes) -> str:
    """Decode by what the bytes are, and only then by what the file claims: the claim is often a template's."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, errors="replace")
    if content[:2] in (b"<\0", b"\0<"):
        return content.decode("utf-16-le" if content[:1] == b"<" else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        declared = _DECLARED.search(content[:400])
        name = declared[1].decode("ascii") if declared else ""
        try:
            return content.decode(name if _ENCODINGS.fullmatch(name) else "cp1252", errors="replace")
        except LookupError:
            return content.decode("cp1252", errors="replace")
