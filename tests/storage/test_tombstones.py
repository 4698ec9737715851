"""What was erased stays away, and takes nothing with it that was not erased."""

from __future__ import annotations

import hashlib
from pathlib import Path

from storage.tombstones import Tombstones


def test_sounds_and_paths_that_were_erased_are_known_again(tmp_path: Path) -> None:
    Tombstones.read(tmp_path).add(tmp_path, calls=["7"], paths=["a/7.wav"], sounds=["f00"])
    erased = Tombstones.read(tmp_path)
    assert erased.has_call("7")
    assert erased.has_path("a/7.wav")
    assert erased.has_sound("f00")
    assert not erased.has_call("8")
    assert not erased.has_path("a/8.wav")
    assert not erased.has_sound("f01")


def test_a_file_without_bytes_is_no_erased_sound(tmp_path: Path) -> None:
    """Else every call with an empty file would be gone together with the first that is erased."""
    nothing = hashlib.sha256(b"").hexdigest()
    Tombstones.read(tmp_path).add(tmp_path, calls=["7"], sounds=[nothing])
    assert not Tombstones.read(tmp_path).has_sound(nothing)
