"""One call before one manual -> a verdict for every rule. Pure.

Definition
----------
A rule that does not apply to the call is *not applicable*; one that needs what the call lacks is *not measurable*, with the
reason; otherwise it passes or fails, by its kind (`postcall.conduct.manual`).

Where the parties cannot be told apart, every rule about words is *not measurable*, also about words that nobody says: else such
calls could only fail what must be said and only pass what must not, and shares over calls would lean to that side.

A match counts when it lies in the window, when nothing of ``unless`` overlaps or touches it, and when it is not in doubt who
said most of its words.

Edge cases
----------
Windows of a conversation count from its first to its last speech, not from the recording's edges. A window with an anchor that
does not occur holds nothing: ``said`` fails, ``not_said`` passes; usually ``applies.has`` names the same anchor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from postcall.call import Call
from postcall.conduct.manual import Applies, Manual, Rule, Window, references
from postcall.conduct.protocols import PROTOCOLS
from postcall.conduct.results import Finding, Verdict, failed, not_applicable, not_measurable, passed
from postcall.conduct.scene import Said, Scene, book_of
from postcall.errors import MissingInput, PolicyError
from postcall.kpi import is_answered
from postcall.language.phrase_ways import PhraseMatch
from postcall.language.phrases import Phrase, PhraseBook
from postcall.nearest import did_you_mean
from postcall.spans import Span, clip
from postcall.telephony import Role

_TOUCHES = 1


@dataclass(frozen=True, slots=True)
class Judge:
    """A manual ready to judge calls.

    Attributes
    ----------
    manual
        The rules.
    book
        All their patterns, and those of the other manuals of the language that judge beside it.
    """

    manual: Manual
    book: PhraseBook

    @classmethod
    def of(cls, manual: Manual) -> Judge:
        """Make one manual ready; raises as `all_of` does."""
        return cls.all_of((manual,))[0]

    @classmethod
    def all_of(cls, manuals: Sequence[Manual]) -> tuple[Judge, ...]:
        """Make manuals ready: those of one language share one book, so that a call's words are gone through once.

        Raises
        ------
        PolicyError
            A rule names a protocol, a step or an option that there is not.
        """
        ids = Counter(manual.id for manual in manuals)
        if doubled := [name for name, number in ids.items() if number > 1]:
            raise PolicyError(f"two manuals have the id '{doubled[0]}'", hint="give one of them another id in [manual]")
        patterns: dict[str, dict[str, Phrase]] = {}
        for manual in manuals:
            for rule in manual.rules:
                _check_protocol(manual, rule)
            patterns.setdefault(manual.heading.language, {}).update(_used(manual))
        books = {language: book_of(language, used) for language, used in patterns.items()}
        return tuple(cls(manual, books[manual.heading.language]) for manual in manuals)

    def applies_to(self, call: Call) -> bool:
        """Whether the manual is of the call's language and for its queue."""
        return self.is_for(call.language, call.telephony.queue)

    def is_for(self, language: str | None, queue: str | None) -> bool:
        """As `applies_to`, of a call in a language, for a queue."""
        heading = self.manual.heading
        return language == heading.language and (not heading.queues or queue in heading.queues)

    def listen(self, call: Call) -> Said:
        """What the parties of a call say; manuals of one language share it."""
        return Said(call, self.manual.heading.language, self.book)

    def verdicts(self, call: Call, rows: Mapping[str, Sequence[Any]], said: Said | None = None) -> dict[str, Verdict]:
        """Rule id -> verdict, in order of the manual.

        Parameters
        ----------
        call
            To which the manual applies.
        rows
            What the analyzers made of it, by table.
        said
            Of `listen`; None listens anew.
        """
        scene = Scene(call, rows, self.manual, said or self.listen(call))
        return {rule.id: _verdict(rule, scene) for rule in self.manual.rules}


def _used(manual: Manual) -> dict[str, Phrase]:
    """Patterns that the manual's rules and their protocols look for."""
    named = [one for rule in manual.rules for one in references(rule)]
    groups = [name for rule in manual.rules if rule.protocol for name in PROTOCOLS[rule.protocol].groups]
    named += [f"@{name}" for name in groups if manual.has_group(name)]
    return {pattern: manual.patterns[pattern] for pattern in manual.all_of(named)}


