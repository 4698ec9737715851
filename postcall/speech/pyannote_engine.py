"""Who spoke when on one channel, by a pyannote.audio pipeline, on this machine.

Conventions
-----------
The pipeline is a folder (``config.yaml`` and the folders it names), a name that the local Hugging Face cache holds, or
``demo``: the small pipeline that comes along, which knows synthetic voices only. Nothing is ever downloaded, and
pyannote.audio's usage data stay off: the engine refuses to work where they are on.

Definition
----------
overlapping
    The pipeline's ``speaker_diarization``: two may speak at once.
exclusive
    Its ``exclusive_speaker_diarization``: at most one at a time, made for giving words a speaker.
one voice cut in two
    Speakers whose voices are as alike as ``same_voice`` (cosine of the pipeline's own ``speaker_embeddings``) are one: the
    longer one voice speaks, the likelier a clustering parts it.
labels
    ``speaker_0``, ``speaker_1``, … in the order in which they are first heard.

Edge cases
----------
- pyannote.audio hears nothing shorter than ``SHORTEST_MS``: such a recording has no speakers.
- A configuration that names a model on a hub instead of a folder of its own would be downloaded: refused before the night.
- pyannote.audio takes seconds to import, and its import fails beside a torch without CUDA (see `torchaudio_import`): it is
  imported when the first recording needs it.
- Its warnings name the torchcodec library, which only decodes files: it is given samples.

References
----------
Bredin, "pyannote.audio 2.1 speaker diarization pipeline", Interspeech 2023; pyannote.audio 4.0 (exclusive diarization).
"""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from pickle import UnpicklingError
from threading import Lock
from typing import Any, ClassVar, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, model_validator

from postcall.errors import EngineError, EngineOutOfMemory, PostCallError, SettingsError
from postcall.spans import Span, union
from postcall.speech.engines import SAMPLES_PER_MS, Echo, EngineOptions, read_options
from postcall.speech.weights import digest_of
from postcall.timeline import SpeakerTimeline

ENGINE = "pyannote"

DEMO_MODEL = "demo"
"""Name of the pipeline that comes along."""

DEMO_FOLDER = Path(__file__).with_name("models") / "diarization"

CONFIG = "config.yaml"

SHORTEST_MS = 100

WITHOUT_SPEAKERS = '`[diarizer] engine = "none"` leaves speakers on one channel untold'

_TELEMETRY = "PYANNOTE_METRICS_ENABLED"
_WEIGHTS_ONLY = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
_OTHER_CLASSES = ("Unsupported global", "Unsupported class", "Trying to instantiate", "Trying to call")
"""How torch says that a checkpoint asks for what is none of its own."""


class PyannoteOptions(EngineOptions):
    """What can be set for pyannote.audio.

    Attributes
    ----------
    model
        Path of a pipeline's folder, or its name in the local Hugging Face cache
        (``pyannote/speaker-diarization-community-1``), or ``demo``: shipped, small, and trained on synthetic voices alone, so
        of no use for real calls.
    device
        ``auto`` takes a GPU when there is one.
    segmentation_batch_size, embedding_batch_size
        Windows cut and voices compared at once: more is faster on a GPU and needs more memory.
    min_speakers, max_speakers
        How many people a recording holds. A call has two parties, and one more with every transfer that its record tells of;
        raise ``max_speakers`` where recordings hold others, or where records do not tell of transfers.
    same_voice
        Speakers whose voices are at least so alike (cosine) are one voice, cut in two; 1 keeps all apart. Smaller takes more
        people with like voices for one.
    """

    model: str
    device: Literal["auto", "cpu", "cuda"] = "auto"
    segmentation_batch_size: int = Field(32, ge=1, le=1024)
    embedding_batch_size: int = Field(32, ge=1, le=1024)
    min_speakers: int = Field(1, ge=1, le=20)
    max_speakers: int = Field(2, ge=1, le=20)
    same_voice: float = Field(0.8, gt=0, le=1)

    @model_validator(mode="after")
    def _in_order(self) -> PyannoteOptions:
        if self.min_speakers > self.max_speakers:
            raise ValueError("min_speakers is larger than max_speakers")
        return self


