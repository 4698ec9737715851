"""The recordings folder: what is listed, what is refused, and which recording belongs to which call."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import unicodedata
from datetime import date
from types import SimpleNamespace

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from postcall.errors import MissingRecording, PostCallError, RecordingError, SettingsError, StorageError, UnsafePath
from postcall.telephony import Telephony
from storage.recordings import AmbiguousRecording, Recordings, expand, match


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "recordings"
    for name in (
        "b.wav",
        "2026/01/a.mp3",
        "2026/01/a.ctm",
        "2026/01/a.mp3.json",
        "calls.csv",
        ".hidden.wav",
        ".trash/c.wav",
        "d",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


@pytest.fixture
def store():
    """An object store in memory with the same kind of content."""
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe({"/bucket/calls/b.wav": b"b.wav", "/bucket/calls/2026/a.mp3": b"a", "/bucket/calls/2026/a.ctm": b"t"})
    yield "memory://bucket/calls"
    filesystem.rm("/bucket", recursive=True)


def test_list(folder):
    assert Recordings(str(folder)).list() == ["2026/01/a.mp3", "b.wav", "d"]


def test_object_store(store):
    recordings = Recordings(store)
    assert recordings.list() == ["2026/a.mp3", "b.wav"]
    assert recordings.sha256("b.wav") == hashlib.sha256(b"b.wav").hexdigest()
    assert recordings.fingerprint("b.wav").size_bytes == 5
    assert recordings.fingerprint("b.wav").changed
    assert recordings.sidecar("2026/a.mp3", (".stm", ".ctm")) == "2026/a.ctm"
    with pytest.raises(MissingRecording):
        recordings.check("c.wav")
    with pytest.raises(UnsafePath):
        recordings.check("2026")
    with pytest.raises(UnsafePath):
        recordings.check("../secret.wav")


def test_sha256_and_open(folder):
    recordings = Recordings(str(folder))
    assert recordings.sha256("b.wav") == hashlib.sha256(b"b.wav").hexdigest()
    with recordings.open("2026/01/a.mp3") as file:
        assert file.read() == b"2026/01/a.mp3"


def test_fingerprint_changes_with_the_file(folder):
    recordings = Recordings(str(folder))
    before = recordings.fingerprint("b.wav")
    assert recordings.fingerprint("b.wav") == before
    os.utime(folder / "b.wav", ns=(0, 1))
    assert recordings.fingerprint("b.wav") != before


def test_sidecar(folder):
    recordings = Recordings(str(folder))
    assert recordings.sidecar("2026/01/a.mp3", (".stm", ".ctm")) == "2026/01/a.ctm"
    assert recordings.sidecar("2026/01/a.mp3", (".json",)) == "2026/01/a.mp3.json"
    assert recordings.sidecar("b.wav", (".ctm",)) is None
    with pytest.raises(UnsafePath):
        recordings.sidecar("../b.wav", (".ctm",))


UNSAFE = ["", ".", "..", "2026", "../b.wav", "2026/../../b.wav", "/etc/hostname", "~/b.wav", "C:/b.wav", "a\\b.wav"]


@pytest.mark.parametrize("path", [*UNSAFE, "s3://x/b.wav", "b\0.wav", "b\n.wav", "\udcff.wav"])
def test_unsafe_paths(folder, path):
    recordings = Recordings(str(folder))
    for use in (recordings.check, recordings.open, recordings.sha256, recordings.fingerprint):
        with pytest.raises(UnsafePath):
            use(path)


@pytest.mark.parametrize("path", ["c.wav", "b.wav/c.wav", "2026/02/a.mp3", "x" * 5000])
def test_missing_recordings(folder, path):
    with pytest.raises(MissingRecording) as caught:
        Recordings(str(folder)).check(path)
    assert path not in str(caught.value)


def test_links(folder, tmp_path):
    (tmp_path / "secret.wav").write_bytes(b"secret")
    (folder / "out.wav").symlink_to(tmp_path / "secret.wav")
    (folder / "in.wav").symlink_to(folder / "b.wav")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "round").symlink_to(folder)
    (folder / "self.wav").symlink_to(folder / "self.wav")
    recordings = Recordings(str(folder))
    for path in ("out.wav", "outside/secret.wav"):
        with pytest.raises(UnsafePath):
            recordings.check(path)
    recordings.check("in.wav")
    with pytest.raises(MissingRecording):
        recordings.check("self.wav")
    assert [path for path in recordings.list() if "/" in path] == ["2026/01/a.mp3"]


def test_a_root_that_is_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert Recordings(str(tmp_path / "link")).sha256("b.wav") == Recordings(str(folder)).sha256("b.wav")


def test_a_pipe_is_not_read(folder):
    os.mkfifo(folder / "pipe.wav")
    with pytest.raises(UnsafePath):
        Recordings(str(folder)).sha256("pipe.wav")


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (PermissionError(), RecordingError),
        (OSError(errno.EIO, "x"), RecordingError),
        (OSError(errno.ESTALE, "x"), StorageError),
        (FileNotFoundError(), MissingRecording),
    ],
)
def test_a_store_that_fails(folder, monkeypatch, failure, kind):
    def fail(*args, **kwargs):
        raise failure

    recordings = Recordings(str(folder))
    monkeypatch.setattr(LocalFileSystem, "open", fail)
    with pytest.raises(kind) as caught:
        recordings.sha256("b.wav")
    assert type(caught.value) is kind
    assert caught.value.hint or kind is MissingRecording


def test_a_folder_that_cannot_be_read_is_not_passed_over(folder, monkeypatch):
    recordings = Recordings(str(folder))
    scandir = os.scandir

    def fail(path):
        if str(path).endswith("01"):
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(StorageError):
        recordings.list()


def test_names_that_are_no_text_are_counted(folder):
    (folder / "new\nline.wav").write_bytes(b"")
    os.close(os.open(os.fsencode(folder) + b"/\xff.wav", os.O_CREAT))
    recordings = Recordings(str(folder))
    assert recordings.list() == ["2026/01/a.mp3", "b.wav", "d"]
    assert recordings.count_unusable_names() == 2


@pytest.mark.parametrize("root", ["nowhere", "b.wav"])
def test_unreachable_root(folder, root):
    with pytest.raises(SettingsError) as caught:
        Recordings(str(folder / root))
    assert caught.value.hint


def test_unknown_store():
    with pytest.raises(SettingsError):
        Recordings("nosuchstore://bucket")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=30))
def test_any_path_raises_nothing_but_our_errors(tmp_path_factory, path):
    root = tmp_path_factory.getbasetemp()
    recordings = Recordings(str(root))
    try:
        recordings.check(path)
    except PostCallError:
        return
    assert (root / path).resolve().is_relative_to(root.resolve())


# ── match ────────────────────────────────────────────────────────────────────


def codes(matched):
    return {call_id: problem.code for call_id, problem in matched.problems.items()}


def test_match_in_order_of_certainty():
    records = [
        Telephony("1", recording="x/1.wav"),
        Telephony("2"),
        Telephony("3", recording="y/three.wav"),
        Telephony("4", recording="gone.wav"),
        Telephony("5"),
        Telephony("6", recording="./six.wav"),
    ]
    matched = match(records, ["x/1.wav", "x/2.ogg", "y/three.mp3", "six.wav", "left.wav"])
    assert matched.paths == {"1": "x/1.wav", "2": "x/2.ogg", "3": "y/three.mp3", "6": "six.wav"}
    assert codes(matched) == {"4": "missing_recording"}
    assert matched.unmatched == ("left.wav",)


def test_two_candidates_are_a_problem():
    matched = match([Telephony("1"), Telephony("2", recording="two.wav")], ["a/1.wav", "b/1.wav", "a/two.mp3", "b/two.mp3"])
    assert not matched.paths
    assert codes(matched) == {"1": AmbiguousRecording.code, "2": AmbiguousRecording.code}
    assert len(matched.unmatched) == 4


def test_a_named_recording_is_not_given_to_another_call():
    matched = match([Telephony("2"), Telephony("1", recording="2.wav")], ["2.wav"])
    assert matched.paths == {"1": "2.wav"}
    assert not matched.problems


def test_dots_and_spellings():
    composed, decomposed = (unicodedata.normalize(form, "Сергей") for form in ("NFC", "NFD"))
    assert composed != decomposed
    records = [Telephony("1738000000.123"), Telephony(composed), Telephony("9", recording=f"й/{composed}9.wav")]
    files = ["1738000000.123", f"{decomposed}.wav", unicodedata.normalize("NFD", f"й/{composed}9.wav")]
    assert set(match(records, files).paths.values()) == set(files)


def test_unsafe_path_of_a_record():
    assert codes(match([Telephony("1", recording="../1.mp3")], ["x/other.wav"])) == {"1": "unsafe_path"}


# ── expand ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/rec/{date:%Y/%m/%d}", "/rec/2026/01/31"),
        ("calls-{date}.csv", "calls-2026-01-31.csv"),
        ("s3://b/{date:%Y%m}/{date}", "s3://b/202601/2026-01-31"),
        ("plain", "plain"),
    ],
)
def test_expand(template, path):
    assert expand(template, date(2026, 1, 31)) == path


@pytest.mark.parametrize("template", ["{day}", "{date.year}", "{date:}", "{", "{}", "{date!r}"])
def test_expand_refuses_other_braces(template):
    with pytest.raises(SettingsError):
        expand(template, date(2026, 1, 31))


class EveryThird:
    """An object store that fails every third request, also those for parts of a file."""

    protocol = ("memory",)

    def __init__(self, filesystem, error):
        self._filesystem, self._error = filesystem, error
        self.requests = 0

    def __getattr__(self, name):
        def asked(*arguments, **options):
            self.requests += 1
            if self.requests % 3 == 0:
                raise self._error
            found = getattr(self._filesystem, name)(*arguments, **options)
            return self._failing(found) if name == "open" else found

        return asked

    def _failing(self, stored):
        file = io.BytesIO(stored.getvalue())
        whole = file.read

        def read(size=-1):
            self.requests += 1
            if self.requests % 3 == 0:
                file.seek(1, os.SEEK_CUR)
                raise self._error
            return whole(size)

        return SimpleNamespace(read=read, seek=file.seek, tell=file.tell, close=file.close)


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "SlowDown"), TimeoutError(), RuntimeError("503 at https://a/+79161234567")]
)
def test_requests_that_fail_in_passing_are_made_again(store, monkeypatch, error):
    monkeypatch.setattr("storage.recordings.PAUSES_S", (0.0, 0.0))
    flaky = EveryThird(fsspec.filesystem("memory"), error)
    monkeypatch.setattr(fsspec.core, "url_to_fs", lambda _: (flaky, "/bucket/calls"))
    recordings = Recordings(store)
    for _ in range(4):
        assert recordings.list() == ["2026/a.mp3", "b.wav"]
        assert recordings.sha256("b.wav") == hashlib.sha256(b"b.wav").hexdigest()
        with recordings.open("b.wav") as file:
            assert (file.read(2), file.seek(1), file.read(), file.tell()) == (b"b.", 1, b".wav", 5)
    asked = flaky.requests
    with pytest.raises(MissingRecording):
        recordings.check("c.wav")
    assert flaky.requests <= asked + 2  # what is not there is not asked for again and again


def test_a_store_that_always_fails_is_told_without_its_words(store, monkeypatch):
    monkeypatch.setattr("storage.recordings.PAUSES_S", (0.0, 0.0))
    recordings = Recordings(store)
    failing = EveryThird(fsspec.filesystem("memory"), RuntimeError("503 at https://a/+79161234567"))
    monkeypatch.setattr(failing, "_filesystem", None)
    recordings._fs = failing
    for ask in (recordings.list, lambda: recordings.check("b.wav"), lambda: recordings.sha256("b.wav")):
        with pytest.raises(StorageError) as raised:
            ask()
        assert "7916" not in str(raised.value)
        assert raised.value.__cause__.__cause__ is None
