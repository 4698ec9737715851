"""How exact is the speech timeline? Talk time on real calls, edges on staged ones.

    python -m benchmarks.talk_time [folder of real recordings]

Definitions
-----------
real calls
    Two-channel telephone calls with who spoke when as machine-made segments of human words (``<call>.rttm``, one channel
    each for ``caller`` and ``agent``). Talk of a party is the sum of its segments. They hold pauses under half a second, as
    ours hold gaps up to ``speech.bridge_gap_ms``. They also hold ``[noise]``: breath, clicks and line noise, which is no
    speech, so we come out short by it. *Miss* and *false alarm* are shares of the reference's talk.
staged calls
    Prompts read by one person, everything more than 40 dB under a prompt's 95th percentile of level set to zero, with
    silences of 0.6-3 s between them; so each edge is known by construction, to 5 ms. Pink noise is laid over all of it.
    *Edges* are differences of starts and ends to the truth's, later is positive.

The peer is call-ai-metrics, per-channel energy thresholds, on the same files.
"""

from __future__ import annotations

import argparse
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from postcall.audio.decode import DecodePolicy, decode
from postcall.audio.levels import frame_power, to_db
from postcall.audio.speech_timeline import SpeechPolicy
from postcall.audio.topology import TopologyPolicy, classify
from postcall.recording import Topology
from postcall.spans import Span, Spans, at_least, bridge, intersect, total_ms, union
from postcall.speech.silero import find_speech
from postcall.timeline import MIXED, SpeakerTimeline, channel_label

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "realdata"
"""Where the real recordings lie unless told otherwise."""

PARTIES = ("caller", "agent")
"""Party of channel 0 and of channel 1 on the real calls."""

SWEEP_DB = (38, 40, 42, 45)
"""Values of the one setting that was chosen with the real calls in sight; 42 is the default."""

_STEP_MS = 5
_PROMPT_HZ = 8000


@dataclass(frozen=True, slots=True)
class PartyResult:
    """One party of one real call.

    Attributes
    ----------
    call, party
        Which.
    reference_s, ours_s, peer_s
        Talk; the peer's is None when it is not installed.
    miss_share, false_alarm_share
        Time of the reference's talk that we lack, and ours that it lacks, over the reference's talk.
    """

    call: str
    party: str
    reference_s: float
    ours_s: float
    peer_s: float | None
    miss_share: float
    false_alarm_share: float


@dataclass(frozen=True, slots=True)
class EdgeResult:
    """Edges on a staged call.

    Attributes
    ----------
    errors_ms
        Of each start and end that was found, later is positive.
    missed, invented
        Spans of the truth without any of ours, and of ours without any of the truth.
    """

    errors_ms: NDArray[np.int64]
    missed: int
    invented: int

    def percentile_ms(self, percent: float) -> float:
        """Percentile of the absolute errors."""
        return float(np.percentile(np.abs(self.errors_ms), percent))


def real_calls(folder: Path, policy: SpeechPolicy, *, with_peer: bool) -> Iterator[PartyResult]:
    """Compare talk on every call of a folder that holds ``<call>.stereo.wav`` and ``<call>.rttm``."""
    for path in sorted(folder.glob("*.stereo.wav")):
        call = path.name.removesuffix(".stereo.wav")
        reference = SpeakerTimeline.from_rttm(path.with_name(f"{call}.rttm").read_text(encoding="utf-8")).by_label
        with path.open("rb") as file:
            sound = decode(file, DecodePolicy())
        topology, _ = classify(sound.samples, sound.sample_rate_hz, TopologyPolicy())
        ours = find_speech(sound.samples, sound.sample_rate_hz, topology, policy)
        peer = _peer_talk_s(path) if with_peer else {}
        for channel, party in enumerate(PARTIES):
            expected, found = reference.get(party, ()), ours[channel_label(channel)]
            both, whole = total_ms(intersect(expected, found)), total_ms(expected)
            yield PartyResult(
                call,
                party,
                whole / 1000,
                total_ms(found) / 1000,
                peer.get(party),
                (whole - both) / whole,
                (total_ms(found) - both) / whole,
            )


def _peer_talk_s(path: Path) -> dict[str, float]:
    from call_ai_metrics import analyze

    report = analyze(str(path), speakers=list(PARTIES))
    return {party: report[party].talk_time_s for party in PARTIES}


def mean_absolute_error_s(results: Sequence[PartyResult], party: str, *, peer: bool = False) -> float:
    """Mean absolute error of a party's talk in seconds."""
    errors = [(r.peer_s if peer else r.ours_s) or 0.0 for r in results if r.party == party]
    expected = [r.reference_s for r in results if r.party == party]
    return float(np.mean(np.abs(np.subtract(errors, expected))))


