"""The fuzzer's targets: they take the good files, refuse others as we refuse, and let anything else through."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.fuzz import SOURCES, attempt, seeds, targets
from postcall.errors import PostCallError
from storage.record_sources import sources


@pytest.mark.parametrize("target", targets())
def test_good_files_and_garbage(target: str) -> None:
    read = targets()[target]
    found = list(seeds(target))
    for data in [*found, b"", b"\0", b"\xff\xfe[", bytes(range(256))]:
        attempt(read, data)
    results = 0
    for data in found:
        try:
            results += read(data) is not None
        except PostCallError:
            continue
    assert results, "no good file is read: the fuzzer would begin from nothing"


def test_what_is_no_error_of_ours_comes_through() -> None:
    def broken(data: bytes) -> object:
        raise KeyError(data)

    with pytest.raises(KeyError):
        attempt(broken, b"a")


def test_every_source_of_call_records_is_read() -> None:
    assert set(SOURCES) == set(sources())


def test_one_input_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "found"
    file.write_bytes(b"\0not a table")
    command = [sys.executable, "-m", "benchmarks.fuzz", "records", "--input", str(file)]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0
    refused = subprocess.run([*command[:3], "nothing"], capture_output=True, check=False, cwd=Path(__file__).parents[2])
    assert refused.returncode == 2
