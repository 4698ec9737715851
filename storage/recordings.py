"""The recordings folder, local or an object store, and which recording belongs to which call record.

Conventions
-----------
Paths are POSIX paths relative to the folder. They may hold telephone numbers, so no message shows one; the caller knows it.

Edge cases
----------
A path must stay inside the folder: ``..``, absolute paths and links that lead out of it are refused, as is everything that is
no plain file (reading a pipe would wait for ever). Links to folders are not followed when the folder is listed. Names that are
not valid text cannot stand in any table; they are left out of the list and counted by `Recordings.count_unusable_names`.
An object store fails single requests as a matter of course: each is tried again after a pause, unless the answer is definite
(no such file, no right). A local disk's errors are not: what it cannot read now, it will not read in a second.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import re
import stat
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, TypeVar, cast

import fsspec

from postcall.errors import (
    ChangedRecording,
    MissingRecording,
    PostCallError,
    RecordingError,
    SettingsError,
    StorageError,
    UnsafePath,
)
from postcall.telephony import Telephony

NOT_RECORDINGS = frozenset(
    ".ctm .stm .rttm .json .jsonl .ndjson .txt .csv .tsv .xml .log .md .html .pdf .md5 .sha256 .zip .gz .tmp .part".split()
)
"""Suffixes of what lies beside recordings: transcripts, call records, checksums, uploads under way."""

PAUSES_S = (0.2, 1.0, 3.0)
"""Before each further try of a request that an object store failed."""

OF_NOTHING = hashlib.sha256().hexdigest()
"""Digest of a file without bytes, which is no sound and nobody's: many calls may have one."""

T = TypeVar("T")

_CHUNK = 1 << 20
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DATE = re.compile(r"\{date(?::([^{}]+))?\}")


