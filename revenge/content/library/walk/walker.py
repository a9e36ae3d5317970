"""Walks a folder in the order of its paths, with no more than one stat for each library file."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple

from revenge.content.library.walk import names
from revenge.content.library.walk.discs import measure_disc, measure_files
from revenge.content.library.walk.entries import (
    IGNORE,
    NO_NFO,
    NOMEDIA,
    disc_file,
    is_file,
    kind_of,
    leads_to_folder,
    nfo_of,
    pictures_of,
    read_rules,
    reason_of,
)
from revenge.content.library.walk.events import (
    Disc,
    WalkError,
    WalkEvent,
    WalkFile,
    WalkFolder,
    WalkPicture,
    signed,
    storable,
)
from revenge.content.library.walk.ignore import IgnoreRules, is_ignored
from revenge.content.library.walk.links import Links

_BATCH: Final = 64
_DOT: Final = ord(".")
_SIGN: Final = 1 << 63
_LOW: Final = -_SIGN

_Entry = os.DirEntry[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkOptions:
    """What a library says about walking it."""

    follow_links: bool = True
    """As a user of a media server expects. Links that lead back, or to what is walked anyway, are left out."""
    hidden: bool = False
    """Walk names that begin with a dot."""
    patterns: tuple[str, ...] = ()
    """Ignore patterns as in a ``.gitignore``, relative to the root; see ``ignore``."""
    pictures: bool = False
    """Tell of pictures beside videos, too."""
    roots: tuple[bytes, ...] = ()
    """All roots of the library: a link into one of them leads to what is walked anyway."""


class _Folder(NamedTuple):
    """A folder to be listed when its turn comes."""

    path: bytes
    depth: int
    rules: tuple[IgnoreRules, ...]
    real: bytes | None = None
    """Where it really is, known behind followed links only."""


_File = WalkFile | WalkPicture | WalkError
_Found = tuple[bytes, _Folder | _File]
"""A key to sort by, and what comes there: a file's path, a folder's with a slash."""
_Listing = tuple[list[_File], list[_Found]]

_new = tuple.__new__
_key_of = itemgetter(0)
_name_of: Callable[[_Entry], bytes] = attrgetter("name")
_path_of: Callable[[_File], bytes] = itemgetter(0)


class Walker:
    """One walk, an iterator of events; ``walk`` makes it."""

    def __init__(
        self,
        root: bytes,
        options: WalkOptions,
        *,
        start: bytes,
        end: bytes,
        skip: bool,
        stopped: Callable[[], bool],
    ) -> None:
        self.ignored: Counter[str] = Counter()
        """What was left out, by reason."""
        self._root = root
        self._options = options
        self._start = start
        self._end = end
        self._bounded = start > root or end < root + b"0"
        self._skip = skip
        self._stopped = stopped
        self._links = Links(options.roots or (root,))

    @property
    def followed_links(self) -> bool:
        """Whether a link to a folder was followed: a resumed walk must then meet it again instead of skipping it."""
        return bool(self._links.followed)

    def __iter__(self) -> Iterator[WalkEvent]:
        """Return an iterator over the events; errors as in ``batches``."""
        return chain.from_iterable(self.batches())

    def batches(self) -> Iterator[list[WalkEvent]]:
        """Yield the events a few folders at a time, until all is walked or ``stopped`` says so.

        Raises:
            OSError: the root itself cannot be listed.
        """
        # What is left out anyway needs no pattern: without any, no file is matched against one.
        patterns = [os.fsencode(pattern) for pattern in self._options.patterns]
        rules = IgnoreRules(self._root, (each for each in patterns if each.lower() not in names.SYSTEM_FOLDERS))
        stack: list[_Found] = [(self._root + b"/", _Folder(self._root, 0, (rules,) if rules else ()))]
        start, stopped = self._start, self._stopped
        batch: list[WalkEvent] = []
        while stack and not stopped():
            key, found = stack.pop()
            if type(found) is not _Folder:
                batch.append(found)  # type: ignore[arg-type]  # mypy does not narrow by `type(...) is`, the faster test
                continue
            if key > start:
                batch.append(_new(WalkFolder, (found.path,)))
            files, others = self._list(found)
            if others:
                others += zip(map(_path_of, files), files, strict=True)
                others.sort(key=_key_of, reverse=True)
                stack += others
            else:
                files.sort()
                batch += files
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        yield batch

    def _list(self, folder: _Folder) -> _Listing:
        try:
            # Read to its end, or failed, a listing closes itself.
            return self._sort_out(folder, list(os.scandir(folder.path)))
        except (FileNotFoundError, NotADirectoryError):
            if folder.depth == 0:
                raise
            return [], []  # it went while we walked: what is known of it is missing
        except OSError as error:
            if folder.depth == 0:
                raise
            return [], self._failed_folder(folder.path, error)

    # The hot path: `_sort_out` and `_take_files` see every entry.

    def _sort_out(self, folder: _Folder, entries: list[_Entry]) -> _Listing:  # noqa: C901 - one pass over every entry
        """Take a folder's entries apart into files, the rest in order of its keys, and counts of what is left out."""
        files: list[_Entry] = []
        odd: list[_Entry] = []
        folders: list[_Entry] = []
        others: list[_Entry] = []
        dotted: list[_Entry] = []
        plain, beginnings, extensions = names.PLAIN_ENDS, names.EXTRA_BEGINNINGS, names.VIDEO_EXTENSIONS
        all_plain = True
        for entry in entries:
            name = entry.name
            if name[0] == _DOT:
                dotted.append(entry)
            elif (is_plain := name[-5:] in plain and name[:6] not in beginnings) or names.extension(name) in extensions:
                if entry.is_file(follow_symlinks=False):
                    files.append(entry)
                    all_plain = all_plain and is_plain
                elif entry.is_dir(follow_symlinks=False):
                    folders.append(entry)
                else:
                    odd.append(entry)
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry)
            else:
                others.append(entry)
        if dotted:
            all_plain = False
            rules = self._take_dotted(folder, dotted, files, folders)
            if rules is None:
                self.ignored["marked"] += 1
                return [], []
            if rules:
                folder = folder._replace(rules=folder.rules + rules)
        beside = self._take_others(others, folders) if others else {}
        if names.LOOSE_DVD in beside:
            files, odd = [], []
            found = self._take_loose_dvd(beside[names.LOOSE_DVD], entries)
        else:
            found = self._take_files(folder, files, beside, extras=not all_plain)
        if odd:
            found += self._take_odd(folder, odd, beside)
        has_video = bool(found)
        if others and self._options.pictures:
            found += self._take_pictures(folder, others, files)
        if not folders:
            return found, []
        return found, self._take_folders(folder, folders, has_video=has_video, beside=beside)

    def _take_files(
        self, folder: _Folder, files: list[_Entry], beside: dict[bytes, _Entry], *, extras: bool
    ) -> list[_File]:
        if self._bounded:
            files = [entry for entry in files if self._start <= entry.path < self._end]
        if extras:
            files = [entry for entry in files if not self._is_extra(entry.name)]
        if folder.rules or beside:
            files = [entry for entry in files if not self._is_left_out(folder, entry, beside)]
        found: list[_File] = []
        append, lstat, low, high = found.append, os.lstat, _LOW, _SIGN
        nfo, nfo_mtime_ns = NO_NFO
        for entry in files:
            path = entry.path
            try:
                status = lstat(path)
                if beside:
                    nfo, nfo_mtime_ns = nfo_of(entry.name, beside)
            except FileNotFoundError:
                continue  # it went while we walked
            except OSError as error:
                append(WalkError(path, reason_of(error)))
                continue
            inode, mtime_ns = status.st_ino, status.st_mtime_ns
            if not low <= mtime_ns < high > inode:
                inode, mtime_ns = signed(inode), storable(mtime_ns)
            append(_new(WalkFile, (path, status.st_size, mtime_ns, inode, None, None, nfo, nfo_mtime_ns)))
        return found

    # What is rarer.

    def _take_dotted(
        self, folder: _Folder, dotted: list[_Entry], files: list[_Entry], folders: list[_Entry]
    ) -> tuple[IgnoreRules, ...] | None:
        """Return the rules that the folder holds for itself, None when it is to be left alone; pass on what is wanted."""
        rules: tuple[IgnoreRules, ...] = ()
        for entry in dotted:
            name = entry.name
            if name in (NOMEDIA, IGNORE) and is_file(entry):
                own = read_rules(entry, at_root=folder.depth == 0)
                if own is None:
                    return None
                rules += own
            elif names.is_system(name) or (names.is_hidden(name) and not self._options.hidden):
                self.ignored["hidden"] += 1
            elif entry.is_dir(follow_symlinks=False):
                folders.append(entry)
            elif names.extension(name) in names.VIDEO_EXTENSIONS and entry.is_file(follow_symlinks=False):
                files.append(entry)
        return rules

    def _take_others(self, others: list[_Entry], folders: list[_Entry]) -> dict[bytes, _Entry]:
        """Return the entries that say something about videos, by lower-case name; links to folders go to ``folders``."""
        beside = {}
        for entry in others:
            name = entry.name.lower()
            if name.endswith((b".nfo", b".aria2", names.LOOSE_DVD)) and is_file(entry):
                beside[name] = entry
            elif entry.is_symlink() and leads_to_folder(entry):
                folders.append(entry)
        return beside

    def _take_pictures(self, folder: _Folder, others: list[_Entry], files: list[_Entry]) -> Iterator[_File]:
        for each in pictures_of(others, map(_name_of, files), follow_links=self._options.follow_links):
            if self._start <= each.path < self._end and not is_ignored(folder.rules, each.path, folder=False):
                yield each

    def _is_extra(self, name: bytes) -> bool:
        if not names.is_extra(name.rpartition(b".")[0]):
            return False
        self.ignored["extra"] += 1
        return True

    def _is_left_out(self, folder: _Folder, entry: _Entry, beside: dict[bytes, _Entry]) -> bool:
        if beside and entry.name.lower() + b".aria2" in beside:
            self.ignored["partial"] += 1
            return True
        if folder.rules and is_ignored(folder.rules, entry.path, folder=False):
            self.ignored["pattern"] += 1
            return True
        return False

    def _take_odd(self, folder: _Folder, odd: list[_Entry], beside: dict[bytes, _Entry]) -> list[_File]:
        """Take links, pipes, sockets and devices that have a video's name."""
        found: list[_File] = []
        for entry in odd:
            path = entry.path
            if not self._start <= path < self._end or self._is_extra(entry.name):
                continue
            if self._is_left_out(folder, entry, beside):
                continue
            is_link = entry.is_symlink()
            try:
                status = entry.stat()
                if is_link and self._is_left_link(path):
                    self.ignored["link"] += 1
                elif stat.S_ISREG(status.st_mode):
                    nfo = nfo_of(entry.name, beside)
                    inode = signed(status.st_ino)
                    mtime_ns = storable(status.st_mtime_ns)
                    found.append(WalkFile(path, status.st_size, mtime_ns, inode, None, None, *nfo))
                else:
                    found.append(WalkError(path, f"{kind_of(status.st_mode)}, not a file"))
            except FileNotFoundError:
                if is_link:
                    found.append(WalkError(path, "a link that leads nowhere"))
            except OSError as error:
                found.append(WalkError(path, reason_of(error)))
        return found

    def _is_left_link(self, path: bytes) -> bool:
        return not self._options.follow_links or self._links.is_duplicate_file(path)

    def _take_loose_dvd(self, ifo: _Entry, entries: list[_Entry]) -> list[_File]:
        if not self._start <= ifo.path < self._end:
            return []
        try:
            measure = measure_files(
                (entry for entry in entries if names.extension(entry.name) in names.DVD_EXTENSIONS), ifo.inode()
            )
        except OSError as error:
            return [WalkError(ifo.path, reason_of(error))]
        return [] if measure is None else [disc_file(ifo.path, Disc.DVD, measure, None)]

    # Folders.

    def _take_folders(
        self, folder: _Folder, entries: Iterable[_Entry], *, has_video: bool, beside: dict[bytes, _Entry]
    ) -> list[_Found]:
        found: list[_Found] = []
        start, end, skip, bounded = self._start, self._end, self._skip, self._bounded
        depth, rules, known = folder.depth + 1, folder.rules, names.FOLDERS_WITH_A_MEANING
        # Which of two links to one folder is followed must not depend on the order of the listing.
        for entry in sorted(entries, key=_name_of):
            path = entry.path
            if bounded and ((path + b"/" >= end and path >= end) or (skip and path + b"0" <= start)):
                continue
            lower = entry.name.lower()
            if rules or lower[0] == _DOT or lower in known:
                reason = self._why_not(folder, path, lower, has_video=has_video)
                if reason is not None:
                    self.ignored[reason] += 1
                    continue
                if lower in names.DISC_FOLDERS:
                    if start <= path < end:
                        found += self._take_disc(path, names.DISC_FOLDERS[lower], beside)
                    continue
            real = None if folder.real is None else folder.real + b"/" + entry.name
            if entry.is_symlink():
                real = self._links.follow_folder(path) if self._options.follow_links else None
                if real is None:
                    self.ignored["link"] += 1
                    continue
            elif real is not None and real in self._links.followed:
                self.ignored["link"] += 1
                continue
            found.append((path + b"/", _new(_Folder, (path, depth, rules, real))))
        return found

    def _why_not(self, folder: _Folder, path: bytes, lower: bytes, *, has_video: bool) -> str | None:
        if names.is_system(lower):
            return "system"
        if folder.depth > 0 and (
            lower in names.EXTRA_FOLDERS or (has_video and lower in names.EXTRA_FOLDERS_OF_A_FILM)
        ):
            return "extra"
        if folder.rules and is_ignored(folder.rules, path, folder=True):
            return "pattern"
        return None

    def _take_disc(self, path: bytes, disc: Disc, beside: dict[bytes, _Entry]) -> list[_Found]:
        try:
            measure = measure_disc(path)
        except FileNotFoundError:
            return []
        except OSError as error:
            # Not as a subtree: nothing below a disc is known, and the disc's own row comes before what lies in it.
            return [(path, WalkError(path, reason_of(error)))]
        return [] if measure is None else [(path, disc_file(path, disc, measure, beside.get(b"movie.nfo")))]

    def _failed_folder(self, path: bytes, error: OSError) -> list[_Found]:
        if path + b"0" <= self._start:
            return []
        return [(path + b"/", WalkError(path, reason_of(error), subtree=True))]