class PyannoteDiarizer:
    """pyannote.audio as a `Diarizer`.

    Parameters
    ----------
    options
        See `PyannoteOptions`.

    Raises
    ------
    SettingsError
        An option is wrong, the pipeline is not on this machine or incomplete, or there is no GPU where one is asked for.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = read_options(ENGINE, PyannoteOptions, options)
        self._folder = _complete(_folder(self._options.model))
        self._told: Callable[[float], None] | None = None
        if self._options.device == "cuda" and not _has_gpu():
            raise SettingsError("device 'cuda': no GPU can be used", hint='set device = "cpu", or install the GPU\'s driver')

    @property
    def name(self) -> str:
        """Engine and pipeline, without the folder that the pipeline lies in."""
        return f"{ENGINE} {Path(self._options.model).name}"

    @cached_property
    def revision(self) -> str:
        """Digest of the pipeline's files."""
        return digest_of(sorted(path for path in self._folder.rglob("*.*") if path.suffix != ".md"))

    @property
    def options(self) -> Echo:
        """Options that shape the result: not the device and batch sizes, which only shape the time."""
        options = self._options
        return {
            "min_speakers": options.min_speakers,
            "max_speakers": options.max_speakers,
            "same_voice": options.same_voice,
        }

    def watch(self, told: Callable[[float], None] | None) -> None:
        """Tell how far a call is; see `postcall.speech.engines.Watched`."""
        self._told = told

    def diarize(self, samples_16k: NDArray[np.float32], people: int = 2) -> tuple[SpeakerTimeline, SpeakerTimeline]:
        """Tell the speakers apart; see `postcall.speech.engines.Diarizer.diarize`."""
        if samples_16k.size < SHORTEST_MS * SAMPLES_PER_MS:
            return SpeakerTimeline({}, False, self.name), SpeakerTimeline({}, True, self.name)
        try:
            output = self._apply(samples_16k, people)
        except PostCallError:
            raise
        except (MemoryError, RuntimeError, ValueError, LookupError) as error:
            raise _failed(error) from error
        voices = _voices(output.speaker_diarization.labels(), output.speaker_embeddings, self._options)
        overlapping = _by_voice(output.speaker_diarization, voices)
        exclusive = _by_voice(output.exclusive_speaker_diarization, voices)
        names = {label: f"speaker_{number}" for number, label in enumerate(_in_order_of_first_words(overlapping, exclusive))}
        return (
            SpeakerTimeline({names[label]: union(spans) for label, spans in overlapping.items()}, False, self.name),
            SpeakerTimeline({names[label]: union(spans) for label, spans in exclusive.items()}, True, self.name),
        )

    @cached_property
    def voice_revision(self) -> str:
        """Digest of the voice model alone: another segmentation makes no other voices."""
        config = yaml.safe_load((self._folder / CONFIG).read_text(encoding="utf-8"))
        named = str(config["pipeline"]["params"]["embedding"])
        inside = self._folder / named.removeprefix("$model/") if named.startswith("$model/") else Path(named)
        return digest_of(sorted(path for path in inside.rglob("*.*") if path.suffix != ".md") if inside.is_dir() else [inside])

    def voice(self, samples_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """One speaker's voice by the pipeline's own voice model; as `postcall.speech.engines.VoiceTeller.voice`."""
        import torch

        try:
            model = self._pipeline()._embedding  # its only way in without the clustering
            with _without_warnings():
                vector: NDArray[np.float64] = model(torch.from_numpy(samples_16k)[None, None])[0].astype(np.float64)
        except PostCallError:
            raise
        except (MemoryError, RuntimeError, ValueError, LookupError, AttributeError) as error:
            raise _failed(error) from error
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length == 0:
            raise EngineError(f"{ENGINE} tells no voice of so little sound")
        return (vector / length).astype(np.float32)

    def _pipeline(self) -> Any:
        with _LOADING:
            return _load(str(self._folder), self._options.device)

    def _apply(self, samples_16k: NDArray[np.float32], people: int) -> Any:
        import torch

        options = self._options
        pipeline = self._pipeline()
        pipeline.segmentation_batch_size = options.segmentation_batch_size
        pipeline.embedding_batch_size = options.embedding_batch_size
        recording = {"waveform": torch.from_numpy(samples_16k)[None], "sample_rate": 1000 * SAMPLES_PER_MS}
        bounds = {"min_speakers": options.min_speakers, "max_speakers": max(options.max_speakers, people)}
        with _without_warnings():
            return pipeline(recording, **bounds, hook=None if self._told is None else _Hook(self._told))


class _Hook:
    """What the pipeline calls as it goes: its steps, of which two take nearly all of the time, as one share."""

    PARTS: ClassVar[dict[str, tuple[float, float]]] = {"segmentation": (0.0, 0.4), "embeddings": (0.4, 1.0)}

    def __init__(self, told: Callable[[float], None]) -> None:
        self._told = told

    def __call__(
        self, step: str, _artifact: object, file: object = None, total: int | None = None, completed: int | None = None
    ) -> None:
        if step in self.PARTS and total:
            first, last = self.PARTS[step]
            self._told(first + (last - first) * min((completed or 0) / total, 1.0))


def _voices(
    labels: Sequence[Hashable], embeddings: NDArray[np.floating[Any]] | None, options: PyannoteOptions
) -> dict[Hashable, str]:
    """Label -> name of its voice, which is that of another speaker where both sound the same.

    Parameters
    ----------
    labels
        Of the pipeline's speakers.
    embeddings
        Shape ``(speakers, dimension)``, in their order; None where a pipeline has none. Who spoke too little for one has zeros
        or what is not finite, and is like nobody.
    options
        How alike is the same, and how many speakers there are at least.
    """
    voices = {label: str(label) for label in labels}
    if embeddings is None or len(labels) < 2:
        return voices
    with np.errstate(divide="ignore", invalid="ignore"):
        directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
        likeness = np.nan_to_num(directions @ directions.T)
    pairs = itertools.combinations(range(len(labels)), 2)
    for one, other in sorted(pairs, key=lambda pair: -likeness[pair]):
        if likeness[one, other] < options.same_voice or len(set(voices.values())) <= options.min_speakers:
            break
        kept, gone = voices[labels[one]], voices[labels[other]]
        voices = {label: kept if voice == gone else voice for label, voice in voices.items()}
    return voices


def _by_voice(annotation: Any, voices: Mapping[Hashable, str]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for segment, _, label in annotation.itertracks(yield_label=True):
        start_ms, end_ms = max(round(segment.start * 1000), 0), round(segment.end * 1000)
        if end_ms > start_ms:
            found.setdefault(voices[label], []).append(Span(start_ms, end_ms))
    return found


def _in_order_of_first_words(*timelines: Mapping[str, list[Span]]) -> list[str]:
    first: dict[str, int] = {}
    for timeline in timelines:
        for label, spans in timeline.items():
            first[label] = min(first.get(label, spans[0].start_ms), *(span.start_ms for span in spans))
    return sorted(first, key=lambda label: (first[label], label))


def _failed(error: Exception) -> EngineError:
    said = str(error).lower()
    if isinstance(error, MemoryError) or "out of memory" in said or "alloc" in said:
        return _out_of_memory()
    return EngineError(f"{ENGINE} failed: {type(error).__name__}")


def _out_of_memory() -> EngineOutOfMemory:
    return EngineOutOfMemory(f"{ENGINE} ran out of memory", hint="lower segmentation_batch_size and embedding_batch_size")


# ── the pipeline ─────────────────────────────────────────────────────────────

_LOADING = Lock()
"""Two threads that ask at once must not load twice."""


@lru_cache(maxsize=1)
def _load(folder: str, device: str) -> Any:
    pyannote = import_pyannote()
    try:
        with _without_warnings(), _weights_alone():
            pipeline = pyannote.Pipeline.from_pretrained(folder)
    except Exception as error:
        if isinstance(error, UnpicklingError) and any(words in str(error) for words in _OTHER_CLASSES):
            raise EngineError(
                f"the pipeline '{Path(folder).name}' is not loaded: a checkpoint in it holds more than weights",
                hint="to load it would run what it brings along; take the pipeline from its maker, and check its digests",
            ) from error
        raise EngineError(
            f"the pipeline '{Path(folder).name}' cannot be loaded: {type(error).__name__}",
            hint="copy its folder again, whole; it must be made for pyannote.audio 4",
        ) from error
    if device != "cpu" and _has_gpu():
        import torch

        pipeline.to(torch.device("cuda"))
    return pipeline


def import_pyannote() -> Any:
    """pyannote.audio, importable beside any torch, sending nothing."""
    os.environ[_TELEMETRY] = "0"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from postcall.speech import torchaudio_import

    torchaudio_import.prepare()
    with _without_warnings():
        import pyannote.audio
        from pyannote.audio.telemetry.metrics import is_metrics_enabled

    if is_metrics_enabled():
        raise EngineError(f"{ENGINE} would send usage data", hint=f"set {_TELEMETRY}=0")
    return pyannote.audio


@contextmanager
def _weights_alone() -> Iterator[None]:
    """Checkpoints are read as data: pyannote.audio unpickles whatever they hold, which may be any code."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from torch.serialization import safe_globals
    from torch.torch_version import TorchVersion

    before = os.environ.get(_WEIGHTS_ONLY)
    os.environ[_WEIGHTS_ONLY] = "1"
    try:
        with safe_globals([Problem, Resolution, Specifications, TorchVersion]):
            yield
    finally:
        if before is None:
            del os.environ[_WEIGHTS_ONLY]
        else:
            os.environ[_WEIGHTS_ONLY] = before


class _without_warnings(warnings.catch_warnings):  # noqa: N801  # a context, used like a function
    """pyannote.audio's and lightning's advice to developers is nothing for an analyst."""

    def __enter__(self) -> None:
        super().__enter__()
        warnings.simplefilter("ignore")


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _folder(model: str) -> Path:
    """Folder of a pipeline, found without the network."""
    if model == DEMO_MODEL:
        return DEMO_FOLDER
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or model.startswith((".", "~")) or model.count("/") != 1:
        raise SettingsError(f"no folder '{model}' with a diarization pipeline", hint=_recipe(_USUAL))
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, local_files_only=True))
    except (OSError, ValueError) as error:
        raise SettingsError(f"diarization pipeline '{model}' is not on this machine", hint=_recipe(model)) from error


_USUAL = "pyannote/speaker-diarization-community-1"


def _recipe(repository: str) -> str:
    folder = repository.rpartition("/")[2]
    return (
        f"on a machine with internet accept its terms and `hf download {repository} --local-dir {folder}`, copy the folder "
        f'here and set model = "/path/to/{folder}"; model = "{DEMO_MODEL}" is shipped, but knows synthetic voices only; '
        f"{WITHOUT_SPEAKERS}"
    )


def _complete(folder: Path) -> Path:
    """The folder, when all that its configuration names is in it."""
    whole = f"copy the folder again, whole; {WITHOUT_SPEAKERS}"
    try:
        config = yaml.safe_load((folder / CONFIG).read_text(encoding="utf-8"))
        parameters = config["pipeline"]["params"]
    except FileNotFoundError:
        raise SettingsError(f"the pipeline folder '{folder}' has no {CONFIG}", hint=whole) from None
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise SettingsError(f"'{folder / CONFIG}' describes no pipeline", hint=whole) from error
    for name, value in _models(parameters):
        inside = folder / value.removeprefix("$model/")
        if not value.startswith("$model/") and not Path(value).exists():
            raise SettingsError(
                f"'{folder / CONFIG}' takes {name} '{value}' from a hub",
                hint=f"use a pipeline that carries its models, e.g. {_USUAL}",
            )
        if value.startswith("$model/") and not (inside.is_dir() and any(inside.iterdir())):
            raise SettingsError(f"the pipeline folder '{folder}' has no {inside.relative_to(folder)}", hint=whole)
    return folder


def _models(parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Models that a configuration names."""
    for name in ("segmentation", "embedding", "plda"):
        value = parameters.get(name)
        if isinstance(value, str):
            yield name, value
