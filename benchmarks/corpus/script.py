"""Scripts: what is said and what happens in a call, as data. ``README.md`` beside this file is the page for their authors.

    python -m benchmarks.corpus.script [FILE ...]     checks scripts, all without FILE

A `Script` that `load` returns has passed every check, for every combination of its choices.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.corpus import slots

FOLDER = Path(__file__).with_name("scripts")
DEMO = "demo_"
"""What names of the demo's scripts begin with."""
RESULTS = ("pass", "fail", "not_applicable")
FROM = ("start", "ring", "answer")
ANCHORED = ("backchannel", "interruption_lost", "interruption_won")
OVERLAPS = (*ANCHORED, "early_start", "simultaneous_start")
SOUNDS = {"hold": ("music", "tone", "silence"), "transfer": ("music", "ringback", "silence")}
SILENCE_MS = 3000
DEFAULT_MS = {"gap_ms": (200, 800), "after_ms": (300, 1500), "ring": (1, 3)}
_MTS_SILENCE_MS, _MTS_HOLD_MS = 10_000, 120_000

When: TypeAlias = Mapping[str, tuple[str, ...]]
Range: TypeAlias = tuple[int, int]

_OWN_KEYS = {  # kind of item -> further keys
    **{who: {"gap_ms", "as", "at", "level_db", "rate_pct"} for who in ("agent", "agent2", "customer", "ivr")},
    "keys": set(),
    "ring": set(),
    "hold": {"ms", "announced", "gap_ms"},
    "mute": set(),
    "pause": {"owner"},
    "transfer": {"ms", "announced", "gap_ms"},
    "hangup": {"after_ms", "busy"},
}
_TOP_KEYS = set("shows language direction queue choices rules outcome say record_from hour cast record follow_up".split())
_CAST_KEYS = {"gender": str, "rate_pct": int, "pitch_range": int, "level_db": (int, float)}
_LETTERS = {"ru": r"[^а-яёА-ЯЁ .,!?:;-]", "en": r"[^a-zA-Z' .,!?:;-]", "zh": r"[^\u4e00-\u9fff。，！？：；、]"}


class ScriptError(ValueError):
    """A script that cannot be played; the message lists all that is wrong with it."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something in a call.

    Attributes
    ----------
    kind
        A speaker (``agent``, ``agent2``, ``customer``, ``ivr``) or an event: ``keys``, ``ring``, ``hold``, ``mute``, ``pause``,
        ``transfer``, ``hangup``.
    texts
        Wordings of a speaker, or the one word that an event has: the sound of a hold, the party that hangs up, the keys.
    ms
        Range of its length in ms; of ``ring``, of the number of rings.
    gap_ms
        Range of the silence before it; after the last word, for ``hangup``.
    overlap, at
        ``as`` and ``at`` of the script.
    more
        The other keys.
    """

    kind: str
    texts: tuple[str, ...] = ()
    ms: Range = (0, 0)
    gap_ms: Range = DEFAULT_MS["gap_ms"]
    overlap: str = ""
    at: int = 0
    when: When = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    place: int = 0

    @property
    def is_speech(self) -> bool:
        """Whether somebody speaks."""
        return self.kind in ("agent", "agent2", "customer", "ivr")

    @property
    def side(self) -> str:
        """The party of a speaker: ``agent2`` is the agent's."""
        return "agent" if self.kind == "agent2" else self.kind


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A later call of the same two people."""

    script: str
    after_min: Range
    when: When


@dataclass(frozen=True, slots=True)
class Script:
    """A checked script; see ``README.md``."""

    name: str
    shows: str
    language: str
    direction: str
    queue: str
    items: tuple[Item, ...]
    choices: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, str]
    outcomes: tuple[tuple[When, Mapping[str, str]], ...]
    record_from: tuple[str, ...]
    hour: Range
    cast: Mapping[str, Mapping[str, Any]]
    record: Mapping[str, str]
    follow_up: FollowUp | None

    def played(self, chosen: Mapping[str, str]) -> list[Item]:
        """The items of a call with these choices."""
        return [item for item in self.items if fits(item.when, chosen)]

    def results(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Result of each clause that the script decides, for a call with these choices."""
        found = dict(self.rules)
        for when, rules in self.outcomes:
            if fits(when, chosen):
                found |= rules
        return dict(sorted(found.items()))

    def combinations(self) -> Iterator[dict[str, str]]:
        """All combinations of choices."""
        for values in itertools.product(*self.choices.values()):
            yield dict(zip(self.choices, values, strict=True))


