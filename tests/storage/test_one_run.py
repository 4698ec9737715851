from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from postcall.errors import StorageError
from storage.one_run import only_run

HOLD = """
import sys, pathlib
from storage.one_run import only_run
with only_run(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match="another run"), only_run(tmp_path):
            pass
        first.kill()
        first.wait()
        with only_run(tmp_path, wait_s=5):
            pass


def test_a_store_that_cannot_be_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("storage.one_run.FileLock._acquire", refuse)
    with pytest.raises(StorageError, match="Read-only file system"), only_run(tmp_path):
        pass
