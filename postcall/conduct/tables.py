"""What the rules say of calls, as tables."""

from __future__ import annotations

from typing import Annotated

from postcall.fields import CallId, EndMs, StartMs
from postcall.tables import Field, table

OUTCOMES = ("pass", "fail", "not_applicable", "not_measurable")

ManualId = Annotated[str, Field("Conduct manual, e.g. mts.")]
ManualVersion = Annotated[
    int | None,
    Field("Version of the manual that judged; empty in rows that are older than this column.", minimum=1, additive=False),
]
RuleId = Annotated[str, Field("Rule of the manual: its clause, with a suffix where a clause has several rules.")]
ClauseId = Annotated[str, Field("Clause of the manual that the rule judges.")]
Confidence = Annotated[
    str | None,
    Field(
        "How surely the deciding words were said; probably_said allows for a recogniser's errors. Empty where no words that "
        "were found decided.",
        enum=("said", "probably_said"),
    ),
]
EvidenceRole = Annotated[str | None, Field("Who speaks in the evidence.", enum=("agent", "customer"))]
FirstWord = Annotated[int | None, Field("Place of the evidence's first word in stage_word.", minimum=0)]
LastWord = Annotated[int | None, Field("Place of the evidence's last word in stage_word.", minimum=0)]


@table("rule_result", grain="call and rule", primary_key=("call_id", "rule_id"))
class RuleResult:
    """What each rule of a conduct manual says of a call, with its first piece of evidence."""

    call_id: CallId
    manual: ManualId
    manual_version: ManualVersion
    rule_id: RuleId
    clause_id: ClauseId
    outcome: Annotated[str, Field("Result of the rule.", enum=OUTCOMES)]
    reason: Annotated[
        str | None, Field("What failed, or why the rule does not apply or cannot be measured; never what was said.")
    ]
    confidence: Confidence
    is_critical: Annotated[bool, Field("Whether a failure fails the whole call.")]
    weight: Annotated[float, Field("Weight of the rule in the score.", minimum=0)]
    findings: Annotated[int, Field("Pieces of evidence; event_rule_evidence has each.", minimum=0)]
    start_ms: StartMs | None
    end_ms: EndMs | None
    evidence_role: EvidenceRole
    first_word: FirstWord
    last_word: LastWord


@table("event_rule_evidence", grain="piece of evidence of a rule", primary_key=("call_id", "rule_id", "finding_number"))
class EventRuleEvidence:
    """Where in the call a rule's result can be heard."""

    call_id: CallId
    manual: ManualId
    rule_id: RuleId
    finding_number: Annotated[int, Field("From 0, in order of time.", minimum=0)]
    start_ms: StartMs
    end_ms: EndMs
    evidence_role: EvidenceRole
    first_word: FirstWord
    last_word: LastWord
    likeness: Annotated[
        float,
        Field("How alike the words found are to those looked for; 1 where no words play a part.", minimum=0, maximum=1),
    ]


@table("call_scorecard", grain="call and manual", primary_key=("call_id", "manual"))
class CallScorecard:
    """How well a call keeps a manual."""

    call_id: CallId
    manual: ManualId
    manual_version: ManualVersion
    score_share: Annotated[
        float | None,
        Field(
            "raw_score_share, or 0 when a critical rule failed; empty when nothing could be judged.",
            unit="share",
            minimum=0,
            maximum=1,
        ),
    ]
    raw_score_share: Annotated[
        float | None,
        Field("Weight of passed rules / weight of passed and failed rules.", unit="share", minimum=0, maximum=1),
    ]
    passed_weight: Annotated[float, Field("Summed weight of passed rules.", minimum=0)]
    judged_weight: Annotated[float, Field("Summed weight of passed and failed rules.", minimum=0)]
    rules_passed: Annotated[int, Field("Rules that the call keeps.", minimum=0)]
    rules_failed: Annotated[int, Field("Rules that it breaks.", minimum=0)]
    rules_not_applicable: Annotated[int, Field("Rules that do not apply to it.", minimum=0)]
    rules_not_measurable: Annotated[int, Field("Rules that could not be judged.", minimum=0)]
    critical_fails: Annotated[int, Field("Critical rules that it breaks.", minimum=0)]
    rules_coverage_share: Annotated[
        float | None,
        Field("Rules passed or failed / rules that apply; empty when none applies.", unit="share", minimum=0, maximum=1),
    ]


CONDUCT_ROWS = (RuleResult, EventRuleEvidence, CallScorecard)
