"""Synthetic telephone speech as the recogniser hears it: strips of up to 30 s with the time of every word.

Conventions
-----------
A *strip* is what one window of the recogniser can hold: utterances of one or two speakers of one language with pauses, over
noise, through the codecs of a telephone line. It is kept as log10 mel power at 50 frames a second, before Whisper's scaling
(which depends on the loudest frame of a window, so cutting must come first). Times are in ms from the strip's start.

Voices are those of ``benchmarks/corpus/voices.toml`` that are not held out, eSpeak's other variants but the held-out ones
in any language, and speakers that are drawn (`speakers`); rate, pitch and playing speed are drawn. The same seed gives the same
texts and settings.

Edge cases
----------
One strip in thirty holds no speech: music, tones, noise or digital silence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray
from scipy import signal

from benchmarks.corpus import codecs, conditions, music, telephone, tones
from benchmarks.corpus.rendering import NOISES
from benchmarks.corpus.telephone import PER_MS, Sound, gain, rms
from benchmarks.corpus.voices import Speech, Voice, say, say_with_espeak_here
from training.recogniser import phrases, speakers
from training.recogniser.text import LANGUAGES, utterance

STRIP_MS = 29_600
"""Longest strip; the recogniser's window is 30 s."""

FEATURES = {"feature_size": 80, "sampling_rate": 16_000, "hop_length": 320, "chunk_length": 30, "n_fft": 512}
"""What the recogniser hears, as faster-whisper's feature extractor takes it.

Whisper's own hop is half as long. Frames of 20 ms make states of 40 ms, still three or four to a syllable, and a training half
as dear; windows of 32 ms let nothing fall between them.
"""

_SHARES = (0.48, 0.35, 0.17)  # of LANGUAGES: Russian is what most calls are in
_FORMS, _FORM_SHARE = ("mp3_low", "mp3", "opus", "opus_low"), 0.45
"""How recorders write what they keep, and the share of strips that were kept so."""
_NO_SPEECH_SHARE, _TWO_SPEAKERS_SHARE, _KNOWN_SHARE, _DRAWN_SHARE = 1 / 30, 0.4, 0.4, 0.35
_APART_DB, _AT_ONCE_SHARE, _AT_ONCE_MS = (-9.0, 3.0), 0.4, (20, 500)
"""Of two speakers on one channel: levels, and how often and how long one begins before the other has ended."""
_RATES_WPM = {"ru": (125, 205), "en": (125, 200), "zh": (180, 280)}
_ENGINE_SHARES = {"ru": {"festival": 0.12}, "en": {"flite": 0.3, "festival": 0.08}, "zh": {}}
_AT_ONCE = {"espeak": 3, "flite": 4, "festival": 12}
"""Texts a voice says in a row; festival takes a second to start."""
_ACCENTS = {
    "ru": ("ru",),
    "en": ("en", "en-US", "en-US", "en-GB-x-rp", "en-GB-scotland"),
    "zh": ("cmn",),
}
_VARIANTS = (
    "adam Alex Andy anika Annie announcer aunty belinda benjamin boris caleb david Denis Diogo ed edward edward2 "
    "f1 f3 f4 f5 Gene Gene2 grandma grandpa gustave Henrique Hugo iven iven2 iven3 iven4 Jacky john kaukovalta "
    "klatt klatt2 klatt4 Lee linda m1 m2 m3 m5 m6 m7 m8 marcelo Mario max Michael michel miguel Mike Nguyen "
    "norbert pablo pedro quincy RicishayMax rob robert sandro steph steph2 steph3 travis victor zac"
).split()
"""Speakers of eSpeak that sound like people. None of those that the corpus holds out is among them."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words of one utterance as ``(text, start_ms, end_ms)``."""

    words: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """A strip.

    Attributes
    ----------
    language
        Of what is said; of a strip without speech, drawn.
    mel
        log10 of mel power, shape ``(80, frames)``, 20 ms each.
    utterances
        In order of time; empty when nobody speaks.
    """

    language: str
    mel: NDArray[np.float16]
    utterances: tuple[Utterance, ...]


def make(seed: str, recorded: Path | None = None, *, drawn: bool = False) -> Strip:
    """Make a strip.

    Parameters
    ----------
    recorded
        Folder of phrases that slow voices have said (`phrases`).
    drawn
        Whether eSpeak is shown drawn speakers (`speakers`).
    """
    rng = Random(seed)
    noise_rng = np.random.default_rng(rng.getrandbits(32))
    language = rng.choices(LANGUAGES, _SHARES)[0]
    if rng.random() < _NO_SPEECH_SHARE:
        return Strip(language, _mel(_through_line(_no_speech(rng, noise_rng), rng)), ())
    sound, utterances = _spoken(language, rng, recorded, drawn=drawn)
    path = conditions.draw(rng, language, ("answer",)).customer
    coloured = np.zeros_like(sound)
    if path.noise != "none":
        coloured = telephone.band_limit(NOISES[path.noise](sound.size, noise_rng))
        coloured *= gain(path.level_dbfs - path.snr_db) / rms(coloured)
    sound = (sound * gain(path.level_dbfs) + coloured) * gain(path.overdrive_db)
    form = (rng.choice(_FORMS),) if rng.random() < _FORM_SHARE else ()
    return Strip(language, _mel(_coded(sound, (*path.codecs, *form))), tuple(utterances))