class AmbiguousRecording(RecordingError):
    """Several recordings could belong to the call."""

    code = "ambiguous_recording"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells that a file has changed, without reading it.

    Attributes
    ----------
    size_bytes
        Length of the file.
    changed
        Time of change or the object store's tag, as text.
    """

    size_bytes: int
    changed: str


class Recordings:
    """The recordings folder.

    Parameters
    ----------
    root
        Path or fsspec URL, e.g. ``s3://bucket/calls``.

    Raises
    ------
    SettingsError
        It is not there or cannot be reached.
    """

    def __init__(self, root: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(root)
            self._is_local = is_local(self._fs)
            is_folder = self._patiently(lambda: self._fs.isdir(self._root))
            if is_folder and self._is_local:
                os.scandir(self._root).close()
        except (OSError, ValueError, ImportError) as error:
            raise SettingsError(
                f"cannot reach the recordings folder: {type(error).__name__}",
                hint="check the setting, the rights on the folder and, for an object store, its driver and keys",
            ) from error
        if not is_folder:
            raise SettingsError(
                "the recordings folder is not there, or is no folder",
                hint="is the share mounted? The setting may hold a wrong path",
            )
        self._real_root = Path(os.path.realpath(self._root)) if self._is_local else None

    # ── what is there ────────────────────────────────────────────────────────

    def list(self) -> list[str]:
        """Every recording, sorted; hidden files and what lies beside recordings (`NOT_RECORDINGS`) left out.

        Raises
        ------
        StorageError
            A folder cannot be read.
        """
        return sorted(path for path in self._walk() if not _NO_NAME.search(path))

    def count_unusable_names(self) -> int:
        """Recordings that `list` leaves out because their name is not text: control characters, or bytes that are not UTF-8."""
        return sum(1 for path in self._walk() if _NO_NAME.search(path))

    def _walk(self) -> Iterator[str]:
        try:
            for path in self._files():
                parts = PurePosixPath(path)
                if parts.suffix.lower() not in NOT_RECORDINGS and not any(part.startswith(".") for part in parts.parts):
                    yield path
        except OSError as error:
            raise StorageError(
                f"cannot list the recordings folder: {type(error).__name__}", hint="check the share and the rights on it"
            ) from error

    def _files(self) -> Iterator[str]:
        if self._real_root is None:
            base = self._root.rstrip("/") + "/"
            for path in self._patiently(lambda: self._fs.find(self._root)):
                yield path.removeprefix(base)
            return
        for folder, _, names in os.walk(self._root, onerror=_raise):
            base = Path(folder).relative_to(self._root)
            for name in names:
                yield (base / name).as_posix()

    # ── one recording ────────────────────────────────────────────────────────

    def check(self, relative: str) -> None:
        """Make sure that a path names a file inside the folder.

        Raises
        ------
        UnsafePath
            It leads out of the folder, or to something that is no plain file.
        MissingRecording
            There is no such file.
        RecordingError
            The rights forbid to look.
        """
        self._info(relative)

    def fingerprint(self, relative: str) -> Fingerprint:
        """Size and time of change of a recording. Raises as `check` does."""
        info = self._info(relative)
        changed = (
            info.get("mtime_ns") or info.get("ETag") or info.get("etag") or info.get("LastModified") or info.get("created")
        )
        return Fingerprint(int(info["size"] or 0), str(changed or ""))

    def open(self, relative: str) -> BinaryIO:
        """A recording for reading. Raises as `check` does, and StorageError when the store fails."""
        size = self._info(relative)["size"]
        if not self._is_local and size == 0:
            return io.BytesIO()  # of nothing, drivers give a stream that cannot be wound
        try:
            file = self._patiently(lambda: self._fs.open(self._full(relative), "rb"))
        except OSError as error:
            raise _failed(error) from error
        return cast(BinaryIO, file if self._is_local else _PatientFile(file, self._patiently))

    def sha256(self, relative: str) -> str:
        """Hex digest of a recording's bytes, read in pieces. Raises as `open` does."""
        digest = hashlib.sha256()
        with self.open(relative) as file:
            try:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
            except OSError as error:
                raise _failed(error) from error
        return digest.hexdigest()

    def check_same(self, relative: str, sha256: str) -> None:
        """Make sure that what lies at a path today is what a night heard there: its words tell where it is to be covered.

        Raises
        ------
        ChangedRecording
            It is another one; and as `open` does.
        """
        if self.sha256(relative) != sha256:
            raise ChangedRecording(
                "the recording at this path is another one than the night heard",
                hint="run the night of its day again, or put the recording back",
            )

    def remove(self, relative: str) -> None:
        """Delete a recording, or what lies beside it. Raises as `check` does, and StorageError when it cannot be deleted."""
        self._info(relative)
        try:
            self._fs.rm_file(self._full(relative))
        except OSError as error:
            raise StorageError(
                f"a recording cannot be deleted: {type(error).__name__}", hint="the rights on the folder must allow it"
            ) from error

    def sidecar(self, relative: str, suffixes: Sequence[str], *, call_id: str | None = None) -> str | None:
        """The file beside a recording, with the first suffix that is there.

        For ``a/b.left.wav`` that is ``a/b.left.ctm``, ``a/b.left.wav.ctm``, ``a/<call_id>.ctm`` or ``a/b.ctm``, in this order.

        Raises
        ------
        UnsafePath
            The recording's path, or the file beside it, leads out of the folder.
        """
        _check_path(relative)
        path = PurePosixPath(relative)
        # The name up to its first dot comes last: in 1738000000.123.wav the dot is part of an id.
        names = [path.stem, path.name, *([call_id] if call_id and "/" not in call_id else []), path.name.split(".", 1)[0]]
        for suffix in suffixes:
            for candidate in ((path.parent / (name + suffix)).as_posix() for name in dict.fromkeys(names)):
                try:
                    self._info(candidate)
                except MissingRecording:
                    continue
                return candidate
        return None

    def _full(self, relative: str) -> str:
        return f"{self._root.rstrip('/')}/{relative}"

    def _patiently(self, asked: Callable[[], T]) -> T:
        """Ask an object store, again where it fails in passing: over a whole night one of thousands of requests does.

        Raises
        ------
        OSError
            The local file system's own, at once; an object store's last one, whatever its driver raised.
        """
        return asked() if self._is_local else patiently(asked)

    def _info(self, relative: str) -> dict[str, Any]:
        _check_path(relative)
        try:
            if self._real_root is None:
                info = cast("dict[str, Any]", self._patiently(lambda: self._fs.info(self._full(relative))))
                is_file = info["type"] == "file"
            else:
                real = Path(os.path.realpath(self._full(relative)))
                if not real.is_relative_to(self._real_root):
                    raise UnsafePath("a link leads out of the recordings folder")
                found = real.stat()
                is_file = stat.S_ISREG(found.st_mode)
                info = {"size": found.st_size, "mtime_ns": found.st_mtime_ns}
        except OSError as error:
            raise _failed(error) from error
        if not is_file:
            raise UnsafePath("the path of the recording names no plain file")
        return info


def patiently(asked: Callable[[], T]) -> T:
    """Ask an object store, again after each of `PAUSES_S` where it fails in passing.

    Raises
    ------
    OSError
        A definite answer (no such file, no right), at once; the last failure, whatever its driver raised.
    PostCallError
        Of ``asked`` itself, at once.
    """
    for pause_s in (*PAUSES_S, None):
        try:
            return asked()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError, PostCallError):
            raise
        except Exception as error:  # noqa: BLE001  # drivers raise what their HTTP libraries do, with addresses in it
            if pause_s is None:
                raise OSError(errno.ECONNABORTED, f"the object store failed: {type(error).__name__}") from None
            threading.Event().wait(pause_s)
    raise AssertionError("unreachable")


def is_local(filesystem: Any) -> bool:
    """Whether an fsspec file system is this machine's own."""
    protocol = filesystem.protocol
    return "file" in ((protocol,) if isinstance(protocol, str) else protocol)


class _PatientFile(io.RawIOBase):
    """A file of an object store, each request for a part of it tried again where it fails in passing."""

    def __init__(self, file: Any, patiently: Callable[[Callable[[], Any]], Any]) -> None:
        self._file, self._patiently = file, patiently

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        at = self._file.tell()

        def again() -> bytes:
            # A failed request may have moved on.
            self._file.seek(at)
            return bytes(self._file.read(size))

        return cast(bytes, self._patiently(again))

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        self._file.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()