def check_measures(manual: Manual, columns: Mapping[str, Collection[str]]) -> None:
    """Make sure that the tables have what the rules measure.

    Parameters
    ----------
    manual
        Whose rules.
    columns
        Table -> its columns.

    Raises
    ------
    PolicyError
        A rule names a table or column that there is not.
    """
    for rule in manual.rules:
        for name in filter(None, (rule.measure, rule.applies.measure, rule.evidence)):
            table, _, column = name.partition(".")
            if table not in columns:
                hint = did_you_mean(table, columns)
                raise PolicyError(f"manual '{manual.id}', rule '{rule.id}': no table '{table}'", hint=hint)
            for asked in (column, *(rule.where if name == rule.evidence else ())):
                if asked and asked not in columns[table]:
                    hint = did_you_mean(asked, columns[table])
                    raise PolicyError(f"manual '{manual.id}', rule '{rule.id}': '{table}' has no column '{asked}'", hint=hint)


def _check_protocol(manual: Manual, rule: Rule) -> None:
    if rule.protocol is None:
        return
    protocol = PROTOCOLS.get(rule.protocol)
    if protocol is None:
        hint = did_you_mean(rule.protocol, PROTOCOLS)
        raise PolicyError(f"manual '{manual.id}', rule '{rule.id}': no protocol '{rule.protocol}'", hint=hint)
    if rule.step not in protocol.steps:
        hint = did_you_mean(rule.step or "", protocol.steps)
        raise PolicyError(f"manual '{manual.id}', rule '{rule.id}': '{rule.protocol}' has no step '{rule.step}'", hint=hint)
    for option in rule.options:
        if option not in protocol.options:
            hint = did_you_mean(option, protocol.options)
            raise PolicyError(f"manual '{manual.id}', rule '{rule.id}': '{rule.protocol}' has no option '{option}'", hint=hint)


def _verdict(rule: Rule, scene: Scene) -> Verdict:
    try:
        reason = _why_not(rule.applies, scene)
        return not_applicable(reason) if reason else _JUDGED[rule.kind](rule, scene)
    except MissingInput as missing:
        return not_measurable(missing.message)


def _why_not(applies: Applies, scene: Scene) -> str | None:
    """Why a rule does not apply to a call; None when it does."""
    record = scene.call.telephony
    # A record that does not say who called whom is taken for an inbound call, as everywhere.
    if applies.direction and (record.direction.value if record.direction else "inbound") not in applies.direction:
        return f"direction is not {' or '.join(applies.direction)}"
    for name, value, wanted in (("queue", record.queue, applies.queue), ("grade", record.agent_grade, applies.grade)):
        if wanted and (value or None) not in wanted:
            return f"{name} is not {' or '.join(wanted)}"
    if applies.answered is not None and (is_answered(record) is not False) != applies.answered:
        return "the call was not answered" if applies.answered else "the call was answered"
    for column, values in applies.record.items():
        if _recorded(scene, column) not in values:
            return f"the record's {column} is not one of the rule's"
    for column, values in applies.record_not.items():
        if _recorded(scene, column) in values:
            return f"the record's {column} excludes it"
    if applies.min_talk_s is not None:
        conversation = scene.call.conversation()
        if conversation is None or conversation.duration_ms < applies.min_talk_s * 1000:
            return f"the conversation is shorter than {applies.min_talk_s:g} s"
    return _why_not_heard(applies, scene)


def _why_not_heard(applies: Applies, scene: Scene) -> str | None:
    if applies.measure is not None:
        value = scene.measure(applies.measure)
        if (applies.over is not None and value <= applies.over) or (applies.under is not None and value >= applies.under):
            return f"{applies.measure} is {value:g}"
    if applies.event is not None and not scene.happenings(applies.event):
        return f"there is no {applies.event}"
    if applies.unless_event is not None and scene.happenings(applies.unless_event):
        return f"there is a {applies.unless_event}"
    if applies.has and not any(scene.anchored(anchor) for anchor in applies.has):
        return f"nothing of {', '.join(applies.has)} is there"
    found = next((anchor for anchor in applies.has_not if scene.anchored(anchor)), None)
    return f"{found} is there" if found else None


def _recorded(scene: Scene, column: str) -> str | None:
    record = scene.call.telephony
    value = record.extra.get(column) if column in record.extra else getattr(record, column, None)
    return str(value) if value is not None else None


# ── phrases ──────────────────────────────────────────────────────────────────


def _found(rule: Rule, references: Sequence[str], scene: Scene) -> list[Finding]:
    """Where the rule's party says something that counts."""
    role = Role(rule.by)
    tokens = scene.tokens(role)
    matches = scene.matches(role, references)
    if not matches and rule.window.after is None and rule.window.before is None:
        return []
    excluded = scene.matches(role, rule.unless) if rule.unless else []
    window = _windowed(rule.window, role, scene)
    return [
        scene.finding(role, match)
        for match in matches
        if not any(_touches(match, other) for other in excluded)
        and any(span.start_ms <= tokens[match.first].start_ms < span.end_ms for span in window)
    ]


