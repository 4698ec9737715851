"""Memory of a night: does it grow with the number of calls, and does one very long call stay within bounds?

    python -m benchmarks.memory FOLDER [--calls 1000] [--seconds 10] [--hours 4] [--rate 8000]

Definition
----------
many calls
    One night of copies of a bundled call on two channels: its first seconds, with the words of the synthesis that lie in them.
    Each copy differs in one sample, as two calls with one sound are told as a mistake, and each is decoded.
RSS slope
    Memory of the process (VmRSS) after each call, a straight line through it by least squares, in MB per 100 calls. The first
    tenth of the calls is left out: models are loaded and caches fill.
long call
    A night, in a process of its own, of one call of so many hours: the bundled call over and over, with its words, as FLAC of
    two channels at a rate.
peak
    Largest memory (VmHWM) the process ever had. Start: before the first call, with all that is imported by then.

Only Linux tells its memory in this way.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import subprocess
import sys
import time
import wave
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flows.demonstration import BUNDLED, DAY, demo_settings
from flows.night import plainly, run_night
from flows.settings import TranscriberSettings
from postcall.audio.decode import DecodePolicy, decode, resample

CALL = "01-good-service"
WARM_UP = 10
"""The first of so many parts of the calls is left out of the slope."""


class Watch:
    """A progress that notes the memory after each call."""

    def __init__(self) -> None:
        self.mb: list[float] = []
        self.start_mb = 0.0

    def start(self, step: str, total: int) -> None:
        """A step begins."""
        if step == "calls":
            self.start_mb = memory_mb("VmRSS")

    def advance(self) -> None:
        """One call is done."""
        self.mb.append(memory_mb("VmRSS"))

    def within(self, share: float) -> None:
        """Nothing."""


def memory_mb(kind: str) -> float:
    """Memory of this process, as the kernel counts it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"the kernel does not tell {kind}")


def slope_per_100(mb: list[float]) -> float:
    """MB per 100 calls, by least squares, without the warm-up."""
    kept = np.array(mb[len(mb) // WARM_UP :])
    return float(np.polyfit(np.arange(kept.size), kept, 1)[0] * 100)


def night(folder: Path, workers: int) -> dict[str, float]:
    """Run the night of a folder in this process; its figures."""
    own = {
        "transcriber": TranscriberSettings(engine="none"),
        "recordings": str(folder / "recordings"),
        "calls": str(folder / "calls.csv"),
        "workers": workers,
    }
    watch, began = Watch(), time.monotonic()
    report = run_night(DAY, demo_settings(folder / "store").model_copy(update=own), step=plainly, progress=watch)
    return {
        "calls": report.calls,
        "recordings": report.recordings,
        "words": report.transcripts,
        "failures": len(report.failures),
        "took_s": time.monotonic() - began,
        "start_mb": watch.start_mb,
        "slope": slope_per_100(watch.mb) if len(watch.mb) >= WARM_UP else 0.0,
        "last_mb": watch.mb[-1],
        "peak_mb": memory_mb("VmHWM"),
    }


def make_many(folder: Path, calls: int, seconds: float) -> None:
    """Lay a night of copies into a folder."""
    samples, rate = _bundled()
    samples = samples[: round(seconds * rate)]
    words = _words(0.0, seconds)
    _start(folder)
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, _record())
        rows.writeheader()
        for number in range(calls):
            name = f"copy-{number:05}"
            copy = samples.copy()
            copy[number % len(copy), number // len(copy) % 2] ^= 1
            with wave.open(str(folder / "recordings" / f"{name}.wav"), "wb") as sound:
                sound.setnchannels(copy.shape[1])
                sound.setsampwidth(2)
                sound.setframerate(rate)
                sound.writeframes(copy.tobytes())
            (folder / "recordings" / f"{name}.ctm").write_text(words, encoding="utf-8")
            rows.writerow(_of_length(name, f"{name}.wav", seconds))


def make_long(folder: Path, hours: float, rate: int | None = None) -> None:
    """Lay a night of one long call into a folder, at its own rate or another."""
    import av

    samples, own_rate = _bundled()
    if rate is not None:
        brought = resample((samples.T / 32_768).astype(np.float32), own_rate, rate)
        samples = np.ascontiguousarray(np.rint(np.clip(brought, -1, 1) * 32_767).astype(np.int16).T)
    rate = rate or own_rate
    length_s = len(samples) / rate
    times = round(hours * 3600 / length_s)
    _start(folder)
    with av.open(str(folder / "recordings" / "long.flac"), "w") as container:
        stream = container.add_stream("flac", rate=rate, layout="stereo")
        for number in range(times):
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="stereo")
            frame.rate, frame.pts = rate, number * len(samples)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    words = "".join(_words(number * length_s, length_s) for number in range(times))
    (folder / "recordings" / "long.ctm").write_text(words, encoding="utf-8")
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, _record())
        rows.writeheader()
        rows.writerow(_of_length("long", "long.flac", times * length_s))


