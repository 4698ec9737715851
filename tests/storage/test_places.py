"""Tables and artifacts on an object store, against a server that speaks S3."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated

import fsspec
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from postcall.errors import SettingsError, StorageError
from postcall.spans import Span
from postcall.tables import Field, Stamp, TableSpec, spec_of, table
from postcall.transcript import Transcript, Word
from storage.artifacts import Artifacts, likeness_files
from storage.places import FILE_NAME, MARK, Places, local_things, places_of, settle
from storage.tables import Tables
from tests.object_store import BUCKET, object_store

ROOT = Path(__file__).parents[2]
DAY = date(2026, 3, 2)

WRITER = """
import sys
from datetime import date
from pathlib import Path
from storage.tables import Tables
from tests.storage.test_places import sample, spec

store, who, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
tables = Tables(store)
sys.stdin.readline()
for number in range(rounds):
    day = date(2026, 3, 2 + number)
    for attempt in range(50):
        try:
            tables.replace_day(spec(), day, sample(who, day), f"{who}-{number}")
            break
        except Exception as error:
            if type(error).__name__ != "StorageError":
                raise
            print("again", flush=True)
    else:
        raise SystemExit("never got through")
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with object_store() as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, address: str) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@table("call_sample", grain="call", primary_key=("call_id",))
class CallSample:
    """A table of these tests."""

    call_id: Annotated[str, Field("Call id.")]
    talk_ms: Annotated[int | None, Field("Talk.", unit="ms", minimum=0)]


def spec() -> TableSpec:
    return spec_of(CallSample)


def sample(who: str, day: date) -> pa.Table:
    """What a writer says of a day."""
    rows = [spec().row(call_id=f"{who}-{number}", talk_ms=number) for number in range(20)]
    return spec().to_arrow(rows, Stamp(day, who, 1, "policy"))


def test_two_writers_at_once_lose_nothing_and_double_nothing(store: Path) -> None:
    address = f"s3://{BUCKET}/writers/tables"
    settle(store, Places(address))
    rounds = 3
    command = [sys.executable, "-c", WRITER, str(store)]
    with (
        subprocess.Popen([*command, "a", str(rounds)], stdin=subprocess.PIPE, text=True, cwd=ROOT) as one,
        subprocess.Popen([*command, "b", str(rounds)], stdin=subprocess.PIPE, text=True, cwd=ROOT) as other,
    ):
        for writer in (one, other):
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert [writer.wait(120) for writer in (one, other)] == [0, 0]
    tables = Tables(store)
    history = DeltaTable(tables.uri("call_sample"), storage_options=tables.delta_options).history()
    wrote = [commit["run_id"] for commit in reversed(history)]
    assert sorted(wrote) == sorted(f"{who}-{number}" for who in "ab" for number in range(rounds)), "each commit is there, once"
    for number in range(rounds):
        last = [run_id[0] for run_id in wrote if run_id.endswith(f"-{number}")][-1]
        day = date(2026, 3, 2 + number)
        found = sorted(tables.read("call_sample", day)["call_id"].to_pylist())
        assert found == sorted(f"{last}-{row}" for row in range(20)), "the day is that of its last writer, whole"


def test_of_two_commits_of_one_version_the_second_is_refused(store: Path) -> None:
    settle(store, Places(f"s3://{BUCKET}/commits/tables"))
    tables = Tables(store)
    tables.replace_day(spec(), DAY, sample("a", DAY), "first")
    # What delta-rs does to commit: an entry of the log goes only where there is none.
    entry = f"{tables.uri('call_sample')}/_delta_log/{0:020}.json"
    with pytest.raises(FileExistsError):
        fsspec.filesystem("s3").pipe_file(entry, b"{}", mode="create")
    stale = DeltaTable(tables.uri("call_sample"), storage_options=tables.delta_options)
    tables.replace_day(spec(), DAY, sample("b", DAY), "second")
    with pytest.raises(CommitFailedError):
        write_deltalake(stale, sample("c", DAY), mode="overwrite", predicate=f"call_date = '{DAY}'", partition_by=["call_date"])
    assert set(tables.read("call_sample")["call_id"].to_pylist()) == {f"b-{number}" for number in range(20)}


def test_an_address_belongs_to_one_store(store: Path, tmp_path: Path) -> None:
    address = f"s3://{BUCKET}/owned/tables"
    assert settle(store, Places(address)) == places_of(store) == Places(address)
    assert settle(store, Places()) == Places(address), "what the store remembers holds"
    second = tmp_path / "second"
    second.mkdir()
    with pytest.raises(SettingsError, match="belong to another store"):
        settle(second, Places(address))
    assert places_of(second) == Places(), "nothing is kept of a refusal"
    fsspec.filesystem("s3").rm_file(f"{address}/{MARK}")
    assert settle(second, Places(address)) == Places(address)
    with pytest.raises(SettingsError, match="belong to another store"):
        settle(store, Places(address))


def test_a_store_is_not_sent_elsewhere_unasked(store: Path, tmp_path: Path) -> None:
    (store / "tables").mkdir()
    with pytest.raises(SettingsError, match="lie elsewhere"):
        settle(store, Places(f"s3://{BUCKET}/moved/tables"))
    settle(store, Places(artifacts=str(tmp_path / "shared")))
    with pytest.raises(SettingsError, match="lie elsewhere"):
        settle(store, Places(artifacts=str(tmp_path / "other")))
    with pytest.raises(SettingsError, match="reaches only"):
        local_things(store, "this")
    local_things(tmp_path, "this")
    with pytest.raises(SettingsError, match="erasing a voice reaches only"):
        likeness_files(store, "agent")
    (store / FILE_NAME).write_text("{")
    with pytest.raises(StorageError, match="cannot be read"):
        places_of(store)


@pytest.mark.parametrize("wanted", [Places(tables="ftp://a/b"), Places(tables="folder"), Places(artifacts="gs://a/b")])
def test_other_addresses_are_refused(store: Path, wanted: Places) -> None:
    with pytest.raises(SettingsError, match="can lie"):
        settle(store, wanted)


def test_a_bucket_that_is_not_there(store: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        settle(store, Places("s3://nobody-has-it/tables"))


def test_artifacts_are_objects(store: Path) -> None:
    settle(store, Places(artifacts=f"s3://{BUCKET}/artifacts/"))
    kept = Artifacts(store)
    sha256 = "ab" * 32
    transcript = Transcript(words=(Word(Span(0, 500), "да", 0.5, "channel 0"),), language="ru", engine="e", options={"a": 1})
    assert kept.transcript(sha256, "key") is None
    assert kept._newest(sha256, "transcript") == []
    kept.put_transcript(sha256, "key", transcript)
    assert kept.transcript(sha256, "key") == transcript
    assert kept._newest(sha256, "transcript") == ["key"]
    assert fsspec.filesystem("s3").exists(f"s3://{BUCKET}/artifacts/ab/{sha256}/transcript-key.json")
    assert not (store / "artifacts").exists()
