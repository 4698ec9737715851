"""Who is who: what is told of the channels, joined with what is heard. Pure.

Definition
----------
source
    What decided: ``call_record``, ``settings`` (`postcall.roles.layout`), ``opening_phrase`` or ``talk_pattern``
    (`postcall.roles.evidence`); ``voice`` where these would give other roles or none without the agent's voice of earlier days.
confidence
    Probability that agent and customer are who they are taken for. A map is right with `roles.map_right_share` before anybody
    listens; what is heard raises or lowers that by Bayes' rule. Without a map it is the evidence's alone.
contradicted
    A map, when what is heard says the opposite with at least `roles.contradiction_confidence`, and says it in words or by the
    agent's voice. Roles then follow what is heard if that has at least `roles.override_confidence`; otherwise there are none.
not sure enough
    Below `roles.minimum_confidence` there are no roles, and measures of a party are not measurable.
third voices
    Of more than two speakers the one who is most likely the customer is the customer. Of the others, those who lean to an agent
    by their words are agents; if none does, the one who leans most; the rest is unknown.

Edge cases
----------
A diarizer bound to two speakers puts the second agent of a transferred call to one of them: nobody is judged there, however
sure the words are. One speaker alone on one channel has no role: nothing tells an agent's monologue from a customer's. A map of
a call without words keeps its confidence, since talk pattern alone never contradicts it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from postcall.policy import Policy, Setting
from postcall.roles.evidence import Evidence, Heard, weigh
from postcall.roles.layout import Layout
from postcall.spans import total_ms
from postcall.telephony import Role

RoleSource: TypeAlias = Literal["call_record", "settings", "opening_phrase", "talk_pattern", "voice"]

NOT_SURE = "it is not sure enough who is the agent (roles.minimum_confidence)"
CONTRADICTED = "what is said contradicts who is on which channel by the {source}"
_SOURCES = {"call_record": "call record", "settings": "settings"}
CONTRADICTED_BY_VOICE = "the agent's voice contradicts who is on which channel by the {source}"
ONE_VOICE = "only one speaker was found"
TOO_FEW = "the call was transferred, and fewer speakers were found than it has: one of them is two people"
TOO_LITTLE = "next to nothing is heard of one of the speakers: two people may have been taken for one (roles.smallest_voice_s)"
UNHEARD = "much of what is said lies where nobody is heard: its speakers are not known (roles.most_unheard_share)"

_AGENT_BY_WORDS = 1.5
"""A further speaker who leans so far to an agent is one."""


class RolePolicy(Policy):
    """From when on it counts as known who is the agent."""

    minimum_confidence: float = Setting(
        0.9,
        ge=0.5,
        lt=1,
        description="Below this probability that the roles are right, measures of a party are not measurable. Larger judges "
        "fewer calls, and fewer of them wrongly.",
    )
    map_right_share: float = Setting(
        0.98,
        ge=0.5,
        lt=1,
        description="Share of channel maps, of records or settings, that are right. Larger believes them longer.",
    )
    contradiction_confidence: float = Setting(
        0.9,
        ge=0.5,
        lt=1,
        description="A channel map is contradicted when what is said speaks against it with at least this probability.",
    )
    override_confidence: float = Setting(
        0.97,
        ge=0.5,
        le=1,
        description="Against a contradicted map, roles follow what is said from this probability on; 1 never does.",
    )
    smallest_voice_s: float = Setting(
        1.5,
        ge=0,
        le=60,
        description="On one channel, somebody of whom less is heard is no party: a diarizer that takes two people for one "
        "leaves such a rest of the other. Larger judges fewer calls whose customer says next to nothing.",
    )
    most_unheard_share: float = Setting(
        0.25,
        ge=0,
        le=1,
        description="On one channel, a transcript with a larger share of its words where no speech is heard tells no roles: a "
        "party that noise covers leaves its words to the other. Larger judges more calls.",
    )


@dataclass(frozen=True, slots=True)
class RoleAssignment:
    """Roles of the speaker labels of a call.

    Attributes
    ----------
    roles
        Speaker label -> role; empty when the parties cannot be told apart surely enough.
    source
        What decided; None where nothing did.
    reason
        Why there are no roles; None with them.
    confidence
        Probability that they are right, also where it is too low; None where nothing can be said.
    is_map_contradicted
        Whether what is said contradicts the map of the record or settings; None without one.
    likely
        The most probable roles, however unsure: for measuring, not for judging anybody.
    is_in_doubt
        Whether a voice could still help: words do not tell, or not surely enough.
    """

    roles: Mapping[str, Role] = field(default_factory=dict)
    source: RoleSource | None = None
    reason: str | None = None
    confidence: float | None = None
    is_map_contradicted: bool | None = None
    likely: Mapping[str, Role] = field(default_factory=dict)
    is_in_doubt: bool = False


def assign_roles(layout: Layout, heard: Heard | None, policy: RolePolicy) -> RoleAssignment:
    """Who is who.

    Parameters
    ----------
    layout
        What is told of the channels.
    heard
        What is known of the speakers; None where nobody told them apart.
    policy
        The thresholds.
    """
    if heard is None or not any(heard.speech.values()):
        return _unheard(layout, policy)
    if len(heard.speech) < 2:
        return RoleAssignment(reason=ONE_VOICE)
    evidence = weigh(heard)
    given = _by_what_is_heard(layout, heard, evidence, policy)
    given = replace(given, is_in_doubt=given.confidence is not None and not (given.roles and evidence.has_openings))
    if not evidence.has_voices or not given.roles:
        return given
    without = assign_roles(layout, replace(heard, likeness={}), policy)
    return given if without.roles == given.roles else replace(given, source="voice")


def _by_what_is_heard(layout: Layout, heard: Heard, evidence: Evidence, policy: RolePolicy) -> RoleAssignment:
    if layout.roles:
        return _by_map(layout, evidence, policy)
    roles, confidence = _by_evidence(evidence)
    source: RoleSource = "opening_phrase" if evidence.has_openings else "talk_pattern"
    if len(heard.speech) < heard.fewest_voices:
        return RoleAssignment({}, source, TOO_FEW, None, None, roles)
    if heard.is_one_channel and _voices(heard, policy) < heard.fewest_voices:
        return RoleAssignment({}, source, TOO_LITTLE, None, None, roles)
    if heard.is_one_channel and heard.unheard_share > policy.most_unheard_share:
        return RoleAssignment({}, source, UNHEARD, None, None, roles)
    if confidence < policy.minimum_confidence:
        return RoleAssignment({}, source, NOT_SURE, confidence, None, roles)
    return RoleAssignment(roles, source, None, confidence, None, roles)


def _voices(heard: Heard, policy: RolePolicy) -> int:
    """How many speakers are heard long enough to be people."""
    return sum(total_ms(spans) >= policy.smallest_voice_s * 1000 for spans in heard.speech.values())


def _unheard(layout: Layout, policy: RolePolicy) -> RoleAssignment:
    """Roles by the map alone."""
    if not layout.roles:
        return RoleAssignment(reason=layout.reason)
    source = _source_of(layout)
    confidence = policy.map_right_share
    if confidence < policy.minimum_confidence:
        return RoleAssignment({}, source, NOT_SURE, confidence, False, layout.roles)
    return RoleAssignment(layout.roles, source, None, confidence, False, layout.roles)


def _by_map(layout: Layout, evidence: Evidence, policy: RolePolicy) -> RoleAssignment:
    source = _source_of(layout)
    customers = [label for label, role in layout.roles.items() if role is Role.CUSTOMER and label in evidence.customer]
    against = 1 - sum(evidence.customer[label] for label in customers)
    tells = evidence.has_openings or evidence.has_voices
    if tells and against >= policy.contradiction_confidence:
        roles, confidence = _by_evidence(evidence)
        if confidence >= policy.override_confidence:
            return RoleAssignment(roles, "opening_phrase", None, confidence, True, roles)
        why = CONTRADICTED if evidence.has_openings else CONTRADICTED_BY_VOICE
        return RoleAssignment({}, source, why.format(source=_SOURCES[source]), 1 - against, True, roles)
    # Talk pattern alone is no reason to doubt a record: it only moves what words leave open.
    odds = math.log(policy.map_right_share / (1 - policy.map_right_share))
    heard = math.log((1 - against) / against) if tells else max(0.0, math.log((1 - against) / against))
    confidence = 1 / (1 + math.exp(-odds - heard))
    if confidence < policy.minimum_confidence:
        return RoleAssignment({}, source, NOT_SURE, confidence, False, layout.roles)
    return RoleAssignment(layout.roles, source, None, confidence, False, layout.roles)


def _source_of(layout: Layout) -> Literal["call_record", "settings"]:
    return "call_record" if layout.source == "call_record" else "settings"


def _by_evidence(evidence: Evidence) -> tuple[dict[str, Role], float]:
    """The most probable roles, and how probable they are."""
    customer = max(evidence.customer, key=lambda label: evidence.customer[label])
    others = [label for label in evidence.customer if label != customer]
    first_agent = max(others, key=lambda label: evidence.leanings[label])
    base = evidence.leanings[customer]
    roles = {
        label: Role.CUSTOMER
        if label == customer
        else Role.AGENT
        if label == first_agent or evidence.leanings[label] - base >= 2 * _AGENT_BY_WORDS
        else Role.UNKNOWN
        for label in evidence.customer
    }
    return roles, evidence.customer[customer]
