"""``postcall standards``: the conduct manuals, checked, listed, and set beside the clauses that they are made of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from flows import override_commands
from postcall.errors import MissingInput

if TYPE_CHECKING:
    from postcall.analyzer import Registry
    from postcall.call import Call
    from postcall.conduct.dialogues import Dialogue
    from postcall.conduct.manual import Manual
    from postcall.policy import PolicySet

app = typer.Typer(name="standards", help="The conduct manuals: rules, golden dialogues, clauses.", no_args_is_help=True)
app.add_typer(override_commands.app)

KINDS = ("passing", "failing", "adversarial", "not_applicable")


@app.command("list")
def list_manuals() -> None:
    """List the manuals that come along."""
    from standards import dialogues_of, load_manual, manual_ids

    shown = Table(box=box.SIMPLE_HEAD)
    for column in ("manual", "language"):
        shown.add_column(column, no_wrap=True)
    for column in ("rules", "critical", "dialogues"):
        shown.add_column(column, justify="right")
    shown.add_column("title")
    for name in manual_ids():
        manual = load_manual(name)
        critical = sum(rule.critical for rule in manual.rules)
        counts = map(str, (len(manual.rules), critical, len(dialogues_of(manual))))
        shown.add_row(manual.id, manual.heading.language, *counts, escape(manual.heading.title))
    Console().print(shown)


@app.command()
def check(
    manuals: Annotated[list[str], typer.Argument(metavar="FILE…", help="Files of manuals, or ids of those that come along.")],
) -> None:
    """Check manuals and run their golden dialogues, which lie in dialogues/<id>/ beside the file.

    Ends with 2 when a manual cannot be read, with 1 when a dialogue comes out otherwise than it expects.
    """
    from flows.equipment import policy_sections
    from postcall.analyzer import discover
    from postcall.conduct.dialogues import surprises
    from postcall.conduct.evaluate import Judge, check_measures
    from postcall.policy import load_policy
    from standards import dialogues_of, load_manual

    console = Console()
    registry = discover()
    policies = load_policy(None, policy_sections(registry))
    has_surprise = False
    for name in manuals:
        manual = load_manual(name)
        check_measures(manual, {table: [column.name for column in spec.columns] for table, spec in registry.tables.items()})
        dialogues = dialogues_of(manual, Path(name).parent) if name.endswith(".toml") else dialogues_of(manual)
        found = surprises(Judge.of(manual), dialogues, lambda call: analysed(call, registry, policies))
        console.print(f"{manual.id}: {len(manual.rules)} rules, {len(dialogues)} dialogues, {len(found)} come out otherwise")
        for lacks, what in _lacking(manual, dialogues).items():
            console.print(f"  {lacks}  has no {what} dialogue", highlight=False)
        if found:
            shown = Table(box=box.SIMPLE_HEAD)
            for column in ("rule", "dialogue", "expected", "is", "why"):
                shown.add_column(column)
            for one in found:
                shown.add_row(one.rule, escape(one.dialogue), one.expected.value, one.was.value, escape(one.reason or ""))
            console.print(shown)
        has_surprise = has_surprise or bool(found)
    if has_surprise:
        raise typer.Exit(1)


@app.command()
def coverage(
    words: Annotated[
        str, typer.Option(help="Accuracy that was measured on the true words of the calls, or on those of the demo recogniser.")
    ] = "true",
) -> None:
    """Show what stands behind each clause of the catalogue: rules, what they need, their dialogues, how right they were.

    Accuracy was measured on synthetic calls that state what a clause must come out as: precision and recall of failures, the
    mean F1 of failures and passes, and how many calls state it. A dash: no call does.

    Ends with 1 when a clause has neither a rule nor a stated reason.
    """
    from flows.rule_accuracy import NEVER_ASKED, WORDS, published
    from postcall.errors import SettingsError
    from postcall.nearest import did_you_mean
    from standards import clauses, dialogues_of, load_manual, manual_ids

    if words not in WORDS:
        raise SettingsError(f"no accuracy of words '{words}'", hint=did_you_mean(words, WORDS))
    measured = {one.clause: one for one in published() if one.words == words}
    console = Console()
    shown = Table(box=box.SIMPLE_HEAD)
    for column in ("clause", "audible", "rule", "needs"):
        shown.add_column(column, no_wrap=True)
    shown.add_column("dialogues")
    for column in ("P", "R", "F1", "calls"):
        shown.add_column(column, justify="right", no_wrap=True)
    manuals = {name: load_manual(name) for name in manual_ids()}
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    for manual in manuals.values():
        for dialogue in dialogues_of(manual):
            for judged in dialogue.expect:
                kinds[judged][dialogue.kind] += 1
    without = []
    for clause in clauses().values():
        found = manuals.get(clause.manual)
        rules = [rule for rule in found.rules if rule.clause == clause.id] if found else []
        why = next((one.why for one in found.not_audible if one.clause == clause.id), None) if found else None
        if not rules:
            stated = f"[dim]{escape(why)}[/dim]" if why else "[red]neither a rule nor a reason[/red]"
            shown.add_row(clause.id, clause.audible, NEVER_ASKED, NEVER_ASKED, stated, *[NEVER_ASKED] * 4)
            without += [] if why else [clause.id]
        figures = measured[clause.id].cells if clause.id in measured else (NEVER_ASKED,) * 4
        for number, rule in enumerate(rules):
            told = ", ".join(f"{kinds[rule.id][kind]} {kind}" for kind in KINDS if kinds[rule.id][kind]) or NEVER_ASKED
            of_clause = (clause.id, clause.audible) if number == 0 else ("", "")
            shown.add_row(*of_clause, rule.id, _needs(rule.kind, rule.protocol), told, *(figures if number == 0 else [""] * 4))
    console.print(shown)
    total = len(clauses())
    console.print(f"{total - len(without)} of {total} clauses have a rule or a reason why none can be.", highlight=False)
    if measured:
        seed, calls = next(iter(measured.values())).seed, sum(one.calls for one in measured.values())
        console.print(
            f"P, R: of failures, on synthetic calls of seed {seed} with {words} words; {calls} stated results of "
            f"{len(measured)} clauses.",
            style="dim",
            highlight=False,
        )
    if without:
        console.print(f"[red]Without either: {', '.join(without)}[/red]")
        raise typer.Exit(1)


def analysed(call: Call, registry: Registry, policies: PolicySet) -> Mapping[str, Sequence[Any]]:
    """What the analyzers make of a call, by table; those that lack something are left out."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for analyzer in registry.analyzers:
        try:
            made = analyzer.rows(call, policies)
        except MissingInput:
            continue
        for row in made:
            rows[row.__table__.name].append(row)
    return rows


def _lacking(manual: Manual, dialogues: Sequence[Dialogue]) -> dict[str, str]:
    """Rule -> kinds of dialogues that it should have and has not."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for dialogue in dialogues:
        for judged in dialogue.expect:
            kinds[judged].add(dialogue.kind)
    lacking = {}
    for rule in manual.rules:
        wanted = [] if rule.protocol == "callback" else [kind for kind in ("passing", "failing") if kind not in kinds[rule.id]]
        if rule.kind in {"said", "not_said", "count", "order"} and "adversarial" not in kinds[rule.id]:
            wanted.append("adversarial")
        if wanted:
            lacking[rule.id] = " and no ".join(wanted)
    return lacking


def _needs(kind: str, protocol: str | None) -> str:
    if kind == "measure":
        return "sound or record"
    return "words and sound" if protocol in {"hold", "transfer", "complaint", "closing"} else "words"
