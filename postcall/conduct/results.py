"""What a rule says of a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from postcall.language.phrase_ways import SAID
from postcall.quick_init import quick_init
from postcall.spans import Span
from postcall.telephony import Role


class Outcome(StrEnum):
    """Result of a rule."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    NOT_MEASURABLE = "not_measurable"


@quick_init
@dataclass(frozen=True, slots=True)
class Finding:
    """A place in the call that a result rests on.

    Attributes
    ----------
    span
        When.
    role
        Who speaks there; None where nobody has to.
    first_word, last_word
        Places of the words in the call's transcript, both inclusive; None where no words play a part.
    score
        Of the phrase that was found; 1 elsewhere.
    """

    span: Span
    role: Role | None = None
    first_word: int | None = None
    last_word: int | None = None
    score: float = 1.0


@quick_init
@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a rule for one call.

    Attributes
    ----------
    outcome
        See `Outcome`.
    reason
        Why it is not applicable or not measurable, or what failed; no personal data.
    findings
        Evidence in order of time; that of a failure by something missing is empty, or shows where it was missed.
    is_by_words
        Whether words decided.
    """

    outcome: Outcome
    reason: str | None = None
    findings: tuple[Finding, ...] = ()
    is_by_words: bool = False

    @property
    def confidence(self) -> str | None:
        """``said`` or ``probably_said`` where words were found that decided."""
        scores = [finding.score for finding in self.findings if finding.first_word is not None]
        if not self.is_by_words or not scores:
            return None
        return "said" if max(scores) >= SAID else "probably_said"


def passed(findings: Sequence[Finding] = (), *, is_by_words: bool = False) -> Verdict:
    """The rule is kept."""
    return Verdict(Outcome.PASS, None, tuple(findings), is_by_words)


def failed(reason: str, findings: Sequence[Finding] = (), *, is_by_words: bool = False) -> Verdict:
    """The rule is broken."""
    return Verdict(Outcome.FAIL, reason, tuple(findings), is_by_words)


def not_applicable(reason: str) -> Verdict:
    """The rule does not apply to the call."""
    return Verdict(Outcome.NOT_APPLICABLE, reason)


def not_measurable(reason: str) -> Verdict:
    """Whether the rule is kept cannot be told."""
    return Verdict(Outcome.NOT_MEASURABLE, reason)
