"""Under what conditions a call is recorded: levels, noise, clipping, bleed, codecs, layout, tones; drawn by seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from benchmarks.corpus import music

PARTIES = ("agent", "customer")
NOISES = ("line", "office", "street", "car", "hum", "none")
LAYOUTS = ("separate", "swapped", "mono", "dual_mono")
_LANGUAGE_COUNTRIES = {
    "ru": ("ru", "ru", "ru_short", "ru_short", "de"),
    "en": ("us", "uk", "fr", "de"),
    "zh": ("cn", "cn", "jp"),
}
_CHAINS = (
    *((("alaw",), ("mulaw",)) * 4),
    *(("gsm", "alaw"), ("gsm", "mulaw"), ("amr", "alaw"), ("amr_low", "alaw"), ("opus", "mulaw"), ("opus_low", "alaw")),
    *(("g726", "alaw"), ("gsm", "opus", "alaw"), ("amr", "g726")),
)
_FORMATS = ("flac", "flac", "pcm", "alaw", "alaw", "mulaw", "opus", "opus_low", "mp3", "mp3_low")


@dataclass(frozen=True, slots=True)
class Path:
    """What happens to one party's sound on its way to the recorder.

    Attributes
    ----------
    level_dbfs
        RMS of its speech.
    noise, snr_db
        Kind of noise where it speaks, and the speech's level over it; ``none`` is digital silence, as gates and DTX leave it.
    overdrive_db
        So much too loud before clipping; 0: not clipped.
    codecs
        Codecs it goes through, in order.
    """

    level_dbfs: float
    noise: str
    snr_db: float
    overdrive_db: float
    codecs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bleed:
    """A party heard on the other's channel: an echo or crosstalk."""

    source: str
    delay_ms: int
    attenuation_db: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """All conditions of a call.

    Attributes
    ----------
    layout
        ``separate``: who called is on the first channel; ``swapped``: on the second; ``dual_mono``: both parties on both;
        ``mono``: both on the only one.
    form
        How the recording is written, a key of `telephone.FORMATS`.
    country
        Whose tones the line has.
    record_from
        ``start`` (menu), ``ring`` or ``answer``.
    has_record_tone
        Whether a beep tells that the call is recorded.
    """

    agent: Path
    customer: Path
    bleed: Bleed | None
    layout: str
    form: str
    country: str
    music: str
    record_from: str
    has_record_tone: bool

    def path(self, party: str) -> Path:
        """The way of a party."""
        return self.agent if party == "agent" else self.customer


def draw(rng: Random, language: str, record_from: tuple[str, ...]) -> Conditions:
    """Conditions as contact centres have them: most calls are good, every trouble occurs."""
    is_separate = rng.random() < 0.8
    layout = rng.choice(("separate", "separate", "separate", "swapped") if is_separate else ("mono", "dual_mono"))
    clipped = rng.choice(PARTIES) if rng.random() < 0.08 else ""
    paths = {party: _path(rng, party, party == clipped) for party in PARTIES}
    bleed = None
    if rng.random() < 0.2:
        bleed = Bleed(rng.choice(PARTIES), rng.randint(0, 250), float(rng.randint(12, 35)))
    known = {"start": 2, "ring": 3, "answer": 5}
    return Conditions(
        agent=paths["agent"],
        customer=paths["customer"],
        bleed=bleed,
        layout=layout,
        form=rng.choice(_FORMATS),
        country=rng.choice(_LANGUAGE_COUNTRIES[language]),
        music=rng.choice(music.NAMES),
        record_from=rng.choices(record_from, [known[name] for name in record_from])[0],
        has_record_tone=rng.random() < 0.06,
    )


def _path(rng: Random, party: str, is_clipped: bool) -> Path:
    noise = rng.choices(NOISES, (6, 3, 2 if party == "customer" else 0, 2 if party == "customer" else 0, 1, 1))[0]
    snr_db = rng.uniform(28, 42) if noise in ("line", "none", "hum") else rng.uniform(12, 30)
    level_dbfs = round(rng.uniform(-28, -20) if party == "agent" else rng.uniform(-33, -20), 1)
    return Path(
        level_dbfs=level_dbfs,
        noise=noise,
        snr_db=round(snr_db, 1),
        overdrive_db=round(rng.uniform(-9, -4) - level_dbfs, 1) if is_clipped else 0.0,
        codecs=rng.choice(_CHAINS[:8] if party == "agent" and rng.random() < 0.5 else _CHAINS),
    )
