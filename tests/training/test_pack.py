from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest

from training.pack import _symbols, _write_empty


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs the Debian package gcc, as packing does")
def test_an_empty_library_stands_in_for_a_real_one(tmp_path: Path) -> None:
    source = tmp_path / "real.c"
    source.write_text("int table[4] = {1, 2, 3, 4};\nint used(void) { return 7; }\nint unused(void) { return 8; }\n")
    real, empty = tmp_path / "libreal.so.1", tmp_path / "empty" / "libreal.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wl,-soname,libreal.so.1", "-o", str(real), str(source)], check=True)
    empty.parent.mkdir()
    _write_empty(real, empty, {"used", "table", "elsewhere"})
    assert ctypes.CDLL(str(empty)).used() == 0
    assert {"used", "table"} <= _symbols([empty], "--defined-only")
    assert "unused" not in _symbols([empty], "--defined-only")
    named = subprocess.run(["readelf", "-d", str(empty)], check=True, capture_output=True, text=True).stdout
    assert "[libreal.so.1]" in named
