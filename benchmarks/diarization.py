"""How well does the shipped demo pipeline tell speakers apart? Synthetic calls on one channel, and real ones.

    python -m benchmarks.diarization [FOLDER] [--model PATH] [--calls 12] [--seed 30] [--real FOLDER]

Definitions
-----------
synthetic
    Calls of the corpus with two voices, both on the only channel, drawn by a seed of their own; so many in voices that were
    trained on, and as many in voices that never were. Truth is the corpus's: who is audible when, gaps up to 0.3 s closed.
real
    Both channels of two-channel calls added up, ``<call>.stereo.wav``; truth is who spoke when as machine-made segments of
    human words, ``<call>.rttm``, whose edges are loose: the product's own error on separate channels stands beside it.
DER
    Diarization error rate of `pyannote.metrics`, without a collar, overlaps counted: missed speech, false alarm and confusion
    of speakers over speech, of all calls together.
by the pipeline, by the product
    What the pipeline says; and that laid over the product's speech timeline (`postcall.speakers`), which is what tables hold;
    speech that the pipeline gives to nobody is nobody's.
"""

from __future__ import annotations

import argparse
import io
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from benchmarks.bench_calls import SPLITS, hear, make_calls, split_of, truths
from benchmarks.corpus.planning import Plan, draw_calls
from benchmarks.corpus.script import load, paths
from benchmarks.talk_time import FOLDER as REAL
from postcall.spans import Spans
from postcall.speakers import over_speech
from postcall.speech import pyannote_engine
from postcall.speech.engines import Diarizer
from postcall.speech.pyannote_engine import PyannoteDiarizer
from postcall.timeline import MIXED, SpeakerTimeline

PARTIES = {"agent", "customer"}
_PARTS = ("total", "missed detection", "false alarm", "confusion")


@dataclass(frozen=True, slots=True)
class Result:
    """What came out of one call: seconds of speech and of each kind of error."""

    group: str
    pipeline: Counter[str]
    product: Counter[str]
    apart: Counter[str]
    speakers: int
    duration_s: float
    took_s: float


def plans(calls: int, seed: int) -> list[Plan]:
    """So many calls of each kind of voice, two voices on one channel."""
    wanted = dict.fromkeys(SPLITS, calls)
    chosen = []
    for plan in draw_calls([load(path) for path in paths()], 80 * calls, seed):
        split = split_of(plan)
        if wanted[split] and set(plan.voices) == PARTIES:
            wanted[split] -= 1
            layout = plan.conditions.layout if plan.conditions.layout in ("mono", "dual_mono") else "mono"
            chosen.append(replace(plan, conditions=replace(plan.conditions, layout=layout, bleed=None)))
    if any(wanted.values()):
        raise ValueError(f"the draw holds too few calls: {wanted}")
    return chosen


def errors(truth: Mapping[str, Spans], found: Mapping[str, Spans], duration_ms: int) -> Counter[str]:
    """Seconds of speech, and of each kind of error."""
    pyannote_engine.import_pyannote()
    from pyannote.core import Annotation, Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(timeline: Mapping[str, Spans]) -> Annotation:
        made = Annotation()
        for label, spans in timeline.items():
            for span in spans:
                made[Segment(span.start_ms / 1000, span.end_ms / 1000), label] = label
        return made

    whole = Timeline([Segment(0, duration_ms / 1000)])
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    parts = metric(annotation(truth), annotation(found), uem=whole, detailed=True)
    return Counter({name: parts[name] for name in _PARTS})


def compare(group: str, sound: bytes, truth: Mapping[str, Spans], diarizer: Diarizer, apart: Counter[str]) -> Result:
    """Tell the speakers of one recording apart and compare with who spoke."""
    heard = hear(sound)
    [channel] = heard.channels
    began = time.perf_counter()
    overlapping, _ = diarizer.diarize(channel.samples_16k)
    took_s = time.perf_counter() - began
    product = {label: spans for label, spans in over_speech(channel.speech, overlapping).by_label.items() if label != MIXED}
    duration_ms = heard.recording.duration_ms
    return Result(
        group,
        errors(truth, overlapping.by_label, duration_ms),
        errors(truth, product, duration_ms),
        apart,
        len(overlapping.by_label),
        duration_ms / 1000,
        took_s,
    )