def staged_call(prompts: Sequence[Path], policy: SpeechPolicy, seed: int) -> tuple[NDArray[np.float32], Spans]:
    """Samples at 8 kHz and the exact speech of a call made of prompts."""
    rng = np.random.default_rng(seed)
    pieces: list[NDArray[np.float32]] = []
    truth: list[Span] = []
    now_ms = 0
    for path in prompts:
        samples = _read_prompt(path)
        gap_ms = _STEP_MS * int(rng.integers(600 // _STEP_MS, 3000 // _STEP_MS))
        spoken = _spoken_part(samples)
        voiced = np.zeros_like(samples)
        for span in spoken:
            within = slice(span.start_ms * _PROMPT_HZ // 1000, span.end_ms * _PROMPT_HZ // 1000)
            voiced[within] = samples[within]
        now_ms += gap_ms
        truth += [Span(now_ms + span.start_ms, now_ms + span.end_ms) for span in spoken]
        pieces += [np.zeros(gap_ms * _PROMPT_HZ // 1000, dtype=np.float32), voiced]
        now_ms += voiced.size * 1000 // _PROMPT_HZ
    pieces.append(np.zeros(_PROMPT_HZ, dtype=np.float32))
    return np.concatenate(pieces), at_least(bridge(union(truth), policy.bridge_gap_ms), policy.min_speech_ms)


def _read_prompt(path: Path) -> NDArray[np.float32]:
    """Samples, cut to whole steps."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    step = _PROMPT_HZ * _STEP_MS // 1000
    return np.asarray(samples[: samples.size // step * step] / 32768, dtype=np.float32)


def _spoken_part(samples: NDArray[np.float32]) -> Spans:
    level = to_db(frame_power(samples, _PROMPT_HZ, hop_ms=_STEP_MS, hops_per_window=2))
    steps = np.flatnonzero(level > np.percentile(level, 95) - 40)
    spans = bridge((Span(int(i) * _STEP_MS, int(i + 1) * _STEP_MS) for i in steps), 4 * _STEP_MS)
    return at_least(spans, 4 * _STEP_MS)


def with_noise(samples: NDArray[np.float32], snr_db: float, seed: int) -> NDArray[np.float32]:
    """Samples with pink noise so far under the mean level of what is not zero."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples.size))
    noise = np.fft.irfft(white / np.sqrt(np.arange(1, white.size + 1)), samples.size)
    voice_rms = np.sqrt(np.mean(samples[samples != 0] ** 2))
    return np.asarray(samples + noise * (voice_rms / noise.std() * 10 ** (-snr_db / 20)), dtype=np.float32)


def edges(samples: NDArray[np.float32], truth: Spans, policy: SpeechPolicy) -> EdgeResult:
    """Compare our edges with the truth's on 8 kHz samples of one channel."""
    found = find_speech(samples[None], _PROMPT_HZ, Topology.MONO, policy)[MIXED]
    errors: list[int] = []
    missed = 0
    for span in truth:
        same = [f for f in found if f.overlaps(span)]
        if same:
            errors += [same[0].start_ms - span.start_ms, same[-1].end_ms - span.end_ms]
        else:
            missed += 1
    invented = sum(not any(f.overlaps(span) for span in truth) for f in found)
    return EdgeResult(np.array(errors, dtype=np.int64), missed, invented)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="holds harper_valley/ and asterisk_ru/")
    folder: Path = parser.parse_args().folder
    policy = SpeechPolicy()
    results = list(real_calls(folder / "harper_valley", policy, with_peer=True))
    print(f"{'call':18} {'party':7} {'reference':>9} {'postcall':>9} {'peer':>9} {'miss':>6} {'false':>6}")
    for r in results:
        peer = f"{r.peer_s:9.2f}" if r.peer_s is not None else f"{'-':>9}"
        print(
            f"{r.call:18} {r.party:7} {r.reference_s:9.2f} {r.ours_s:9.2f} {peer} "
            f"{r.miss_share:6.1%} {r.false_alarm_share:6.1%}"
        )
    for party in PARTIES:
        ours, peer_mae = mean_absolute_error_s(results, party), mean_absolute_error_s(results, party, peer=True)
        left_out = [
            mean_absolute_error_s([r for r in results if r.call != c], party) for c in sorted({r.call for r in results})
        ]
        print(
            f"mean absolute error {party:7} postcall {ours:.2f} s (leaving one call out: {min(left_out):.2f} to "
            f"{max(left_out):.2f} s), call-ai-metrics {peer_mae:.2f} s"
        )
    print("\nthe same with another speech.below_voice_db: agent / caller")
    for below_db in SWEEP_DB:
        other = list(
            real_calls(folder / "harper_valley", policy.model_copy(update={"below_voice_db": below_db}), with_peer=False)
        )
        print(f"{below_db} dB: {mean_absolute_error_s(other, 'agent'):.2f} / {mean_absolute_error_s(other, 'caller'):.2f} s")
    prompts = sorted((folder / "asterisk_ru").glob("*.wav"))
    clean, truth = staged_call(prompts, policy, seed=1)
    print(f"\nstaged call of {len(prompts)} prompts, {clean.size / _PROMPT_HZ:.0f} s, {len(truth)} spans")
    for snr_db in (60, 40, 25, 15):
        result = edges(with_noise(clean, snr_db, seed=2), truth, policy)
        starts, ends = np.median(result.errors_ms[::2]), np.median(result.errors_ms[1::2])
        print(
            f"SNR {snr_db:2} dB: |edge| median {result.percentile_ms(50):3.0f} ms, 95th percentile "
            f"{result.percentile_ms(95):3.0f} ms; median start {starts:+.0f} ms, end {ends:+.0f} ms; "
            f"{result.missed} missed, {result.invented} invented"
        )
    stereo = np.stack([clean, np.roll(clean, clean.size // 2)])
    started = time.perf_counter()
    kind, _ = classify(stereo, _PROMPT_HZ, TopologyPolicy())
    find_speech(stereo, _PROMPT_HZ, kind, policy)
    took = time.perf_counter() - started
    print(f"\ntopology and speech of two channels: {clean.size / _PROMPT_HZ / took:.0f} times real time")


if __name__ == "__main__":
    main()
