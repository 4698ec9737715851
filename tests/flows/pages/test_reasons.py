"""Reasons in the languages of the pages: none that the program gives is missing."""

from __future__ import annotations

import ast
import itertools
import re
import string
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import analyzers
import postcall
import standards
from flows.pages.labels import LANGUAGES, Labels, all_labels
from flows.pages.reasons import Reasons, all_reasons, unmeasured
from flows.settings import Settings
from storage.tables import Tables

PROGRAM = [Path(package.__path__[0]) for package in (analyzers, postcall)]
REASON_PLACE = {"note": 1, "known": 2, "MissingInput": 1, "failed": 0, "not_applicable": 0, "not_measurable": 0}
"""Calls that are given a reason, and where among their arguments."""
SAMPLES = ("agent", "3", "call_hold.holds", "direction", "3, 4", "no thanks for waiting")
RETURNED = ("_why_not", "_why_not_heard", "_nothing")
"""Functions whose texts are reasons."""


def _texts(node: ast.expr) -> Iterator[str]:
    """What an expression may be, with samples in its places; nothing of an expression that holds no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.JoinedStr):
        places = sum(isinstance(part, ast.FormattedValue) for part in node.values)
        pieces = "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
        yield "\n".join(_filled(pieces, samples) for samples in itertools.product(SAMPLES, repeat=places))


def _filled(pieces: str, samples: tuple[str, ...]) -> str:
    given = iter(samples)
    return re.sub("\0", lambda _: next(given), pieces)


def _reasons(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            place = REASON_PLACE.get(name)
            if place is not None and len(node.args) > place:
                yield from _texts(node.args[place])
            elif name == "_nothing":
                yield from _texts(node.args[0])
        elif isinstance(node, ast.FunctionDef) and node.name in RETURNED:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield from _texts(inner.value)


def _all_reasons() -> list[str]:
    """Of the program; several on their lines are one reason with other samples, one of which must be known."""
    files = sorted(path for folder in PROGRAM for path in folder.rglob("*.py") if path.name != "errors.py")
    return sorted({reason for path in files for reason in _reasons(ast.parse(path.read_text(encoding="utf-8")))})


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_reason_of_the_program_is_said_in_every_language(language: str) -> None:
    say = Reasons(Labels(language)).say
    reasons = _all_reasons()
    assert len(reasons) > 90, "the reasons of the program are not found any more"
    unsaid = [given.splitlines()[0] for given in reasons if all(say(one) == one for one in given.splitlines())]
    assert unsaid == []


def test_every_reason_has_every_language_and_the_same_places() -> None:
    for template, texts in all_reasons()["reasons"].items():
        assert set(texts) | {"en"} == set(LANGUAGES), template
        for text in texts.values():
            assert _places(text) == _places(template), template
    for section in set(all_reasons()) - {"reasons"}:
        for name, texts in all_reasons()[section].items():
            assert set(texts) == set(LANGUAGES), f"{section}.{name}"


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_what_the_manuals_wait_for_and_measure_has_words() -> None:
    for path in Path(standards.__path__[0]).glob("*.toml"):
        manual = tomllib.loads(path.read_text(encoding="utf-8"))
        for rule in manual.get("rules", []):
            applies = rule.get("applies", {})
            for anchor in [*applies.get("has", []), *applies.get("has_not", [])]:
                name = anchor if anchor.startswith("event:") else anchor.rpartition(":")[2].removeprefix("@")
                assert name in all_reasons()["occasions"], f"{path.name}: {anchor}"
            for measure in (rule.get("measure"), applies.get("measure")):
                assert measure is None or measure in all_labels()["measures"], f"{path.name}: {measure}"


def test_every_reason_of_a_night_is_said_in_russian(night_settings: Settings) -> None:
    tables = Tables(night_settings.store)
    say = Reasons(Labels("ru")).say
    found = set()
    for name in tables.names():
        table = tables.read(name).to_pandas()
        if "not_measurable" in table:
            found |= {reason for text in table["not_measurable"].dropna() for reason in unmeasured(text)}
        if "reason" in table:
            found |= set(table["reason"][table["reason"].map(pd.notna)])
    assert len(found) > 20
    assert [reason for reason in sorted(found) if say(reason) == reason] == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("nothing of customer:@complaint, event:transfer is there", "этого не было: жалоба (клиент), перевод"),
        ("direction is not inbound", "другое направление звонка, не входящий"),
        ("the call record has no time of answer", "в записи о звонке нет времени: ответ"),
        (
            "the recording has one channel, no diarizer model is set (diarizer.options.model)",
            "в записи один канал, модель разделения по голосам не задана",
        ),
        ("nobody speaks, and the moon is full", "nobody speaks, and the moon is full"),
        ("agent:@own_list is there", "это было: own_list (оператор)"),
    ],
)
def test_places_of_a_reason_are_in_the_readers_language_too(reason: str, said: str) -> None:
    assert Reasons(Labels("ru")).say(reason) == said
