"""One contestant in a process of its own: reads what is asked, recognises, writes what came out.

    python -m benchmarks.peers.contestants NAME ASKED.json TOLD.json

Each module is imported by the contestant that needs it alone, so that nobody's memory holds another's libraries.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import memory_mb

Texts = list[str]
"""What is said on each channel."""


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A recording of two channels; what a right call record would tell of it."""

    call_id: str
    folder: str
    name: str
    language: str
    duration_s: float

    @property
    def path(self) -> str:
        """Where the recording lies."""
        return str(Path(self.folder) / self.name)


@dataclass(frozen=True, slots=True)
class Asked:
    """What every contestant is asked, the same of all."""

    calls: tuple[AskedCall, ...]
    model: str
    scratch: str
    beam_size: int = 5
    batch_size: int = 8
    compute_type: str = "int8"
    cores: int = 1

    @classmethod
    def read(cls, path: Path) -> Asked:
        """As `asdict` wrote it."""
        told = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**told, "calls": tuple(AskedCall(**call) for call in told["calls"])})

    @property
    def first_calls(self) -> tuple[AskedCall, ...]:
        """One of each language: recognised before the clock runs."""
        return tuple({call.language: call for call in reversed(self.calls)}.values())


Recognise = Callable[[Sequence[AskedCall]], dict[str, Texts] | None]


def postcall_words(asked: Asked) -> Recognise:
    """What the night does until a call has its words, tones, music, voices and artifacts included."""
    from flows.equipment import policy_sections
    from flows.listen import Listener
    from flows.plan import PlannedCall
    from flows.settings import Recorder
    from postcall.analyzer import discover
    from postcall.policy import load_policy
    from postcall.speech.faster_whisper_engine import FasterWhisperTranscriber
    from postcall.telephony import Telephony
    from postcall.timeline import channel_label
    from storage.artifacts import Artifacts
    from storage.recordings import Recordings

    policies = load_policy(None, policy_sections(discover()))
    transcriber = FasterWhisperTranscriber(_engine_options(asked))

    def recognise(calls: Sequence[AskedCall]) -> dict[str, Texts]:
        texts: dict[str, Texts] = {}
        store = Path(asked.scratch) / "store"
        # Nothing that an earlier turn kept may be found again.
        shutil.rmtree(store, ignore_errors=True)
        for folder in dict.fromkeys(call.folder for call in calls):
            recordings = Recordings(folder)
            listener = Listener(
                recordings,
                Artifacts(store),
                policies,
                recorder=Recorder(),
                transcriber=transcriber,
                why_no_transcriber="",
                diarizer=None,
                why_no_diarizer="every call has two channels",
                use_transcripts=True,
            )
            planned = [
                PlannedCall(Telephony(call.call_id, language=call.language), call.name, recordings.sha256(call.name))
                for call in calls
                if call.folder == folder
            ]
            for heard in listener.hear_all(planned, workers=asked.cores):
                words = heard.call.transcript.words if heard.call.transcript else ()
                labels = (channel_label(0), channel_label(1))
                texts[heard.call.call_id] = [" ".join(w.text for w in words if w.speaker == label) for label in labels]
        return texts

    return recognise


def postcall_night(asked: Asked) -> Recognise:
    """The whole night: all that comes before the words, every analyzer, rule, KPI and table; no reports."""
    import csv
    from datetime import UTC, date, datetime, timedelta

    from flows.night import plainly, run_night
    from flows.pages.settings import PageSettings
    from flows.settings import DiarizerSettings, Settings, TranscriberSettings
    from storage.telephony import RecordFormat

    day = date(2026, 3, 2)

    def recognise(calls: Sequence[AskedCall]) -> None:
        shutil.rmtree(asked.scratch)
        recordings = Path(asked.scratch) / "recordings"
        recordings.mkdir(parents=True)
        began = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        with (Path(asked.scratch) / "calls.csv").open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(
                "call_id recording started_at answered_at ended_at recording_started_at direction channel_map language".split()
            )
            for number, call in enumerate(calls):
                # The night follows no link out of its folder.
                shutil.copyfile(call.path, recordings / f"{number}-{call.name}")
                at = began + timedelta(minutes=number)
                ended = at + timedelta(seconds=call.duration_s)
                times = [one.isoformat(timespec="milliseconds") for one in (at, at, ended, at)]
                rows.writerow([call.call_id, f"{number}-{call.name}", *times, "inbound", "customer|agent", call.language])
        settings = Settings(
            store=Path(asked.scratch) / "store",
            recordings=str(recordings),
            calls=str(Path(asked.scratch) / "calls.csv"),
            records=RecordFormat(time_zone="UTC"),
            policy=None,
            metrics_file=None,
            workers=asked.cores,
            transcriber=TranscriberSettings(engine="faster-whisper", options=_engine_options(asked)),
            diarizer=DiarizerSettings(engine="none"),
            pages=PageSettings(nightly=False),
        )
        report = run_night(day, settings, step=plainly)
        if report.transcripts != len(calls) or report.defects:
            raise SystemExit(f"{report.transcripts} of {len(calls)} calls have words, {report.defects} defects")

    return recognise