def synthetic(folder: Path, diarizer: Diarizer) -> Iterator[Result]:
    """Results of the calls in a folder."""
    for truth in truths(folder):
        sound = (folder / "recordings" / truth["recording"]).read_bytes()
        rttm = next((folder / "truth").glob(f"{truth['call_id']}*.rttm")).read_text(encoding="utf-8")
        yield compare(truth["split"], sound, SpeakerTimeline.from_rttm(rttm).by_label, diarizer, Counter())


def real(folder: Path, diarizer: Diarizer) -> Iterator[Result]:
    """Results of two-channel calls, their channels added up."""
    for path in sorted(folder.glob("*.stereo.wav")):
        truth = SpeakerTimeline.from_rttm(path.with_name(path.name.replace(".stereo.wav", ".rttm")).read_text(encoding="utf-8"))
        sound = path.read_bytes()
        heard = hear(sound)
        apart = errors(truth.by_label, heard.timeline.by_label, heard.recording.duration_ms)
        rate_hz, samples = wavfile.read(io.BytesIO(sound))
        mono = io.BytesIO()
        wavfile.write(mono, rate_hz, np.clip(samples.astype(np.int32).sum(axis=1), -32768, 32767).astype(np.int16))
        yield compare("real", mono.getvalue(), truth.by_label, diarizer, apart)


def _table(results: list[Result]) -> Iterator[str]:
    heads = [("DER", 7), ("missed", 7), ("false", 7), ("confused", 9), ("speakers", 9)]
    yield f"{'voices':10} {'':12} {'calls':>5} {'speech':>9} " + " ".join(f"{head:>{width}}" for head, width in heads)
    names = {"train": "known", "held_out": "new", "real": "real"}
    for group, name in names.items():
        chosen = [result for result in results if result.group == group]
        speakers = f"{np.mean([result.speakers for result in chosen]):.1f}" if chosen else ""
        for way in ("pipeline", "product", "apart"):
            parts = sum((getattr(result, way) for result in chosen), Counter())
            if not parts["total"]:
                continue
            share = {part: parts[part] / parts["total"] for part in _PARTS}
            rate = sum(share[part] for part in _PARTS[1:])
            label = {"apart": "two channels"}.get(way, f"by {way}")
            yield (
                f"{name:10} {label:12} {len(chosen):5} {parts['total'] / 60:5.1f} min {rate:7.1%} "
                f"{share['missed detection']:7.1%} {share['false alarm']:7.1%} {share['confusion']:9.1%} {speakers:>9}"
            )
            speakers = ""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("../postcall-bench-diarization"), help="where the calls are made"
    )
    parser.add_argument("--model", default="demo", help="folder of another pipeline")
    parser.add_argument("--calls", type=int, default=12, help="of each kind of voice")
    parser.add_argument("--seed", type=int, default=30)
    parser.add_argument("--real", type=Path, default=REAL / "harper_valley", help="folder of real two-channel calls")
    options = parser.parse_args()
    make_calls(options.folder, plans(options.calls, options.seed))
    diarizer = PyannoteDiarizer({"model": options.model, "device": "cpu"})
    results = [*synthetic(options.folder, diarizer), *real(options.real, diarizer)]
    if not any(result.group == "real" for result in results):
        print(f"no real calls: there is no <call>.stereo.wav in {options.real.name}")
    print("\n".join(_table(results)))
    duration_s, took_s = sum(r.duration_s for r in results), sum(r.took_s for r in results)
    print(f"\n{duration_s / 60:.0f} minutes of calls in {took_s:.0f} s, {duration_s / took_s:.0f} times real time")


if __name__ == "__main__":
    main()
