"""Recognition by faster-whisper, on this machine: the call's own speech, packed into windows, in batches.

Conventions
-----------
The model is a folder in CTranslate2 format, a name that the local Hugging Face cache holds, or ``demo``: the small model that
comes along, which knows synthetic voices only. Nothing is ever downloaded.
Times of words are mapped back from window time; `postcall.speech.word_fit` fits them to speech afterwards, by the policy.

Definition
----------
language
    The call's, else the one in the options, else detected: the probabilities of up to ``language_windows`` windows with most
    speech are averaged, weighted by their speech, and the largest wins. Silence has no vote. An English-only model is English.
padding
    A window is filled up with nothing to a multiple of ``pad_to_s``, and windows of equal length are recognised together, so
    that a text depends on its own window alone. The encoder's time grows at least as the length. Whisper's published weights
    know windows of 30 s only and repeat themselves in shorter ones; a model that was taught shorter ones says so in its folder.
gate
    A window is dropped whole when the model believes that nobody speaks (``no_speech_threshold``) and is unsure of its text
    (``log_prob_threshold``); its words count as dropped.

Edge cases
----------
What faster-whisper 1.2.1 does in batched mode, and what is done about it here:

- ``temperature`` keeps its first value, ``condition_on_previous_text``, ``hallucination_silence_threshold`` and all three
  thresholds are ignored without a word: the gate is applied here.
- ``clip_timestamps`` are seconds, cut down to whole samples, and word times count from the clip's start cut down to 10 ms:
  windows are laid on a raster of whole seconds, so both are exact, and the window of a segment is told by its ``seek``, which
  counts frames.
- A clip longer than 30 s loses its tail; `pack` makes none.
- Features are padded with zeros, which is no silence, to 3,000 frames, whatever time a frame stands for; `_Pipeline` cuts that
  down. The alignment sees only the window's own seconds, rounded up.
- With time stamps as tokens, text after the last pair is lost: ``without_timestamps`` stays on, word times come from attention.
- Features of all clips are computed at once; one batch at a time is handed over, so a 12-hour call needs no more than a batch.
- A clip's first word is shortened when it is long and comes after a pause, counted from the clip before it, at most 2.8 s:
  the raster, which starts late too, leaves 3 s, so that a text depends neither on its neighbours nor on the batch size.
- Language detection looks at the first window only, as soon as it passes 0.5.
- ``max_new_tokens`` is only an upper bound: CTranslate2 stops at half of prompt and ``max_new_tokens`` together.
- Without ``tokenizer.json`` one would be downloaded: the folder must hold it.

References
----------
faster-whisper issues 1179, 985, 1396, 1427 (batched mode), 125 (first word early). Shorter windows and models taught them:
whisper.cpp's ``--audio-ctx``, futo-org/whisper-acft.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import ctranslate2
import numpy as np
from pydantic import Field

# Read when huggingface_hub, which faster_whisper brings in, is first imported.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import faster_whisper
from faster_whisper.audio import pad_or_trim
from faster_whisper.utils import _MODELS  # the only list of which repository a name stands for

from postcall.errors import EngineError, EngineOutOfMemory, PostCallError, SettingsError
from postcall.nearest import did_you_mean
from postcall.spans import Span
from postcall.speech.engines import SAMPLES_PER_MS, Echo, EngineOptions, SpokenChannel, read_options
from postcall.speech.marks import without_marks
from postcall.speech.packing import CONTEXT_MS, JOIN_MS, WINDOW_MS, Window, pack
from postcall.speech.weights import digest_of
from postcall.transcript import Transcript, Word

ENGINE = "faster-whisper"

REQUIRED_FILES = (("model.bin",), ("config.json",), ("tokenizer.json",), ("vocabulary.json", "vocabulary.txt"))
"""Files of a model folder; any one of each group."""

FEATURES_FILE = "preprocessor_config.json"
"""How a model hears; may be missing."""

PADDING_KEY = "pad_to_s"
"""Where that file says what length of windows the model was taught; faster-whisper passes over it."""

DEMO_MODEL = "demo"
"""Name of the model that comes along."""

DEMO_FOLDER = Path(__file__).with_name("models") / "recognition"

WITHOUT_WORDS = "`--no-transcript` runs the acoustic measures alone"

RASTER_MS = WINDOW_MS + 3000
"""From the start of one window to the next in the sound handed over; whole seconds."""

SHORTEST_WORD_MS = 20
"""The recogniser's time step; it often gives short words no length at all."""