def _spoken(language: str, rng: Random, recorded: Path | None, *, drawn: bool) -> tuple[Sound, list[Utterance]]:
    """Utterances with pauses, RMS 1 where somebody speaks."""
    people = [(_voice(language, rng, drawn=drawn), 0.0)]
    if rng.random() < _TWO_SPEAKERS_SHARE:
        people.append((_voice(language, rng, drawn=drawn), rng.uniform(*_APART_DB)))
    length_ms = STRIP_MS if rng.random() < 0.75 else rng.randint(2_000, STRIP_MS)
    sound, utterances, at_ms = np.zeros(STRIP_MS * PER_MS), list[Utterance](), rng.randint(0, 700)
    last = rng.randrange(len(people))
    while True:
        now = rng.randrange(len(people))
        (voice, level_db), takes_turn = people[now], now != last
        said_in_a_row = _said(voice, language, rng, recorded)
        for text, speech in said_in_a_row[: rng.randint(1, 3) if len(people) > 1 else None]:
            said = telephone.band_limit(telephone.to_line_rate(speech.sound, speech.rate_hz, voice.scale))
            to_ms = 1000 / (speech.rate_hz * voice.scale)
            if utterances and takes_turn and rng.random() < _AT_ONCE_SHARE:
                at_ms = _before_the_end(utterances[-1], said.size // PER_MS, rng)
            takes_turn = False
            if at_ms + said.size // PER_MS + 1 > length_ms:
                if utterances:
                    return sound[: length_ms * PER_MS], utterances
                break
            loud = np.abs(said) > 1e-3
            said *= gain(level_db + rng.uniform(-5, 3)) / max(rms(said[loud]) if np.any(loud) else 1.0, 1e-3)
            start = at_ms * PER_MS
            sound[start : start + said.size] += said
            words = [(w.strip(" .,?!。，？"), at_ms + round(a * to_ms), at_ms + round(b * to_ms)) for w, a, b in speech.words]
            assert "".join(w for w, _, _ in words) == "".join(text.strip(".,?!。，？").split()), "words are the text's"
            utterances.append(Utterance(tuple(words)))
            at_ms = start // PER_MS + said.size // PER_MS + rng.choice((rng.randint(20, 400), rng.randint(20, 1500)))
        last = now


def _before_the_end(utterance: Utterance, length_ms: int, rng: Random) -> int:
    """When one who takes the turn begins before an utterance has ended; what begins later ends later, too."""
    (_, begins_ms, _), (_, _, ends_ms) = utterance.words[0], utterance.words[-1]
    low, high = _AT_ONCE_MS
    return ends_ms - min(rng.randint(low, high), (ends_ms - begins_ms) // 2, length_ms // 2)


def _said(voice: Voice, language: str, rng: Random, recorded: Path | None) -> list[tuple[str, Speech]]:
    """Texts that a voice says in a row, or a few of those that it has said."""
    known = phrases.of_voice(recorded, voice.name) if recorded else ()
    if known:
        return rng.sample(known, 4)
    texts = [_text(language, rng) for _ in range(_AT_ONCE[voice.engine])]
    if voice.engine == "espeak":
        return [(text, say_with_espeak_here(voice, text)) for text in texts]
    return list(zip(texts, say(voice, texts), strict=True))


def record_slow(folder: Path, count: int, seed: str) -> None:
    """Let the voices of festival say ``count`` phrases each; those that are there stay."""
    for language, name in {(voice["language"], voice["name"]) for voice in _listed() if voice["engine"] == "festival"}:
        phrases.record(folder, Voice("festival", name), partial(_text, language), count, f"{seed}/{name}")


def _text(language: str, rng: Random) -> str:
    return _punctuated(utterance(language, rng), language, rng)


def _punctuated(text: str, language: str, rng: Random) -> str:
    """With an end that shapes the melody; the recogniser does not learn it."""
    end = rng.choices((".", "?", ",", "", "!"), (4, 2, 2, 1, 0.5))[0]
    return text + (end.translate(str.maketrans(".?,", "。？，")) if language == "zh" and end != "!" else end)


def _voice(language: str, rng: Random, *, drawn: bool = False) -> Voice:
    """One of the corpus's own, a little varied, or any of eSpeak's, or a drawn one."""
    known = [voice for voice in _listed() if voice["language"] == language]
    at = rng.random()
    for engine, share in _ENGINE_SHARES[language].items():
        at -= share
        if at < 0:
            voice = rng.choice([voice for voice in known if voice["engine"] == engine])
            return Voice(engine, voice["name"], scale=rng.choice((voice.get("scale", 1.0), _scale(rng))))
    if rng.random() < _KNOWN_SHARE:
        voice = rng.choice([voice for voice in known if voice["engine"] == "espeak"])
        return Voice(
            "espeak",
            voice["name"],
            rate_wpm=round(voice["rate_wpm"] * rng.uniform(0.88, 1.12)),
            pitch=voice["pitch"] + rng.randint(-6, 6),
            pitch_range=rng.choice((50, rng.randint(20, 80))),
        )
    low, high = _RATES_WPM[language]
    is_drawn = drawn and rng.random() < _DRAWN_SHARE / (1 - _KNOWN_SHARE)
    variant = f"{speakers.PREFIX}{rng.randrange(speakers.COUNT)}" if is_drawn else rng.choice(_VARIANTS)
    return Voice(
        "espeak",
        f"{rng.choice(_ACCENTS[language])}+{variant}",
        scale=rng.choice((1.0, _scale(rng))),
        rate_wpm=rng.randint(low, high),
        pitch=rng.randint(25, 75),
        pitch_range=rng.randint(20, 80),
    )


def _scale(rng: Random) -> float:
    return round(rng.uniform(0.86, 1.18), 2)


@lru_cache(maxsize=1)
def _listed() -> tuple[dict[str, Any], ...]:
    """Voices of the corpus that training may use."""
    path = Path(conditions.__file__).with_name("voices.toml")
    voices = tomllib.loads(path.read_text(encoding="utf-8"))["voices"]
    held_out = {voice["name"].partition("+")[2] for voice in voices if voice.get("held_out") and voice["engine"] == "espeak"}
    assert not held_out & set(_VARIANTS), "a held-out voice would be trained on"
    return tuple(voice for voice in voices if not voice.get("held_out"))


def _no_speech(rng: Random, noise_rng: np.random.Generator) -> Sound:
    """Music, tones, noise or nothing, on one side of a line."""
    length_ms = rng.randint(3_000, STRIP_MS)
    samples, kind = length_ms * PER_MS, rng.choice(("music", "music", "tone", "noise", "noise", "silence"))
    if kind == "music":
        return music.music(rng.choice(music.NAMES), length_ms, rng.uniform(-35, -15), noise_rng)
    if kind == "silence":
        return np.zeros(samples)
    if kind == "noise":
        noise = telephone.band_limit(NOISES[rng.choice([name for name in NOISES if name != "none"])](samples, noise_rng))
        return noise * (gain(rng.uniform(-60, -25)) / rms(noise))
    on_ms, off_ms = rng.choice(((1000, 4000), (400, 200), (1000, 3000), (350, 350), (2000, 4000)))
    hz = rng.choice(((425.0,), (440.0, 480.0), (400.0, 450.0), (450.0,), (480.0, 620.0)))
    beep = np.pad(tones.tone(hz, on_ms, rng.uniform(-30, -12)), (0, off_ms * PER_MS))
    return np.tile(beep, samples // beep.size + 1)[:samples] + telephone.line_noise(samples, -65, noise_rng)


def _through_line(sound: Sound, rng: Random) -> NDArray[np.int16]:
    return _coded(sound, conditions.draw(rng, "ru", ("answer",)).customer.codecs)


def _coded(sound: Sound, chain: Sequence[str]) -> NDArray[np.int16]:
    pcm = np.round(np.clip(sound, -0.98, 0.98) * 32768).astype(np.int16)
    for name in chain:
        pcm = codecs.through(name, pcm)
    return pcm


@lru_cache(maxsize=1)
def _extractor() -> FeatureExtractor:
    return FeatureExtractor(**FEATURES)


def _mel(pcm: NDArray[np.int16]) -> NDArray[np.float16]:
    """log10 of mel power by faster-whisper's own filters and window."""
    extractor = _extractor()
    sound = signal.resample_poly(pcm / 32768.0, 2, 1).astype(np.float32)
    window = np.hanning(extractor.n_fft + 1)[:-1].astype(np.float32)
    spectrum = extractor.stft(
        np.pad(sound, (0, 160)), extractor.n_fft, extractor.hop_length, window=window, return_complex=True
    )
    power = np.abs(spectrum[..., : sound.size // extractor.hop_length]) ** 2
    log: NDArray[np.float16] = np.log10(np.maximum(extractor.mel_filters @ power, 1e-10)).astype(np.float16)
    return log