def fits(when: When, chosen: Mapping[str, str]) -> bool:
    """Whether the choices are such as ``when`` asks for."""
    return all(chosen[choice] in values for choice, values in when.items())


@cache
def clause_ids() -> frozenset[str]:
    """Ids of all clauses of the conduct manuals."""
    return frozenset(Path(__file__).with_name("clause_ids.txt").read_text(encoding="utf-8").split())


def paths() -> list[Path]:
    """Scripts of the corpus: all but the demo's, so that a change of the demo does not change what a seed draws."""
    return sorted(path for path in FOLDER.glob("*/*.toml") if not path.name.startswith(DEMO))


def demo_paths() -> list[Path]:
    """Scripts of the bundled demo calls, one call each."""
    return sorted(FOLDER.glob(f"*/{DEMO}*.toml"))


def load(path: Path) -> Script:
    """Read and check a script.

    Raises
    ------
    ScriptError
        With all that is wrong, one line each.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{path.parent.name}/{path.name}: no TOML: {error}") from error
    reader = _Reader(raw, path.parent.name)
    script = reader.script(f"{path.parent.name}/{path.stem}")
    wrong = reader.wrong or list(_contradictions(script))
    if script.follow_up and not path.with_name(f"{script.follow_up.script}.toml").exists():
        wrong.append(f"follow_up: no script {script.follow_up.script} in {path.parent.name}/")
    if wrong:
        raise ScriptError("\n".join(f"{path.parent.name}/{path.name}: {line}" for line in dict.fromkeys(wrong)))
    return script


class _Reader:
    """Reads the parts of a script and collects what is wrong with them."""

    def __init__(self, raw: dict[str, Any], folder: str) -> None:
        self.raw, self.folder, self.wrong = raw, folder, []  # type: dict[str, Any], str, list[str]
        self.choices: dict[str, tuple[str, ...]] = {}

    def script(self, name: str) -> Script:
        raw = self.raw
        self._unknown("top level", set(raw), _TOP_KEYS)
        language = self._word("language", (self.folder,))
        self.choices = {key: tuple(values) for key, values in raw.get("choices", {}).items()}
        for choice, values in self.choices.items():
            if len(values) < 2 or not all(isinstance(value, str) for value in values):
                self.wrong.append(f"choice {choice}: give a list of at least two words")
        items = tuple(self._item(place, item, language) for place, item in enumerate(raw.get("say", []), start=1))
        outcomes = tuple(
            (self._when(f"outcome {place}", outcome), self._rules(f"outcome {place}", outcome.get("rules", {})))
            for place, outcome in enumerate(raw.get("outcome", []), start=1)
        )
        follow = raw.get("follow_up")
        script = Script(
            name=name,
            shows=self._text("shows"),
            language=language,
            direction=self._word("direction", ("inbound", "outbound")),
            queue=self._text("queue"),
            items=items,
            choices=self.choices,
            rules=self._rules("rules", raw.get("rules", {})),
            outcomes=outcomes,
            record_from=tuple(raw.get("record_from", FROM)),
            hour=self._range("hour", raw.get("hour", [9, 19]), 0, 23),
            cast={who: self._cast(who, keys) for who, keys in raw.get("cast", {}).items()},
            record={key: str(value) for key, value in raw.get("record", {}).items()},
            follow_up=follow
            and FollowUp(
                str(follow.get("script")),
                self._range("follow_up: after_min", follow.get("after_min"), 1, 3000),
                self._when("follow_up", follow),
            ),
        )
        if not script.record_from or set(script.record_from) - set(FROM):
            self.wrong.append(f"record_from: a list out of {', '.join(FROM)}")
        used = {choice for item in items for choice in item.when} | set(script.follow_up.when if script.follow_up else ())
        self.wrong += [f"choice {choice}: no item asks for it" for choice in self.choices if choice not in used]
        if not script.rules and not outcomes:
            self.wrong.append("no expected results: give [rules] or [[outcome]]")
        return script

    def _item(self, place: int, raw: dict[str, Any], language: str) -> Item:
        where = f"say {place}"
        kinds = [key for key in raw if key in _OWN_KEYS]
        if len(kinds) != 1:
            self.wrong.append(f"{where}: needs exactly one of {', '.join(_OWN_KEYS)}, has {', '.join(kinds) or 'none'}")
            return Item("pause", place=place)
        kind = kinds[0]
        where += f" ({kind})"
        self._unknown(where, set(raw), _OWN_KEYS[kind] | {kind, "when"})
        texts, ms = self._content(where, kind, raw, language)
        gap = "after_ms" if kind == "hangup" else "gap_ms"
        self._overlap(where, raw, texts)
        return Item(
            kind=kind,
            texts=texts,
            ms=ms,
            gap_ms=self._range(f"{where}: {gap}", raw.get(gap, DEFAULT_MS[gap]), 0, SILENCE_MS - 1),
            overlap=raw.get("as", ""),
            at=raw.get("at", 0),
            when=self._when(where, raw),
            more={key: raw[key] for key in ("announced", "owner", "busy", "level_db", "rate_pct") if key in raw},
            place=place,
        )

    def _content(self, where: str, kind: str, raw: Mapping[str, Any], language: str) -> tuple[tuple[str, ...], Range]:
        """Wordings, or the one word of an event; and its range."""
        if kind in ("agent", "agent2", "customer", "ivr"):
            return self._wordings(where, raw[kind], language), (0, 0)
        if kind in SOUNDS:
            return self._one_of(where, raw[kind], SOUNDS[kind]), self._range(f"{where}: ms", raw.get("ms"), 1000, 600_000)
        if kind == "hangup":
            return self._one_of(where, raw[kind], ("agent", "customer")), (0, 0)
        if kind == "keys":
            if not re.fullmatch(r"[0-9*#]+", str(raw[kind])):
                self.wrong.append(f"{where}: keys out of 0-9 * #")
            return (str(raw[kind]),), (0, 0)
        if kind == "ring":
            return (), self._range(where, raw[kind], 1, 12)
        if kind == "pause":
            self._one_of(f"{where}: owner", raw.get("owner"), ("agent", "customer"))
        return (), self._range(where, raw[kind], SILENCE_MS if kind == "pause" else 1000, 120_000)

    def _overlap(self, where: str, raw: Mapping[str, Any], texts: tuple[str, ...]) -> None:
        overlap = raw.get("as", "")
        if overlap and overlap not in OVERLAPS:
            self.wrong.append(f"{where}: as = one of {', '.join(OVERLAPS)}")
        if (overlap in ANCHORED) != ("at" in raw):
            need = "needs `at` = the mark in the other's text" if overlap in ANCHORED else "takes no `at`"
            self.wrong.append(f"{where}: {overlap or 'speech without overlap'} {need}")
        if overlap and "gap_ms" in raw:
            self.wrong.append(f"{where}: overlapping speech takes no gap_ms")
        for text in texts:
            marks = slots.MARK.findall(text)
            if len(set(marks)) < len(marks):
                self.wrong.append(f"{where}: a mark stands twice in one text")

    def _wordings(self, where: str, raw: Any, language: str) -> tuple[str, ...]:
        texts = (raw,) if isinstance(raw, str) else tuple(raw)
        for text in texts:
            self.wrong += [f"{where}: {problem}" for problem in slots.problems(text, language)]
            plain = slots.bare(text)
            if strange := sorted(set(re.findall(_LETTERS.get(language, r"$^"), plain))):
                self.wrong.append(f"{where}: write numbers as words, and only letters of {language}; not {' '.join(strange)}")
            if not re.search(r"\w", slots.MARK.sub("", text)):
                self.wrong.append(f"{where}: no word in the text")
            if re.search(r"(^|\s)[^\w\s{}\[]+(\s|$)", slots.MARK.sub("", text)):
                self.wrong.append(f"{where}: a dash or other sign stands alone; write a comma after the word")
        return texts

    def _when(self, where: str, raw: Mapping[str, Any]) -> When:
        asked = {key: (value,) if isinstance(value, str) else tuple(value) for key, value in raw.get("when", {}).items()}
        for choice, values in asked.items():
            for value in values:
                if value not in self.choices.get(choice, ()):
                    self.wrong.append(f"{where}: when {choice} = {value}: no such choice; add it to [choices]")
        return {choice: values for choice, values in asked.items() if choice in self.choices}

    def _rules(self, where: str, raw: Mapping[str, str]) -> dict[str, str]:
        for clause, result in raw.items():
            if clause not in clause_ids():
                self.wrong.append(f"{where}: unknown clause {clause}; clause_ids.txt lists them")
            if result not in RESULTS:
                self.wrong.append(f"{where}: {clause} = {result}: write one of {', '.join(RESULTS)}")
        return dict(raw)

    def _cast(self, who: str, keys: Mapping[str, Any]) -> Mapping[str, Any]:
        if who not in slots.SPEAKERS:
            self.wrong.append(f"cast: {who} is none of {', '.join(slots.SPEAKERS)}")
        self._unknown(f"cast.{who}", set(keys), set(_CAST_KEYS))
        for key in keys.keys() & _CAST_KEYS.keys():
            if not isinstance(keys[key], _CAST_KEYS[key]):  # type: ignore[arg-type]
                self.wrong.append(f"cast.{who}: {key} has a strange value")
        if keys.get("gender") not in (None, "male", "female"):
            self.wrong.append(f"cast.{who}: gender is male or female")
        return keys

    def _range(self, where: str, raw: Any, least: int, most: int) -> Range:
        if isinstance(raw, int):
            raw = [raw, raw]
        is_pair = isinstance(raw, (list, tuple)) and len(raw) == 2 and all(isinstance(end, int) for end in raw)
        if not is_pair or not least <= raw[0] <= raw[1] <= most:
            self.wrong.append(f"{where}: give [least, most], whole numbers from {least} to {most}")
            return (least, least)
        return (raw[0], raw[1])

    def _one_of(self, where: str, raw: Any, known: tuple[str, ...]) -> tuple[str, ...]:
        if raw not in known:
            self.wrong.append(f"{where}: write one of {', '.join(known)}")
        return (str(raw),)

    def _word(self, key: str, known: tuple[str, ...]) -> str:
        self._one_of(key, self.raw.get(key), known)
        return str(self.raw.get(key))

    def _text(self, key: str) -> str:
        if not isinstance(self.raw.get(key), str) or not self.raw[key].strip():
            self.wrong.append(f"{key}: missing")
        return str(self.raw.get(key, ""))

    def _unknown(self, where: str, found: set[str], known: set[str]) -> None:
        for key in sorted(found - known):
            self.wrong.append(f"{where}: unknown key {key}; known: {', '.join(sorted(known))}")


# ── what a script plays, for each combination of its choices ─────────────────


def _contradictions(script: Script) -> Iterator[str]:
    yield from _idle_marks(script)
    for chosen in script.combinations():
        items = script.played(chosen)
        said = f" (with {', '.join(f'{k} = {v}' for k, v in chosen.items())})" if chosen else ""
        for problem in itertools.chain(_order(items), _overlaps(items), _results(script, items, chosen)):
            yield problem + said


def _idle_marks(script: Script) -> Iterator[str]:
    """Marks that nothing happens at, whatever the choices."""
    used = {
        (floor.place, item.at)
        for chosen in script.combinations()
        for floor, _, item in _with_floor(script.played(chosen))
        if floor is not None and item.overlap in ANCHORED
    }
    for item in script.items:
        marks = {int(mark) for text in item.texts for mark in slots.MARK.findall(text)} if item.is_speech else set()
        if idle := sorted(mark for mark in marks if (item.place, mark) not in used):
            yield f"{_at(item)}: nothing happens at mark {idle[0]}; an item with at = {idle[0]} must follow"


def _with_floor(items: list[Item]) -> Iterator[tuple[Item | None, Item | None, Item]]:
    """Each speech with who holds the floor when it begins, and the item before it."""
    floor: Item | None = None
    for before, item in zip([None, *items], items, strict=False):
        if not item.is_speech:
            floor = None
            continue
        yield floor, before, item
        if item.overlap in ("", "interruption_won", "early_start"):
            floor = item


def _at(item: Item) -> str:
    return f"say {item.place} ({item.kind})"


def _order(items: list[Item]) -> Iterator[str]:
    kinds = [item.kind for item in items]
    if kinds.count("hangup") != 1 or kinds[-1] != "hangup":
        yield "the last item, and only that, is a hangup"
        return
    if not {"agent", "customer"} <= set(kinds):
        yield "agent and customer must both speak"
    if kinds.count("ring") > 1:
        yield "the call rings twice"
    talking = next((place for place, item in enumerate(items) if item.is_speech and item.kind != "ivr"), 0)
    for place, item in enumerate(items):
        if item.kind in ("ring", "ivr", "keys") and place > talking:
            yield f"{_at(item)}: only before the first speech of agent and customer"
        elif item.kind in ("hold", "mute", "pause", "transfer") and place < talking:
            yield f"{_at(item)}: only after the first speech of agent and customer"
        if item.kind in ("pause", "mute") and not (items[place + 1].is_speech and not items[place + 1].overlap):
            yield f"{_at(item)}: the next item must be speech that overlaps nothing"
    if "ring" in kinds and {"ivr", "keys"} & set(kinds[kinds.index("ring") :]):
        yield "the menu (ivr, keys) comes before the ring"
    yield from _transfer(kinds)


def _transfer(kinds: list[str]) -> Iterator[str]:
    if kinds.count("transfer") > 1:
        yield "one transfer a call"
    before, after = kinds, list[str]()
    if "transfer" in kinds:
        before, after = kinds[: kinds.index("transfer")], kinds[kinds.index("transfer") :]
        if "agent2" not in after:
            yield "after a transfer agent2 must speak"
    if "agent2" in before:
        yield "agent2 speaks before a transfer"
    if "agent" in after:
        yield "agent speaks after the transfer; agent2 does"


def _letters(text: str) -> int:
    """Length of a text in letters that take about the same time in all languages; a slot counts as little."""
    return sum(3 if letter >= "\u4e00" else letter.isalpha() for letter in slots.bare(text))


def _overlaps(items: list[Item]) -> Iterator[str]:
    for floor, before, item in _with_floor(items):
        if not item.overlap:
            continue
        if floor is None or floor.side == item.side or floor.kind == "ivr":
            yield f"{_at(item)}: {item.overlap} of nobody: it must follow speech of the other party"
        elif item.overlap in ANCHORED:
            yield from _anchor(floor, item)
        elif before is not floor:
            yield f"{_at(item)}: {item.overlap} must follow speech of the other party at once"


def _anchor(floor: Item, item: Item) -> Iterator[str]:
    own = max(map(_letters, item.texts))
    for text in floor.texts:
        head, mark, rest = text.partition(f"[{item.at}]")
        if not mark:
            yield f"{_at(item)}: no mark [{item.at}] in a wording of say {floor.place}"
        elif not head.strip():
            yield f"{_at(item)}: the mark in say {floor.place} needs a word before it"
        elif item.overlap == "backchannel" and _letters(rest) < 2 * own + 6:
            yield f"{_at(item)}: say more after [{item.at}] in say {floor.place}: a backchannel lies inside the other's speech"
        elif item.overlap != "backchannel" and _letters(rest) < 24:
            yield f"{_at(item)}: say at least five words after [{item.at}] in say {floor.place}: the other is still speaking"
    if item.overlap == "backchannel" and own > 16:
        yield f"{_at(item)}: too long for a backchannel"
    if item.overlap.startswith("interruption") and min(map(_letters, item.texts)) < 9:
        yield f"{_at(item)}: too short for an interruption: at least two or three words"


def _results(script: Script, items: list[Item], chosen: Mapping[str, str]) -> Iterator[str]:
    results = script.results(chosen)

    def against(clause: str, result: str, why: str) -> Iterator[str]:
        if results.get(clause) == result:
            yield f"rules: {clause} = {result}, but {why}"

    quiet = [item for item in items if item.kind in ("pause", "mute")]
    if any(item.ms[0] <= _MTS_SILENCE_MS < item.ms[1] for item in quiet):
        yield "a pause or mute whose range holds 10 s decides mts-01 neither way: choose the range above or below"
    elif any(item.ms[0] > _MTS_SILENCE_MS for item in quiet):
        yield from against("mts-01", "pass", "there is a silence over 10 s")
    else:
        yield from against("mts-01", "fail", "there is no silence over 10 s")
    holds = [item for item in items if item.kind == "hold"]
    if any(item.ms[1] > _MTS_HOLD_MS for item in holds) and script.record.get("agent_grade") != "senior":
        yield from against("mts-05", "pass", "a hold may last over two minutes")
    if not holds:
        for clause in ("golden-02", "mts-03", "mts-07"):
            yield from against(clause, "fail", "there is no hold")
            yield from against(clause, "pass", "there is no hold")
    for clause in ("golden-03", "cabletv-08"):
        is_agent = items[-1].texts == ("agent",)
        yield from against(clause, "pass" if is_agent else "fail", f"the {items[-1].texts[0]} hangs up")
    rings = next((item.ms for item in items if item.kind == "ring"), DEFAULT_MS["ring"])
    for clause, most in (("golden-13", 1), ("cabletv-19", 3)):
        if rings[1] > most:
            yield from against(clause, "pass", f"it may ring {rings[1]} times")
        if rings[0] <= most:
            yield from against(clause, "fail", f"it may ring only {rings[0]} times")


def main() -> None:
    """Check scripts."""
    parser = argparse.ArgumentParser(description="Check scripts of calls.")
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files or [*paths(), *demo_paths()]
    wrong = 0
    for path in files:
        try:
            load(path.resolve())
        except ScriptError as error:
            wrong += 1
            print(error, file=sys.stderr)
    print(f"{len(files)} scripts, {wrong} with problems")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
