"""How much of the personal data in calls is found, and how much of what is found is none: on generated calls of known truth.

Conventions
-----------
A generated call is a row of exchanges between an agent and a customer, drawn with a seed: some hold personal data, some hold
numbers that look like it and are none. Digits are said in several groupings, with fillers between, read back, answered with
"так" and "да" group by group, or written in figures; some documents are said with a digit that was lost, as recognisers lose
them.

Definitions
-----------
recall
    Items of which every word lies in findings, of all items; a finding of another kind hides them as well.
right kind
    Items of which a finding of their own kind holds the first word.
precision
    Findings that share a word with any item, of all findings, by the kind that was found.

Edge cases
----------
The generator knows only what its templates say; people say more. The figures tell how reliable the rules are on what they are
meant for, and not how people talk. Seeds 1 to 9 were used while the rules were written; the published table is of another.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import dataclass

from benchmarks.personal_data_calls import LANGUAGES, Scene, make_call
from postcall.language.personal.finder import find_personal_data
from postcall.language.personal.kinds import Kind, PersonalDataPolicy

PUBLISHED_SEED = 30_517
CALLS = 400


@dataclass(slots=True)
class Tally:
    """Counts of one kind in one language."""

    items: int = 0
    hidden: int = 0
    right_kind: int = 0
    found: int = 0
    right: int = 0


def measure(seed: int, calls: int, show_errors: int = 0) -> dict[tuple[str, Kind], Tally]:
    """Counts by language and kind."""
    tallies: dict[tuple[str, Kind], Tally] = defaultdict(Tally)
    policy = PersonalDataPolicy()
    for language in LANGUAGES:
        draw = random.Random(f"{seed} {language}")
        for _ in range(calls):
            scene = make_call(language, draw)
            errors = _score(scene, policy, tallies)
            for error in errors[:show_errors]:
                print(language, error)
    return tallies


def _score(scene: Scene, policy: PersonalDataPolicy, tallies: dict[tuple[str, Kind], Tally]) -> list[str]:
    findings = find_personal_data(scene.words, scene.language, policy)
    hidden: dict[int, Kind] = {}
    errors = []
    true_places = {place for item in scene.items for place in item.places}
    for finding in findings:
        own = [p for p in range(finding.first_word, finding.last_word + 1) if scene.words[p].speaker == finding.speaker]
        hidden.update(dict.fromkeys(own, finding.kind))
        tally = tallies[scene.language, finding.kind]
        is_right = not true_places.isdisjoint(own)
        tally.found += 1
        tally.right += is_right
        if not is_right:
            errors.append(f"false {finding.kind.value}: {_around(scene, own[0], own[-1])}")
    for item in scene.items:
        tally = tallies[scene.language, item.kind]
        is_hidden = all(place in hidden for place in item.places)
        tally.items += 1
        tally.hidden += is_hidden
        tally.right_kind += hidden.get(item.places[0]) is item.kind
        if not is_hidden:
            errors.append(f"missed {item.kind.value}: {_around(scene, item.places[0], item.places[-1])}")
        elif hidden[item.places[0]] is not item.kind:
            errors.append(
                f"as {hidden[item.places[0]].value}, is {item.kind.value}: {_around(scene, item.places[0], item.places[-1])}"
            )
    return errors


def _around(scene: Scene, first: int, last: int) -> str:
    before = " ".join(word.text for word in scene.words[max(0, first - 8) : first])
    inside = " ".join(word.text for word in scene.words[first : last + 1])
    return f"{before} >>> {inside} <<< " + " ".join(word.text for word in scene.words[last + 1 : last + 4])


def table(tallies: dict[tuple[str, Kind], Tally]) -> str:
    """The figures as Markdown."""
    lines = [
        "| language | kind | items | recall | right kind | findings | precision |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for language in (*LANGUAGES, "all"):
        rows = {kind: tally for (code, kind), tally in tallies.items() if code == language}
        lines += [_row(language, kind.value, rows[kind]) for kind in Kind if kind in rows]
        whole = Tally()
        for (code, _), tally in tallies.items():
            if language in (code, "all"):
                for name in ("items", "hidden", "right_kind", "found", "right"):
                    setattr(whole, name, getattr(whole, name) + getattr(tally, name))
        lines.append(_row(language, "**all**", whole))
    return "\n".join(lines)


def _row(language: str, kind: str, tally: Tally) -> str:
    def share(part: int, whole: int) -> str:
        return f"{part / whole:.3f}" if whole else "–"

    return (
        f"| {language} | {kind} | {tally.items} | {share(tally.hidden, tally.items)} | "
        f"{share(tally.right_kind, tally.items)} | "
        f"{tally.found} | {share(tally.right, tally.found)} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED)
    parser.add_argument("--calls", type=int, default=CALLS, help="calls of each language")
    parser.add_argument("--errors", type=int, default=0, help="most errors of a call to print")
    asked = parser.parse_args()
    print(table(measure(asked.seed, asked.calls, asked.errors)))


if __name__ == "__main__":
    main()