class FasterWhisperOptions(EngineOptions):
    """What can be set for faster-whisper.

    Attributes
    ----------
    model
        Name of a model in the local Hugging Face cache (``large-v3``, ``Systran/faster-whisper-small``), or path of a folder in
        CTranslate2 format, or ``demo``: shipped, small, and trained on synthetic voices alone, so of no use for real calls.
    device
        ``auto`` takes a GPU when there is one.
    compute_type
        Precision of the weights in memory: ``int8`` everywhere, ``int8_float16`` or ``float16`` on a GPU.
    cpu_threads
        0 lets CTranslate2 choose.
    beam_size
        Hypotheses kept while decoding: 1 is about twice as fast as 5 and a little worse.
    batch_size
        Windows of 30 s recognised at once: more is faster on a GPU and needs more memory.
    language
        ISO 639-1 code for calls whose record names none; None detects it per call.
    hotwords
        Names and terms to expect, separated by blanks; at most some 200 tokens. They can be heard where nobody said them: few.
    max_new_tokens
        Upper bound for the text of a window; None for the model's own limit, 224 tokens.
    pad_to_s
        Windows are filled up to a multiple of so many seconds; 30 fills all of them up. Less is faster, and right only for a
        model that was taught it. None for what the model's folder says, else 30.
    no_speech_threshold, log_prob_threshold
        The gate: a window is dropped when its probability of no speech is larger than the one and its mean log probability is
        smaller than the other.
    language_windows
        Windows that vote on the language; each costs the encoder once more, about half of recognising it.
    """

    model: str = "large-v3"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "int8"
    cpu_threads: int = Field(0, ge=0)
    beam_size: int = Field(5, ge=1, le=20)
    batch_size: int = Field(8, ge=1, le=256)
    language: str | None = None
    hotwords: str | None = None
    max_new_tokens: int | None = Field(None, ge=1, le=220)
    pad_to_s: int | None = Field(None, ge=1, le=WINDOW_MS // 1000)
    no_speech_threshold: float = Field(0.6, ge=0, le=1)
    log_prob_threshold: float = Field(-1.0, le=0)
    language_windows: int = Field(3, ge=1, le=32)


class FasterWhisperTranscriber:
    """faster-whisper as a `Transcriber`.

    Parameters
    ----------
    options
        See `FasterWhisperOptions`.

    Raises
    ------
    SettingsError
        An option is wrong, the model is not on this machine or incomplete, or the device cannot do what is asked.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = read_options(ENGINE, FasterWhisperOptions, options)
        self._folder = _complete(_folder(self._options.model))
        self._device = _device(self._options)
        self._pad_to_s = self._options.pad_to_s or _taught_padding_s(self._folder)
        if self._options.language is not None:
            _check_language(self._options.language, self._folder)

    @property
    def name(self) -> str:
        """Engine and model, without the folder that the model lies in."""
        return f"{ENGINE} {Path(self._options.model).name}"

    @cached_property
    def revision(self) -> str:
        """Digest of the model's files."""
        return digest_of(self._folder / name for group in (*REQUIRED_FILES, (FEATURES_FILE,)) for name in group)

    @property
    def options(self) -> Echo:
        """Options that shape the text: not the device, threads and batch size, which only shape the time."""
        return {
            **self._options.model_dump(exclude={"model", "device", "cpu_threads", "batch_size"}),
            "temperature": 0.0,
            "context_ms": CONTEXT_MS,
            "join_ms": JOIN_MS,
            "window_ms": WINDOW_MS,
            "pad_to_s": self._pad_to_s,
        }

    def transcribe(self, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
        """Recognise a call; see `postcall.speech.engines.Transcriber.transcribe`."""
        windows = pack(channels)
        try:
            if not windows:
                code, source = self._told(language)
                return self._transcript([], code, {"language_source": source, "windows": 0})
            return self._recognise(channels, windows, language)
        except PostCallError:
            raise
        except MemoryError as error:
            raise _out_of_memory(len(windows)) from error
        except (RuntimeError, ValueError, LookupError) as error:
            if "out of memory" in str(error).lower() or "alloc" in str(error).lower():
                raise _out_of_memory(len(windows)) from error
            raise EngineError(f"{ENGINE} failed on {len(windows)} windows: {type(error).__name__}") from error

    def _recognise(self, channels: Sequence[SpokenChannel], windows: Sequence[Window], language: str | None) -> Transcript:
        model = self._model()
        code, source, probability = self._language(model, channels, windows, language)
        words: list[Word] = []
        gated = marks = 0
        for window, offset_ms, segment in self._segments(model, channels, windows, code):
            texts, ignored = without_marks([word.word for word in segment.words])
            if self._is_gated(segment):
                gated += sum(1 for text in texts if text)
                continue
            marks += ignored
            label = channels[window.channel].label
            words += [
                Word(_placed(word, offset_ms, window), text, min(max(float(word.probability), 0.0), 1.0), label)
                for word, text in zip(segment.words, texts, strict=True)
                if text
            ]
        how: dict[str, str | int | float | bool | None] = {
            "language_source": source,
            "language_probability": probability,
            "windows": len(windows),
            "device": model.model.device,
            "compute_type": model.model.compute_type,
            "faster_whisper": faster_whisper.__version__,
            "ctranslate2": ctranslate2.__version__,
        }
        return self._transcript(words, code, how, dropped=gated, marks=marks)

    def _transcript(
        self,
        words: list[Word],
        language: str | None,
        how: Echo,
        *,
        dropped: int = 0,
        marks: int = 0,
    ) -> Transcript:
        words.sort(key=lambda word: word.span.start_ms)
        return Transcript(
            tuple(words),
            language,
            self.name,
            {**self._options.model_dump(exclude={"model"}), **self.options, **how},
            words_dropped=dropped,
            marks_ignored=marks,
        )

    def _model(self) -> Any:
        options = self._options
        with _LOADING:
            return _load(str(self._folder), self._device, options.compute_type, options.cpu_threads)

    def _told(self, language: str | None) -> tuple[str | None, str | None]:
        """Language and who told it; None when nobody tells."""
        for code, source in ((language, "call"), (self._options.language, "settings")):
            if code:
                return _bare(code), source
        return None, None

    def _language(
        self, model: Any, channels: Sequence[SpokenChannel], windows: Sequence[Window], language: str | None
    ) -> tuple[str, str, float | None]:
        """Language to recognise in, where it is from, and how sure detection is."""
        code, source = self._told(language)
        if code is None or source is None:
            if not model.model.is_multilingual:
                return "en", "model", None
            code, probability = _detected(model, channels, windows, self._options.language_windows, self._pad_to_s)
            return code, "detected", probability
        if code not in model.supported_languages:
            hint = "use a multilingual model" if len(code) == 2 else "use ISO 639-1 codes"
            kind = EngineError if source == "call" else SettingsError
            raise kind(f"model '{self.name}' does not know the language '{code}'", hint=hint)
        return code, source, None

    def _segments(
        self, model: Any, channels: Sequence[SpokenChannel], windows: Sequence[Window], language: str
    ) -> Iterator[tuple[Window, int, Any]]:
        """Each recognised segment with its window and the window's place on the raster."""
        options = self._options
        rate, step = SAMPLES_PER_MS * 1000, SAMPLES_PER_MS * RASTER_MS
        for padded_s, batch in _batches(windows, options.batch_size, self._pad_to_s):
            buffer = np.zeros((len(batch) + 1) * step, np.float32)
            clips = []
            for start, window in zip(range(step, buffer.size, step), batch, strict=True):
                sound = window.render(channels[window.channel].samples_16k)
                buffer[start : start + sound.size] = sound
                # Half a sample more, so that cutting seconds down to samples gives the same number again.
                clips.append({"start": start / rate, "end": (start + sound.size + 0.5) / rate})
            segments, _ = _Pipeline(model, padded_s).transcribe(
                buffer,
                language=language,
                beam_size=options.beam_size,
                temperature=0.0,
                without_timestamps=True,
                word_timestamps=True,
                max_new_tokens=options.max_new_tokens,
                clip_timestamps=clips,
                batch_size=options.batch_size,
                hotwords=options.hotwords,
            )
            for segment in segments:
                offset_ms = segment.seek * 1000 // model.frames_per_second
                yield batch[offset_ms // RASTER_MS - 1], offset_ms, segment

    def _is_gated(self, segment: Any) -> bool:
        return bool(
            segment.no_speech_prob > self._options.no_speech_threshold
            and segment.avg_logprob < self._options.log_prob_threshold
        )


def _placed(word: Any, offset_ms: int, window: Window) -> Span:
    start_ms = round(word.start * 1000) - offset_ms
    return window.place(start_ms, max(round(word.end * 1000) - offset_ms, start_ms + SHORTEST_WORD_MS))


class _Pipeline(faster_whisper.BatchedInferencePipeline):  # type: ignore[misc]  # it has no types
    """faster-whisper's batches, with windows of ``padded_s`` seconds in place of its 3,000 frames."""

    def __init__(self, model: Any, padded_s: int) -> None:
        super().__init__(model)
        self._frames = _frames(model, padded_s)

    def forward(self, features: Any, *others: Any) -> Any:
        """Recognise a batch; features of shape (windows, bands, 3000)."""
        return super().forward(np.ascontiguousarray(features[..., : self._frames]), *others)


def _frames(model: Any, padded_s: int) -> int:
    return padded_s * int(model.frames_per_second)


def _batches(windows: Sequence[Window], size: int, pad_to_s: int) -> Iterator[tuple[int, Sequence[Window]]]:
    """Windows that are padded to the same seconds, at most ``size`` of them at once, and these seconds."""
    alike: dict[int, list[Window]] = {}
    for window in windows:
        padded_s = min(-(-window.duration_ms // (1000 * pad_to_s)) * pad_to_s, WINDOW_MS // 1000)
        alike.setdefault(padded_s, []).append(window)
    for padded_s, group in alike.items():
        for at in range(0, len(group), size):
            yield padded_s, group[at : at + size]


def _detected(
    model: Any, channels: Sequence[SpokenChannel], windows: Sequence[Window], count: int, pad_to_s: int
) -> tuple[str, float]:
    """Language by the weighted mean of what the ``count`` fullest windows say, and that mean."""
    voters = sorted(windows, key=lambda window: window.duration_ms, reverse=True)[:count]
    total: dict[str, float] = {}
    for padded_s, batch in _batches(voters, 1, pad_to_s):
        [window] = batch
        sound = window.render(channels[window.channel].samples_16k)
        features = pad_or_trim(model.feature_extractor(sound)[..., :-1])[..., : _frames(model, padded_s)]
        [told] = model.model.detect_language(model.encode(np.ascontiguousarray(features)))
        for token, probability in told:
            code = token[2:-2]  # of <|ru|>
            total[code] = total.get(code, 0.0) + probability * window.duration_ms
    best = max(total, key=lambda code: total[code])
    return best, round(total[best] / sum(window.duration_ms for window in voters), 4)


def _bare(language: str) -> str:
    """``ru`` of ``ru-RU``."""
    return language.replace("_", "-").split("-")[0].lower()


def _out_of_memory(windows: int) -> EngineOutOfMemory:
    return EngineOutOfMemory(
        f"{ENGINE} ran out of memory on {windows} windows", hint="lower batch_size, or use a smaller model or compute_type"
    )


# ── the model ────────────────────────────────────────────────────────────────

_LOADING = Lock()
"""Two threads that ask at once must not load twice."""


@lru_cache(maxsize=1)
def _load(folder: str, device: str, compute_type: str, cpu_threads: int) -> Any:
    model = faster_whisper.WhisperModel(
        folder, device=device, compute_type=compute_type, cpu_threads=cpu_threads, local_files_only=True
    )
    if model.feature_extractor.mel_filters.shape[0] != model.model.n_mels:
        raise SettingsError(
            f"the model hears {model.model.n_mels} frequency bands, its folder says "
            f"{model.feature_extractor.mel_filters.shape[0]}",
            hint="copy preprocessor_config.json of the same model into the folder",
        )
    return model


def _folder(model: str) -> Path:
    """Folder of a model, found without the network."""
    if model == DEMO_MODEL:
        return DEMO_FOLDER
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or model.startswith((".", "~")):
        raise SettingsError(f"no folder '{model}' with a recognition model", hint=_recipe("large-v3"))
    if "/" not in model and model not in _MODELS:
        raise SettingsError(f"no recognition model is called '{model}'", hint=did_you_mean(model, [*_MODELS, DEMO_MODEL]))
    try:
        return Path(faster_whisper.download_model(model, local_files_only=True))
    except (OSError, ValueError) as error:
        raise SettingsError(f"recognition model '{model}' is not on this machine", hint=_recipe(model)) from error


def _taught_padding_s(folder: Path) -> int:
    """What a model's folder says of the windows that it was taught; Whisper's 30 s where it says nothing."""
    file = folder / FEATURES_FILE
    try:
        told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SettingsError(f"'{file}' is no JSON", hint="copy the model's folder again, whole") from error
    padding = told.get(PADDING_KEY, WINDOW_MS // 1000) if isinstance(told, dict) else None
    if isinstance(padding, int) and 1 <= padding <= WINDOW_MS // 1000:
        return padding
    raise SettingsError(f"'{file}': {PADDING_KEY} is not a whole number of seconds from 1 to {WINDOW_MS // 1000}")


def _recipe(model: str) -> str:
    repository = _MODELS.get(model, model)
    folder = repository.split("/")[-1]
    return (
        f"on a machine with internet `hf download {repository} --local-dir {folder}`, copy the folder here and set "
        f'model = "/path/to/{folder}"; model = "{DEMO_MODEL}" is shipped, but knows synthetic voices only; {WITHOUT_WORDS}'
    )


def _complete(folder: Path) -> Path:
    missing = [group[0] for group in REQUIRED_FILES if not any((folder / name).is_file() for name in group)]
    if missing and folder == DEMO_FOLDER:
        raise SettingsError(
            f"the model '{DEMO_MODEL}' is not in this installation: {', '.join(missing)} is missing",
            hint=f"install postcall again, whole; {WITHOUT_WORDS}",
        )
    if missing:
        raise SettingsError(
            f"the model folder '{folder}' has no {', '.join(missing)}",
            hint=f"copy the folder again, whole and in CTranslate2 format; {WITHOUT_WORDS}",
        )
    return folder


def _device(options: FasterWhisperOptions) -> str:
    gpus = ctranslate2.get_cuda_device_count()
    if options.device == "cuda" and not gpus:
        raise SettingsError("device 'cuda': no GPU can be used", hint='set device = "cpu", or install the GPU\'s driver')
    device = "cuda" if gpus and options.device != "cpu" else "cpu"
    possible = {"default", "auto", *ctranslate2.get_supported_compute_types(device)}
    if options.compute_type not in possible:
        what = f"compute_type '{options.compute_type}' is not possible on device '{device}'"
        raise SettingsError(what, hint=did_you_mean(options.compute_type, sorted(possible)))
    return device


def _check_language(language: str, folder: Path) -> None:
    tokens = (folder / "tokenizer.json").read_text(encoding="utf-8")
    if f'"<|{_bare(language)}|>"' not in tokens:
        raise SettingsError(f"the model does not know the language '{language}'", hint="use an ISO 639-1 code, e.g. ru, en, zh")