def _start(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "recordings").mkdir(parents=True)


def _bundled() -> tuple[NDArray[np.int16], int]:
    """Samples of the bundled call, one row for each moment, and their rate."""
    content = (BUNDLED / "recordings" / f"{CALL}.flac").read_bytes()
    decoded = decode(io.BytesIO(content), DecodePolicy())
    scaled = np.rint(np.clip(decoded.samples, -1, 1) * 32_767).astype(np.int16)
    return np.ascontiguousarray(scaled.T), decoded.sample_rate_hz


def _words(offset_s: float, until_s: float) -> str:
    lines = []
    for line in (BUNDLED / "transcripts" / f"{CALL}.ctm").read_text(encoding="utf-8").splitlines():
        name, channel, start, length, *rest = line.split()
        if float(start) + float(length) <= until_s:
            lines.append(" ".join([name, channel, f"{float(start) + offset_s:.3f}", length, *rest]) + "\n")
    return "".join(lines)


def _record() -> dict[str, str]:
    with (BUNDLED / "calls.csv").open(encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["call_id"] == CALL)


def _of_length(call_id: str, recording: str, seconds: float) -> dict[str, str]:
    record = _record()
    ended = datetime.fromisoformat(record["recording_started_at"]) + timedelta(seconds=seconds)
    return {**record, "call_id": call_id, "recording": recording, "ended_at": ended.isoformat(timespec="milliseconds")}


def in_child(folder: Path, workers: int) -> dict[str, float]:
    """Run a night in a process of its own; its figures."""
    command = [sys.executable, "-m", "benchmarks.memory", "--night", str(folder), str(workers)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Make both nights, run them, print their figures."""
    if sys.argv[1:2] == ["--night"]:
        print(json.dumps(night(Path(sys.argv[2]), int(sys.argv[3]))))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description="Memory of a night.")
    parser.add_argument("folder", type=Path, help="where nights are made; they go afterwards")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of each of the many calls")
    parser.add_argument("--hours", type=float, default=4.0, help="length of the long call; 0 for none")
    parser.add_argument("--rate", type=int, help="sample rate of the long call; its own, 8000, when not given")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    print(f"{'night':34} {'start':>8} {'last call':>10} {'peak':>8} {'slope':>18} {'took':>8}", flush=True)
    nights = []
    if given.calls:
        make_many(given.folder / "many", given.calls, given.seconds)
        nights.append((f"{given.calls:,} calls of {given.seconds:g} s", "many"))
    if given.hours:
        make_long(given.folder / "long", given.hours, given.rate)
        at = f" at {given.rate / 1000:g} kHz" if given.rate else ""
        nights.append((f"one call of {given.hours:g} h{at}", "long"))
    for what, name in nights:
        of = in_child(given.folder / name, given.workers)
        if not of["calls"] == of["recordings"] == of["words"] or of["failures"]:
            print(f"{what}: {of['recordings']:.0f} of {of['calls']:.0f} calls heard, {of['failures']:.0f} failures")
            sys.exit(1)
        slope = f"{of['slope']:.2f} MB/100 calls" if of["calls"] > 1 else "–"
        memory = f"{of['start_mb']:5.0f} MB {of['last_mb']:7.0f} MB {of['peak_mb']:5.0f} MB"
        print(f"{what:34} {memory} {slope:>18} {of['took_s']:6.0f} s", flush=True)
        shutil.rmtree(given.folder / name)


if __name__ == "__main__":
    main()