def _engine_options(asked: Asked) -> dict[str, object]:
    return {
        "model": asked.model,
        "device": "cpu",
        "compute_type": asked.compute_type,
        "beam_size": asked.beam_size,
        "batch_size": asked.batch_size,
        "cpu_threads": asked.cores,
    }


def faster_whisper_plain(asked: Asked, *, word_timestamps: bool) -> Recognise:
    """`WhisperModel.transcribe` on each channel of each file, with its own filter of speech."""
    from faster_whisper import WhisperModel, decode_audio

    model = WhisperModel(asked.model, device="cpu", compute_type=asked.compute_type, cpu_threads=asked.cores)

    def recognise(calls: Sequence[AskedCall]) -> dict[str, Texts]:
        def text(samples: Any, language: str) -> str:
            segments, _ = model.transcribe(
                samples,
                language=language,
                beam_size=asked.beam_size,
                vad_filter=True,
                word_timestamps=word_timestamps,
                # As everybody else: a model that was never taught time stamps as tokens creeps through the sound with them.
                without_timestamps=True,
            )
            return " ".join(segment.text for segment in segments)

        return {
            call.call_id: [text(channel, call.language) for channel in decode_audio(call.path, split_stereo=True)]
            for call in calls
        }

    return recognise


def faster_whisper_batched(asked: Asked, *, word_timestamps: bool) -> Recognise:
    """`BatchedInferencePipeline.transcribe` on each channel of each file, with its own filter of speech."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

    pipeline = BatchedInferencePipeline(
        WhisperModel(asked.model, device="cpu", compute_type=asked.compute_type, cpu_threads=asked.cores)
    )

    def recognise(calls: Sequence[AskedCall]) -> dict[str, Texts]:
        def text(samples: Any, language: str) -> str:
            segments, _ = pipeline.transcribe(
                samples,
                language=language,
                beam_size=asked.beam_size,
                batch_size=asked.batch_size,
                vad_filter=True,
                word_timestamps=word_timestamps,
            )
            return " ".join(segment.text for segment in segments)

        return {
            call.call_id: [text(channel, call.language) for channel in decode_audio(call.path, split_stereo=True)]
            for call in calls
        }

    return recognise


def whisperx_plain(asked: Asked) -> Recognise:
    """whisperX on each channel, with the speech detector that comes along; its alignment models would have to be fetched."""
    from postcall.speech import torchaudio_import

    # whisperX imports torchaudio too, which refuses a torch without CUDA.
    torchaudio_import.prepare()
    from faster_whisper import decode_audio
    from whisperx.asr import load_model

    model = load_model(
        asked.model,
        "cpu",
        compute_type=asked.compute_type,
        asr_options={"beam_size": asked.beam_size},
        threads=asked.cores,
        local_files_only=True,
    )

    def recognise(calls: Sequence[AskedCall]) -> dict[str, Texts]:
        def text(samples: Any, language: str) -> str:
            told = model.transcribe(samples, batch_size=asked.batch_size, language=language)
            return " ".join(segment["text"] for segment in told["segments"])

        return {
            call.call_id: [text(channel, call.language) for channel in decode_audio(call.path, split_stereo=True)]
            for call in calls
        }

    return recognise


CONTESTANTS: dict[str, Callable[[Asked], Recognise]] = {
    "postcall": postcall_words,
    "postcall night": postcall_night,
    "faster-whisper": lambda asked: faster_whisper_plain(asked, word_timestamps=True),
    "faster-whisper batched": lambda asked: faster_whisper_batched(asked, word_timestamps=True),
    "faster-whisper text": lambda asked: faster_whisper_plain(asked, word_timestamps=False),
    "faster-whisper batched text": lambda asked: faster_whisper_batched(asked, word_timestamps=False),
    "whisperx text": whisperx_plain,
}
"""Contestants by name; those of text give no times of words."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a contestant took and found.

    Attributes
    ----------
    start_s
        Imports, model and one call of each language, before the clock runs.
    wall_s, cpu_s
        All calls; processor time of all threads.
    start_mb, peak_mb
        Resident memory before the calls, and at most.
    texts
        By call, of each channel; None of a contestant whose words are another's.
    """

    start_s: float
    wall_s: float
    cpu_s: float
    start_mb: float
    peak_mb: float
    texts: dict[str, Texts] | None

    @classmethod
    def read(cls, path: Path) -> Told:
        """As a contestant wrote it."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def compete(name: str, asked: Asked) -> Told:
    """Let a contestant recognise all calls in this process."""
    began = time.perf_counter()
    recognise = CONTESTANTS[name](asked)
    recognise(asked.first_calls)
    start_s, start_mb = time.perf_counter() - began, memory_mb("VmRSS")
    began, used = time.perf_counter(), _cpu_s()
    texts = recognise(asked.calls)
    return Told(start_s, time.perf_counter() - began, _cpu_s() - used, start_mb, memory_mb("VmHWM"), texts)


def _cpu_s() -> float:
    """Of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Compete, and write what came out."""
    name, given, told = sys.argv[1:]
    asked = Asked.read(Path(given))
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-asked.cores :])
    Path(told).write_text(json.dumps(asdict(compete(name, asked))), encoding="utf-8")


if __name__ == "__main__":
    main()