def _touches(match: PhraseMatch, other: PhraseMatch) -> bool:
    return match.first <= other.last + _TOUCHES and other.first <= match.last + _TOUCHES


def _windowed(window: Window, role: Role, scene: Scene) -> list[Span]:
    """Where a match may begin."""
    whole = scene.call.conversation()
    if whole is None:
        return []
    start_ms, end_ms = whole.start_ms, whole.end_ms + 1
    if window.first_s is not None:
        end_ms = min(end_ms, start_ms + round(window.first_s * 1000))
    if window.last_s is not None:
        start_ms = max(start_ms, whole.end_ms - round(window.last_s * 1000))
    turns = scene.turns[role]
    if window.first_turns is not None and len(turns) >= window.first_turns:
        end_ms = min(end_ms, turns[window.first_turns - 1].end_ms)
    if window.last_turns is not None and len(turns) >= window.last_turns:
        start_ms = max(start_ms, turns[-window.last_turns].start_ms)
    spans = [Span(start_ms, end_ms)] if end_ms > start_ms else []
    within_ms = round(window.within_s * 1000) if window.within_s is not None else None
    if window.after is not None:
        anchors = scene.anchored(window.after)
        reach = [Span(one.start_ms, one.end_ms + within_ms if within_ms is not None else whole.end_ms + 1) for one in anchors]
        spans = [piece for one in reach for piece in clip(tuple(spans), one)]
    if window.before is not None:
        anchors = scene.anchored(window.before)[:1]
        reach = [
            Span(max(0, one.start_ms - within_ms) if within_ms is not None else whole.start_ms, one.start_ms)
            for one in anchors
            if one.start_ms > whole.start_ms
        ]
        spans = [piece for one in reach for piece in clip(tuple(spans), one)]
    return spans


def _said(rule: Rule, scene: Scene) -> Verdict:
    scene.need_words()
    found = _found(rule, rule.say, scene)
    if found:
        return passed(found, is_by_words=True)
    return failed("it is not said", is_by_words=True)


def _not_said(rule: Rule, scene: Scene) -> Verdict:
    scene.need_words()
    found = _found(rule, rule.say, scene)
    return failed("it is said", found, is_by_words=True) if found else passed(is_by_words=True)


def _count(rule: Rule, scene: Scene) -> Verdict:
    scene.need_words()
    found = _found(rule, rule.say, scene)
    if rule.at_least is not None and len(found) < rule.at_least:
        return failed(f"said {len(found)} times, fewer than {rule.at_least:g}", found, is_by_words=True)
    if rule.at_most is not None and len(found) > rule.at_most:
        return failed(f"said {len(found)} times, more than {rule.at_most:g}", found, is_by_words=True)
    return passed(found, is_by_words=True)


def _order(rule: Rule, scene: Scene) -> Verdict:
    scene.need_words()
    parts = [_found(rule, part, scene) for part in rule.parts]
    missing = [number + 1 for number, found in enumerate(parts) if not found]
    first = tuple(sorted((found[0] for found in parts if found), key=lambda one: one.span))
    if missing:
        return failed(f"part {', '.join(map(str, missing))} of {len(parts)} is not said", first, is_by_words=True)
    if not rule.ordered:
        return passed(first, is_by_words=True)
    chain: list[Finding] = []
    for found in parts:
        after_ms = chain[-1].span.start_ms if chain else -1
        following = next((one for one in found if one.span.start_ms >= after_ms), None)
        if following is None:
            return failed("all parts are said, in another order", first, is_by_words=True)
        chain.append(following)
    return passed(chain, is_by_words=True)


# ── measures and protocols ───────────────────────────────────────────────────


def _measure(rule: Rule, scene: Scene) -> Verdict:
    assert rule.measure is not None
    value = scene.measure(rule.measure)
    shown = scene.events(rule.evidence, rule.where) if rule.evidence else []
    if rule.is_ is not None:
        return passed(shown) if value is rule.is_ else failed(f"{rule.measure} is {str(value).lower()}", shown)
    low, high = rule.between or (rule.at_least, rule.at_most)
    if low is not None and value < low:
        return failed(f"{rule.measure} is {value:g}, less than {low:g}", shown)
    if high is not None and value > high:
        return failed(f"{rule.measure} is {value:g}, more than {high:g}", shown)
    return passed(shown)


def _protocol(rule: Rule, scene: Scene) -> Verdict:
    assert rule.protocol is not None
    assert rule.step is not None
    return PROTOCOLS[rule.protocol].steps[rule.step](scene, rule.options)


_JUDGED = {"said": _said, "not_said": _not_said, "count": _count, "order": _order, "measure": _measure, "protocol": _protocol}
