"""Calls of the corpus as the benchmarks of the engines take them: made once in a folder, heard as the product hears them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpus import cache
from benchmarks.corpus.__main__ import make
from benchmarks.corpus.planning import Plan
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.speech.listening import Listened, listen

SPLITS = ("train", "held_out")
"""Voices that were trained on; voices that never were."""


def split_of(plan: Plan) -> str:
    """Which voices a call is in."""
    return SPLITS[plan.is_held_out]


def make_calls(folder: Path, plans: Sequence[Plan]) -> None:
    """Make calls, unless the same are there already; what does not come out as its script says is left out, and said."""
    key = json.dumps([[plan.call_id, plan.seed, repr(plan.conditions), [item.text for item in plan.played]] for plan in plans])
    mark = folder / "made.json"
    if mark.exists() and mark.read_text(encoding="utf-8") == key:
        return
    made = make(folder, plans, cache.default_folder(), os.cpu_count() or 1)
    left_out = [call.problem for call in made if call.problem]
    if left_out:
        print(f"{len(left_out)} calls do not come out as their scripts say and are left out")
    mark.write_text(key, encoding="utf-8")


def truths(folder: Path) -> Iterator[dict[str, Any]]:
    """Truth of each call of a folder, in order of names."""
    for path in sorted((folder / "truth").glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def hear(sound: bytes) -> Listened:
    """Decode a recording and find its speech."""
    policies = {"decoding": DecodePolicy(), "topology": TopologyPolicy(), "speech": SpeechPolicy()}
    return listen(io.BytesIO(sound), source="benchmark", sha256="0" * 64, **policies)
