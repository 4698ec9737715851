"""How fast is everything but recognition? Listening, by stage; measuring from artifacts, by analyzer.

    python -m benchmarks.speed [FOLDER] [--calls 40] [--json FILE]

Definitions
-----------
listening
    Decoding, topology, speech, tones, music, quality and voice of two-channel calls of the corpus, in seconds of call per
    second of one core (processor time, whatever its number of threads).
stages
    Milliseconds of processor time per second of call, both channels.
measuring
    Reading a call's artifacts from disk, and every analyzer, in milliseconds of processor time per call; the words are those
    of the synthesis. Imports and the dictionaries of a language are left out: a night pays for them once.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import results
from benchmarks.accuracy import plans
from benchmarks.bench_calls import make_calls, truths
from benchmarks.true_calls import call_of, words_of
from flows.equipment import policy_sections
from postcall.analyzer import discover
from postcall.audio.decode import DecodePolicy
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy
from postcall.errors import MissingInput
from postcall.policy import load_policy
from postcall.speech import listening
from storage.artifacts import Artifacts

_SEED = 44
_STAGES = {
    "decode": "decoding",
    "classify": "topology",
    "resample": "other rates",
    "find_speech": "speech",
    "line_sounds": "tones, music, quality, voice",
}


class Stopwatch:
    """Processor time by name."""

    def __init__(self) -> None:
        self.took_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Count what is done inside."""
        began = time.process_time()
        try:
            yield
        finally:
            self.took_s[name] += time.process_time() - began

    def around(self, name: str, function: Any) -> Any:
        """A function that is timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            with self.of(name):
                return function(*arguments, **named)

        return timed


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("../postcall-bench-speed"), help="where calls are made")
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    load_before = results.load()
    make_calls(options.folder, plans(options.calls, _SEED))
    registry = discover()
    policies = load_policy(None, policy_sections(registry))
    artifacts = Artifacts(options.folder)
    sounds, whole, measuring = Stopwatch(), Stopwatch(), Stopwatch()
    calls = heard_ms = 0
    languages: set[str] = set()
    with (
        listening.side_by_side(),
        mock.patch.multiple(listening, **{name: sounds.around(name, getattr(listening, name)) for name in _STAGES}),
    ):
        for truth in truths(options.folder):
            sound = (options.folder / "recordings" / truth["recording"]).read_bytes()
            sha256 = hashlib.sha256(sound).hexdigest()
            before = dict(sounds.took_s), dict(whole.took_s)
            with whole.of("listening"):
                heard = listening.listen(
                    io.BytesIO(sound),
                    source=truth["recording"],
                    sha256=sha256,
                    decoding=DecodePolicy(),
                    topology=TopologyPolicy(),
                    speech=SpeechPolicy(),
                )
            if not heard.recording.topology.is_separated:
                # One channel is half the work.
                sounds.took_s, whole.took_s = (defaultdict(float, kept) for kept in before)
                continue
            artifacts.put_sound("bench", heard.recording, heard.timeline, heard.acoustics)
            artifacts.put_transcript(sha256, "bench", words_of(truth))
            with measuring.of("reading artifacts"):
                kept, transcript = artifacts.sound(sha256, "bench"), artifacts.transcript(sha256, "bench")
            assert kept is not None
            if truth["language"] not in languages:
                for one in registry.analyzers:
                    with suppress(MissingInput):
                        one.rows(call_of(truth, *kept, transcript), policies)
                languages.add(truth["language"])
            call = call_of(truth, *kept, transcript)
            for one in registry.analyzers:
                with measuring.of(one.name), suppress(MissingInput):
                    one.rows(call, policies)
            calls, heard_ms = calls + 1, heard_ms + heard.recording.duration_ms
            if calls == 1:
                # Imports and caches are paid once a night.
                heard_ms = 0
                for watch in (sounds, whole, measuring):
                    watch.took_s.clear()
    seconds = heard_ms / 1000
    pace = seconds / whole.took_s["listening"]
    print(f"listening: {pace:.0f} times real time, {calls - 1} two-channel calls, {seconds / 60:.0f} min")
    for name, label in _STAGES.items():
        print(f"  {label:30} {1000 * sounds.took_s[name] / seconds:6.2f} ms per second")
    each_ms = {name: 1000 * took_s / (calls - 1) for name, took_s in measuring.took_s.items()}
    print(f"measuring: {sum(each_ms.values()):.1f} ms per call of {seconds / (calls - 1):.0f} s on average")
    for name, took_ms in sorted(each_ms.items(), key=lambda item: -item[1]):
        print(f"  {name:30} {took_ms:6.2f} ms")
    if options.json:
        figures = {
            "calls": calls - 1,
            "hours": round(seconds / 3600, 4),
            "channels": 2,
            "times_real_time": round(pace, 1),
            "listening_core_s_per_hour": round(3600 / pace, 3),
            "stages_ms_per_s": {label: round(1000 * sounds.took_s[name] / seconds, 3) for name, label in _STAGES.items()},
            "measuring_ms_per_call": {name: round(took_ms, 3) for name, took_ms in each_ms.items()},
        }
        results.write(options.json, "speed", "make bench-speed", load_before, figures)


if __name__ == "__main__":
    main()
