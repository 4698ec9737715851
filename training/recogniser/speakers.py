"""Speakers that nobody has made yet: eSpeak's voices with formants, voice and melody drawn at random.

Conventions
-----------
eSpeak's own speakers ("variants") are a few lines each: how far each formant lies from the language's, how strong and wide it
is, pitch, breath, roughness, stress. Drawn ones lie beside its own in a folder of data that eSpeak is shown in place of the
installed one. A recogniser that knows some eighty speakers knows just those; a speaker that was never heard comes from the
space between and around them.

References
----------
eSpeak NG, ``docs/voices.md`` (attributes of a variant).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

_INSTALLED = Path("/usr/lib/x86_64-linux-gnu/espeak-ng-data"), Path("/usr/share/espeak-ng-data")
PREFIX, COUNT = "drawn", 80
"""eSpeak reads no more than 349 files of languages and speakers, its own among them."""


def draw(folder: Path, seed: str) -> None:
    """Fill an empty folder, for ``ESPEAK_DATA_PATH``, with `COUNT` speakers beside eSpeak's own.

    Raises
    ------
    RuntimeError
        eSpeak's data is not installed.
    """
    own = Path(os.environ["ESPEAK_DATA_PATH"], "espeak-ng-data") if "ESPEAK_DATA_PATH" in os.environ else None
    installed = next((path for path in (own, *_INSTALLED) if path and path.exists()), None)
    if installed is None:
        raise RuntimeError("the data of eSpeak is not there: install the Debian package espeak-ng-data")
    data = folder / "espeak-ng-data"
    variants = data / "voices" / "!v"
    variants.mkdir(parents=True)
    for source, target in ((installed, data), (installed / "voices" / "!v", variants)):
        for path in source.iterdir():
            if path.name != "voices":
                (target / path.name).symlink_to(path)
    for number in range(COUNT):
        text = "\n".join(_lines(number, Random(f"{seed}/{number}")))
        (variants / f"{PREFIX}{number}").write_text(f"{text}\n", encoding="utf-8")


def _lines(number: int, rng: Random) -> Iterator[str]:
    """What a variant's file says."""
    female = rng.random() < 0.5
    yield "language variant"
    yield f"name {PREFIX}{number}"
    low = rng.uniform(125, 210) if female else rng.uniform(65, 125)
    yield f"pitch {low:.0f} {low * rng.uniform(1.2, 1.95):.0f}"
    # One length of the vocal tract, and each formant a little beside it; the second one varies most among eSpeak's own.
    tract = rng.gauss(1.13, 0.07) if female else rng.gauss(1.0, 0.06)
    spread = rng.uniform(0.02, 0.13)
    for formant in range(9):
        place = rng.gauss(tract if formant else 1.0, spread * (1.0, 1.0, 1.2, 1.1, 0.8, 0.8, 0.6, 0.6, 0.6)[formant])
        strength = rng.uniform(70, 150) if formant < 4 else rng.choice((10, rng.uniform(50, 130), rng.uniform(80, 120)))
        yield f"formant {formant} {100 * min(max(place, 0.72), 1.55):.0f} {strength:.0f} {rng.uniform(75, 165):.0f}"
    if rng.random() < 0.6:
        yield f"voicing {rng.choice((rng.uniform(30, 60), rng.uniform(80, 230))):.0f}"
    if rng.random() < 0.6:
        yield f"consonants {rng.uniform(70, 125):.0f} {rng.uniform(30, 140):.0f}"
    if rng.random() < 0.4:
        breath = rng.uniform(1, 6)
        yield "breath " + " ".join(f"{rng.uniform(0, breath):.0f}" for _ in range(8))
    if rng.random() < 0.4:
        yield f"tone 500 {rng.uniform(140, 255):.0f} 1200 {rng.uniform(110, 255):.0f} 2500 {rng.uniform(60, 130):.0f}"
    if rng.random() < 0.35:
        yield f"echo {rng.uniform(20, 140):.0f} {rng.uniform(5, 60):.0f}"
    yield f"roughness {rng.choice((0, 0, 1, 2, 3, 4))}"
    yield f"flutter {rng.choice((0, 1, 2, 2, 5))}"
    if rng.random() < 0.5:
        yield f"intonation {rng.randint(1, 4)}"
    if rng.random() < 0.3:
        yield "stressAdd " + " ".join(f"{rng.uniform(-30, 160):.0f}" for _ in range(8))
    if rng.random() < 0.15:
        yield "stressLength 0 1 2 3 4 5 6 7"
    if rng.random() < 0.3:
        yield "stressAmp " + " ".join(f"{rng.uniform(12, 34):.0f}" for _ in range(8))