def _raise(error: OSError) -> None:
    raise error


def _failed(error: OSError) -> RecordingError | StorageError:
    """What an error of the file system means for the call."""
    if isinstance(error, FileNotFoundError | NotADirectoryError) or error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return MissingRecording("there is no recording at the path of the call record")
    if isinstance(error, PermissionError):
        return RecordingError(
            "the rights on the recording forbid to read it", hint="the nightly run's user must be able to read it"
        )
    if error.errno in (errno.EIO, errno.EBADMSG):
        return RecordingError(
            "the disk cannot read the recording", hint="copy it again from the recorder, and have the disk checked"
        )
    return StorageError(f"cannot read the recordings: {type(error).__name__}", hint="is the share still mounted?")


def _check_path(relative: str) -> None:
    """Refuse what can be refused without looking.

    Raises
    ------
    UnsafePath
        Empty, absolute, with ``..``, with a backslash or a control character.
    """
    if not relative or _NO_NAME.search(relative):
        raise UnsafePath("the path of the recording is empty or holds control characters")
    if relative.startswith(("/", "~")) or "\\" in relative or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:(?=[/\\])", relative):
        raise UnsafePath(
            "the path of the recording is absolute, or written with backslashes",
            hint="call records name recordings relative to the recordings folder, with /",
        )
    if ".." in relative.split("/"):
        raise UnsafePath("the path of the recording leads out of the recordings folder")


# ── which recording belongs to which call ────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Matched:
    """Recordings and calls, joined.

    Attributes
    ----------
    paths
        call_id -> path of its recording.
    problems
        call_id -> why the call has no recording although its record names one, or although there are candidates.
    unmatched
        Recordings that belong to no call, sorted.

    A call in neither has no recording and names none, like an abandoned one.
    """

    paths: dict[str, str] = field(repr=False)
    problems: dict[str, RecordingError] = field(repr=False)
    unmatched: tuple[str, ...] = field(repr=False)


def match(records: Iterable[Telephony], files: Iterable[str]) -> Matched:
    """Find the recording of each call.

    Parameters
    ----------
    records
        With unique call ids.
    files
        As `Recordings.list` gives them.

    Notes
    -----
    First the path that a record names. Then, among the files that no record names: the one whose name without suffix is the
    call_id; else the one with the name of the named path and another suffix. Two files that fit equally are a problem, not a
    guess.
    """
    records = list(records)
    exact = {_same_text(path): path for path in files}
    paths: dict[str, str] = {}
    problems: dict[str, RecordingError] = {}
    for record in records:
        if record.recording is not None:
            found = exact.get(_same_text(record.recording).removeprefix("./"))
            if found is not None:
                paths[record.call_id] = found
    named = set(paths.values())
    by_stem: dict[str, list[str]] = {}
    for text, path in sorted(exact.items()):
        if path not in named:
            name = PurePosixPath(text)
            # A name without suffix may hold a dot (1738000000.123), so the whole name counts too.
            for stem in {name.name, name.stem}:
                by_stem.setdefault(stem, []).append(path)
    for record in records:
        if record.call_id not in paths:
            try:
                candidate = _by_stem(record, by_stem)
            except RecordingError as problem:
                problems[record.call_id] = problem
                continue
            if candidate is not None:
                paths[record.call_id] = candidate
    claimed = set(paths.values())
    return Matched(paths, problems, tuple(sorted(path for path in exact.values() if path not in claimed)))


def _by_stem(record: Telephony, by_stem: dict[str, list[str]]) -> str | None:
    stems = [_same_text(record.call_id)]
    if record.recording is not None:
        _check_path(record.recording)
        stems.append(PurePosixPath(_same_text(record.recording)).stem)
    for stem in stems:
        found = by_stem.get(stem, [])
        if len(found) > 1:
            raise AmbiguousRecording(
                f"{len(found)} recordings could belong to call {record.call_id}",
                hint="name the right one in the column recording, or remove the others",
            )
        if found:
            return found[0]
    if record.recording is not None:
        raise MissingRecording(
            f"the recording that the record of call {record.call_id} names is not there",
            hint="has it been delivered? Paths are relative to the recordings folder",
        )
    return None


def _same_text(text: str) -> str:
    """One spelling for names that look the same: file systems differ in how they write й and é."""
    return unicodedata.normalize("NFC", text)


def expand(path_template: str, day: date) -> str:
    """Put a date into a path: ``{date}`` is 2026-01-31, ``{date:%Y/%m/%d}`` as strftime writes it.

    Raises
    ------
    SettingsError
        Other braces, or a format that is none.
    """
    try:
        path = _DATE.sub(lambda match: day.strftime(match[1]) if match[1] else day.isoformat(), path_template)
    except ValueError as error:
        raise SettingsError(
            "a path of the settings has a date format that cannot be used", hint="write {date:%Y/%m/%d}"
        ) from error
    if "{" in path or "}" in path:
        raise SettingsError("a path of the settings has braces that are no date", hint="write {date} or {date:%Y/%m/%d}")
    return path
