"""Words and colours of the pages: every language has every word, and every text can be read."""

from __future__ import annotations

import re
import string
from datetime import date
from pathlib import Path

import pytest

import flows.pages
from flows.pages import palette
from flows.pages.formats import Formats
from flows.pages.labels import LANGUAGES, Labels, all_labels
from flows.pages.settings import PageSettings
from postcall.errors import SettingsError

FOLDER = Path(flows.pages.__file__).parent


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_label_has_every_language_and_the_same_places() -> None:
    for section, labels in all_labels().items():
        for name, texts in labels.items():
            assert set(texts) == set(LANGUAGES), f"{section}.{name}"
            assert all(texts.values()), f"{section}.{name}"
            if section != "months":
                assert len({frozenset(_places(text)) for text in texts.values()}) == 1, f"{section}.{name}"


def test_every_label_that_a_template_or_the_script_asks_for_is_there() -> None:
    for path in FOLDER.glob("*.j2"):
        for name in re.findall(r"\bt\('([a-z_]+\.[a-z_]+)'", path.read_text(encoding="utf-8")):
            Labels("en").get(name, **dict.fromkeys(_places(_text(name)), "1"))
    for name in re.findall(r"\blabels\.([a-z_]+)", (FOLDER / "call.js").read_text(encoding="utf-8")):
        assert name in all_labels()["player"]


def _text(name: str) -> str:
    section, key = name.split(".")
    return all_labels()[section][key]["en"]


def test_languages_of_the_settings_are_those_of_the_labels() -> None:
    for language in LANGUAGES:
        assert PageSettings(language=language).language == Labels(language).language
    with pytest.raises(SettingsError, match="not written in 'de'"):
        Labels("de")


def test_dates_and_lengths_are_written_as_readers_write_them() -> None:
    day = date(2026, 3, 2)
    assert [Formats(Labels(language)).day(day) for language in LANGUAGES] == ["2 March 2026", "2 марта 2026", "2026年3月2日"]
    assert [Formats(Labels(language)).length(4_690) for language in LANGUAGES] == ["4.7 s", "4,7 с", "4.7 秒"]
    assert [Formats(Labels("en")).length(ms) for ms in (0, 59_949, 60_000, 3_725_000, None)] == [
        "0.0 s",
        "59.9 s",
        "1:00",
        "1:02:05",
        "–",
    ]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", [name for name in vars(palette) if name.endswith("_INK")] + ["INK", "MUTED"])
@pytest.mark.parametrize("behind", [palette.SURFACE, palette.PAGE, palette.SHADE])
def test_text_can_be_read(name: str, behind: str) -> None:
    assert _contrast(getattr(palette, name), behind) >= 4.5


def test_every_colour_of_the_style_sheets_is_a_variable_of_the_palette() -> None:
    known = set(re.findall(r"--[a-z-]+", palette.css_variables())) | {"--player-height"}
    for path in [*FOLDER.glob("*.css"), *FOLDER.glob("*.js")]:
        assert set(re.findall(r"--[a-z]+(?:-[a-z]+)*", path.read_text(encoding="utf-8"))) <= known, path.name
