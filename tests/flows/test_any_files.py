"""Whatever stands in a settings file, policy, manual, dialogue or transcript: it is read, or refused with an error of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.equipment import policy_sections
from flows.settings import Settings, load_settings
from postcall.analyzer import discover
from postcall.conduct.manual import read_phrases
from postcall.errors import PolicyError, PostCallError, SettingsError, TranscriptError
from postcall.policy import load_policy
from postcall.spans import Span
from postcall.speech.brought import SUFFIXES, read_transcript
from standards import FOLDER, load_manual, manual_ids

SECTIONS = policy_sections(discover())
KEYS = sorted({key for kind in SECTIONS.values() for key in kind.model_fields})

SETTINGS = sorted({*Settings.model_fields, "nonsense"})

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=True)
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.sampled_from(
        ["2026-03-02", "@greeting", "{date}", "{", "(", "[a-", "a*b", "agent", "said", "../x.toml", "Europe/Moscow", "a\0b"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


def toml(value: Any) -> str:
    """A value as TOML writes it; none is an empty string, which it has no word for."""
    if value is None:
        return '""'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {toml(of)}" for key, of in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def refused_or_read(read: Callable[[Path], object], path: Path, content: bytes, kind: type[PostCallError]) -> None:
    path.write_bytes(content)
    try:
        read(path)
    except kind as error:
        assert error.message


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


READERS: dict[str, tuple[Callable[[Path], object], type[PostCallError]]] = {
    "policy": (lambda path: load_policy(path, SECTIONS), PolicyError),
    "manual": (lambda path: load_manual(str(path)), PolicyError),
    "phrases": (read_phrases, PolicyError),
    "settings": (load_settings, SettingsError),
}


@pytest.mark.parametrize("what", READERS)
@given(content=st.binary(max_size=200))
def test_any_bytes(folder: Path, what: str, content: bytes) -> None:
    read, kind = READERS[what]
    refused_or_read(read, folder / "any.toml", content, kind)


@given(
    sections=st.dictionaries(
        st.sampled_from([*SECTIONS, "extends", "name", "unknown"]),
        st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=3) | VALUES,
        max_size=3,
    )
)
def test_any_values_in_a_policy(folder: Path, sections: dict[str, Any]) -> None:
    text = "\n".join(f"{name} = {toml(value)}" for name, value in sections.items())
    refused_or_read(READERS["policy"][0], folder / "policy.toml", text.encode(), PolicyError)


@given(
    values=st.dictionaries(
        st.sampled_from(SETTINGS),
        VALUES,
        max_size=3,
    )
)
def test_any_values_in_settings(folder: Path, values: dict[str, Any]) -> None:
    text = "\n".join(f"{name} = {toml(value)}" for name, value in values.items())
    refused_or_read(READERS["settings"][0], folder / "settings.toml", text.encode(), SettingsError)


@given(
    manual=st.sampled_from([*manual_ids(), "phrases"]),
    line=st.integers(0, 10_000),
    value=VALUES,
    harm=st.sampled_from(["value", "line lost", "key", "cut", "line twice"]),
)
def test_any_damage_to_a_manual(folder: Path, manual: str, line: int, value: Any, harm: str) -> None:
    source = FOLDER / f"{manual}.toml" if manual != "phrases" else sorted((FOLDER / "phrases").glob("*.toml"))[0]
    lines = source.read_text(encoding="utf-8").splitlines()
    at = line % len(lines)
    key, equals, _ = lines[at].partition(" = ")
    if harm == "value" and equals:
        lines[at] = f"{key} = {toml(value)}"
    elif harm == "key" and equals:
        lines[at] = lines[at].replace(key, f"{key}x", 1)
    elif harm == "cut":
        lines[at:] = [lines[at][: len(lines[at]) // 2]]
    elif harm == "line twice":
        lines.insert(at, lines[at])
    else:
        del lines[at]
    read = READERS["phrases" if manual == "phrases" else "manual"][0]
    refused_or_read(read, folder / "manual.toml", "\n".join(lines).encode(), PolicyError)


SPEECH = {"channel_0": (Span(0, 4_000),), "channel_1": (Span(4_000, 9_000),)}
CELLS = st.sampled_from(
    ["call", "1", "2", "A", "0.5", "-1", "1e400", "nan", "да", "<o,f0,male>", ";;", "SPEAKER", "", "\t", "1.00", "9" * 30]
)


@given(
    suffix=st.sampled_from(SUFFIXES),
    text=st.text(max_size=80)
    | st.lists(st.lists(CELLS, max_size=10).map(" ".join), max_size=5).map("\n".join)
    | VALUES.map(json.dumps),
    language=st.sampled_from([None, "ru", "zh", "xx"]),
)
def test_any_text_beside_a_recording(suffix: str, text: str, language: str | None) -> None:
    try:
        read = read_transcript(suffix, text, SPEECH, {}, language)
    except TranscriptError as error:
        assert error.message
    else:
        assert all(word.span.start_ms <= word.span.end_ms for word in read.words)
